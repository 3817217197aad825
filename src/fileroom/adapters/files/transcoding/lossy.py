"""What an object has to say of itself when its pixels have been changed (PS3.3 C.7.6.1.1.5, C.12.4)."""

from typing import Final

from fileroom.adapters.files.pixels.attributes import texts
from fileroom.adapters.files.structure import EXPLICIT_LITTLE
from fileroom.adapters.files.tree import Element, Item, Tree, value_bytes
from fileroom.adapters.files.tree_writing import SOP_CLASS_UID, SOP_INSTANCE_UID, new_element, put, uid_in
from fileroom.domain.pixel_target import METHODS, PixelTarget
from fileroom.domain.transfer_syntaxes import transfer_syntax

IMAGE_TYPE: Final = 0x00080008
FRAME_TYPE: Final = 0x00089007
DERIVATION_DESCRIPTION: Final = 0x00082111
SOURCE_IMAGES: Final = 0x00082112
DERIVATION_CODES: Final = 0x00089215
LOSSY: Final = 0x00282110
LOSSY_RATIO: Final = 0x00282112
LOSSY_METHOD: Final = 0x00282114
_REFERENCED_CLASS: Final = 0x00081150
_REFERENCED_INSTANCE: Final = 0x00081155
_CODE_VALUE: Final = 0x00080100
_CODING_SCHEME: Final = 0x00080102
_CODE_MEANING: Final = 0x00080104
_PURPOSES: Final = 0x0040A170
_LONGEST_DESCRIPTION: Final = 1024

Code = tuple[str, str]
LOSSY_COMPRESSION: Final[Code] = ("113040", "Lossy Compression")
UNCOMPRESSED_PREDECESSOR: Final[Code] = ("121320", "Uncompressed predecessor")
SOURCE_IMAGE: Final[Code] = ("121322", "Source image for image processing operation")

_METHODS: Final = METHODS | dict.fromkeys(
    (f"1.2.840.10008.1.2.4.{number}" for number in range(50, 57)), "ISO_10918_1"
)


def mark_as_derived(tree: Tree, target: PixelTarget, *, ratio: float, sop_instance_uid: str) -> None:
    """Say that pixels were packed with loss: by what, how much, of which object; it is a new object from now on."""
    root = tree.root
    was_lossy = "01" in texts(root, LOSSY)
    _append_item(
        root,
        SOURCE_IMAGES,
        _source_image(root, SOURCE_IMAGE if was_lossy else UNCOMPRESSED_PREDECESSOR),
    )
    _append_item(root, DERIVATION_CODES, _code(LOSSY_COMPRESSION))
    name = transfer_syntax(target.transfer_syntax_uid).name
    _describe(root, f"Lossy compression: {name}, {ratio:.4g}:1")
    _mark(root, _METHODS[target.transfer_syntax_uid], ratio)
    for item, element, depth in list(tree.walk()):
        if (element.tag == IMAGE_TYPE and not depth) or element.tag == FRAME_TYPE:
            _name_derived(item, element)
    if root.find(IMAGE_TYPE) is None:
        put(root, new_element(IMAGE_TYPE, rb"DERIVED\PRIMARY", b"CS"))
    put(root, new_element(SOP_INSTANCE_UID, sop_instance_uid.encode("ascii"), b"UI"))


def remember_loss(root: Item, transfer_syntax_uid: str, *, ratio: float) -> None:
    """Say of pixels that come from a lossy transfer syntax that they do, where nothing but that said so."""
    method = _METHODS.get(transfer_syntax_uid)
    if method is not None and "01" not in texts(root, LOSSY):
        _mark(root, method, ratio)


def _mark(root: Item, method: str, ratio: float) -> None:
    put(root, new_element(LOSSY, b"01", b"CS"))
    for tag, vr, value in ((LOSSY_RATIO, b"DS", f"{ratio:.6g}"), (LOSSY_METHOD, b"CS", method)):
        values = [*texts(root, tag), value]
        put(root, new_element(tag, "\\".join(values).encode("ascii", "replace"), vr))


def _describe(root: Item, sentence: str) -> None:
    """Add a sentence to the description; where both do not fit, codes, ratio and method say it all the same."""
    before = root.find(DERIVATION_DESCRIPTION)
    text = value_bytes(before.value).rstrip(b" \0") if before is not None and before.items is None else b""
    text = text + b"; " + sentence.encode("ascii") if text else sentence.encode("ascii")
    if len(text) <= _LONGEST_DESCRIPTION:
        put(root, new_element(DERIVATION_DESCRIPTION, text, b"ST"))


def _name_derived(item: Item, element: Element) -> None:
    values = value_bytes(element.value).split(b"\\") if element.items is None else []
    if values and values[0].strip(b" \0") == b"ORIGINAL":
        values[0] = b"DERIVED"
        put(item, new_element(element.tag, b"\\".join(values).rstrip(b" \0"), b"CS"))
    elif not values or not values[0].strip(b" \0"):
        put(item, new_element(element.tag, b"\\".join([b"DERIVED", *(values[1:] or [b"PRIMARY"])]), b"CS"))


def _source_image(root: Item, purpose: Code) -> Item:
    item = Item(encoding=root.encoding)
    for tag, of in ((_REFERENCED_CLASS, SOP_CLASS_UID), (_REFERENCED_INSTANCE, SOP_INSTANCE_UID)):
        item.append(new_element(tag, uid_in(root, of).encode("ascii", "replace"), b"UI"))
    _append_item(item, _PURPOSES, _code(purpose))
    return item


def _code(code: Code) -> Item:
    item = Item(encoding=EXPLICIT_LITTLE)
    for tag, vr, value in (
        (_CODE_VALUE, b"SH", code[0]),
        (_CODING_SCHEME, b"SH", "DCM"),
        (_CODE_MEANING, b"LO", code[1]),
    ):
        item.append(new_element(tag, value.encode("ascii"), vr))
    return item


def _append_item(root: Item, tag: int, item: Item) -> None:
    before = root.find(tag)
    if before is not None and before.items is not None:
        before.items.append(item)
    else:
        put(root, Element(tag, b"SQ", items=[item], written_vr=b"SQ"))
