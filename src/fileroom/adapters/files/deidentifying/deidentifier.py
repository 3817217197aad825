"""De-identifies files: the profile applied, the object marked, and what is left looked through."""

from pathlib import Path
from typing import Final

from fileroom.adapters.files.deidentifying.applying import Applier
from fileroom.adapters.files.deidentifying.checking import Checker
from fileroom.adapters.files.deidentifying.collecting import Collector
from fileroom.adapters.files.deidentifying.marking import mark
from fileroom.adapters.files.deidentifying.patient import pseudonymity
from fileroom.adapters.files.file_format import MEDIA_STORAGE_DIRECTORY
from fileroom.adapters.files.tree import Item, Tree, open_tree, text_value
from fileroom.adapters.files.tree_writing import SOP_CLASS_UID, SOP_INSTANCE_UID, file_parts, uid_in
from fileroom.adapters.files.whole_file import write_whole
from fileroom.application.ports.deidentifier import Deidentified, Deidentifier, Residue
from fileroom.domain.confidentiality.markers import pixel_warnings
from fileroom.domain.confidentiality.plan import DeidentificationPlan
from fileroom.domain.errors import NotDicom

_DIRECTORY_ENTRIES: Final = 0x00041220
_MODALITY: Final = 0x00080060
_BURNED_IN: Final = 0x00280301
_RECOGNIZABLE: Final = 0x00280302
_PIXEL_DATA: Final = (0x7FE00010, 0x7FE00008, 0x7FE00009, 0x7FE00001)
_SECONDARY_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"


class TreeDeidentifier(Deidentifier):
    """Applies the profile to trees of elements; pixels and other large values go from file to file as they are."""

    def deidentify(self, source: Path, output: Path, plan: DeidentificationPlan) -> Deidentified:
        """Write a file's object without what identifies anybody.

        Raises:
            NotFound: there is no such file.
            Unreadable: it cannot be read.
            InvalidDicom: it is damaged, or (NotDicom) no DICOM file, or a DICOMDIR.
            InvalidInput: a value that was given cannot be written in its place.
            StorageError: the output cannot be written.
        """
        with open_tree(source) as tree:
            _refuse_directory(tree)
            work = _Work(tree, plan)
            size = write_whole(output, file_parts(tree))
            return work.result(output, size)


class _Work:
    """One object, done at construction."""

    def __init__(self, tree: Tree, plan: DeidentificationPlan) -> None:
        collector = Collector(plan)
        collector.collect(tree)
        self._identifiers = collector.identifiers
        self._applier = Applier(tree, plan, pseudonymity(tree, plan), collector.identifiers)
        self._applier.apply()
        self._exceptions = tuple(self._applier.exceptions)
        ours = mark(tree, plan.options, self._exceptions) | self._applier.ours
        checker = Checker(plan.key, collector, ours, self._applier.kept_by_rule)
        checker.check(tree)
        self._residues: tuple[Residue, ...] = tuple(checker.residues)
        self._tree = tree

    def result(self, output: Path, size: int) -> Deidentified:
        """Tell what was done."""
        counts = self._applier.counts
        warnings = [*self._applier.warnings, *_of_pixels(self._tree)]
        if any(self._identifiers.found_in(part) for part in output.parts):
            warnings.append("the name of the file or of its folder holds an identifying value")
        return Deidentified(
            sop_instance_uid=uid_in(self._tree.root, SOP_INSTANCE_UID),
            removed=counts["removed"],
            emptied=counts["emptied"],
            replaced=counts["replaced"],
            uids=counts["uids"],
            shifted=counts["shifted"],
            cleaned=counts["cleaned"],
            size=size,
            residues=self._residues,
            warnings=tuple(warnings),
            claims_profile=not self._exceptions,
        )


def _refuse_directory(tree: Tree) -> None:
    is_directory = any(
        element.tag == 0x00020002 and MEDIA_STORAGE_DIRECTORY.encode() in bytes(element.value)
        for element in tree.meta
        if isinstance(element.value, bytes)
    )
    if is_directory or tree.root.find(_DIRECTORY_ENTRIES) is not None:
        raise NotDicom(
            "a DICOMDIR, not an object: it tells of other files",
            hint="anonymize the files that it lists, and make a new DICOMDIR for the results",
        )


def _of_pixels(tree: Tree) -> tuple[str, ...]:
    root = tree.root
    return pixel_warnings(
        has_pixels=any(root.find(tag) is not None for tag in _PIXEL_DATA),
        modality=_code(root, _MODALITY),
        burned_in=_code(root, _BURNED_IN),
        recognizable=_code(root, _RECOGNIZABLE),
        is_secondary_capture=uid_in(root, SOP_CLASS_UID).startswith(_SECONDARY_CAPTURE),
    )


def _code(item: Item, tag: int) -> str:
    found = item.find(tag)
    return text_value(found, (), max_bytes=64).strip(" \0") if found and found.items is None else ""
