"""A whole object in another transfer syntax: its pixels, and what it has to say of them."""

from collections.abc import Callable

from fileroom.adapters.files.transcoding.engine import PixelChange, PixelLimits, change_pixels
from fileroom.adapters.files.transcoding.spool import Spool
from fileroom.adapters.files.tree import Tree
from fileroom.domain.pixel_target import PixelTarget
from fileroom.domain.transfer_syntaxes import transfer_syntax


def transcode_tree(
    tree: Tree,
    target: PixelTarget,
    spool: Spool,
    *,
    new_uid: Callable[[], str],
    limits: PixelLimits | None = None,
) -> PixelChange:
    """Make a tree an object of another transfer syntax, ready for `file_parts`; with loss it is a new object.

    Raises:
        FileroomError: as `change_pixels`.
    """
    was = transfer_syntax(tree.transfer_syntax_uid)
    change = change_pixels(tree, target, spool, limits)
    if not change.frames:
        return change
    from fileroom.adapters.files.transcoding.lossy import mark_as_derived, remember_loss

    if was.is_lossless is False:
        remember_loss(tree.root, was.uid, ratio=change.native_bytes / max(change.source_bytes, 1))
    if target.is_lossy:
        ratio = change.native_bytes / max(change.target_bytes, 1)
        mark_as_derived(tree, target, ratio=ratio, sop_instance_uid=new_uid())
    return change
