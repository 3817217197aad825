"""Transcodes files by way of their tree."""

from pathlib import Path

from fileroom.adapters.files.transcoding.engine import PixelChange, PixelLimits
from fileroom.adapters.files.transcoding.spool import Spool
from fileroom.adapters.files.transcoding.whole import transcode_tree
from fileroom.adapters.files.tree import open_tree
from fileroom.adapters.files.tree_writing import SOP_INSTANCE_UID, file_parts, uid_in
from fileroom.adapters.files.whole_file import whole_file
from fileroom.application.ports.file_transcoder import FileTranscoder, TranscodedFile
from fileroom.application.ports.uid_source import UidSource
from fileroom.domain.pixel_target import PixelTarget
from fileroom.domain.transfer_syntaxes import transfer_syntax


class TreeFileTranscoder(FileTranscoder):
    """Transcodes one file at a time; what it holds in memory is a frame."""

    def __init__(self, *, uids: UidSource, limits: PixelLimits | None = None) -> None:
        """Name new objects by `uids`."""
        self._uids = uids
        self._limits = limits

    def transcode(self, source: Path, output: Path, target: PixelTarget) -> TranscodedFile:
        """Read the tree, change its pixels beside the output, and write it."""
        with open_tree(source, directories=False) as tree:
            before = tree.transfer_syntax_uid, uid_in(tree.root, SOP_INSTANCE_UID)
            with whole_file(output) as stream, Spool(output.parent) as spool:
                change = transcode_tree(tree, target, spool, new_uid=self._uids.new, limits=self._limits)
                size = 0
                for part in file_parts(tree, target.transfer_syntax_uid):
                    stream.write(part)
                    size += len(part)
            return _told(target, change, before, uid_in(tree.root, SOP_INSTANCE_UID), (tree.file_size, size))


def _told(
    target: PixelTarget, change: PixelChange, before: tuple[str, str], after: str, sizes: tuple[int, int]
) -> TranscodedFile:
    syntax_uid, sop_instance_uid = before
    is_packed = transfer_syntax(target.transfer_syntax_uid).is_encapsulated and change.frames
    return TranscodedFile(
        source_transfer_syntax_uid=syntax_uid,
        transfer_syntax_uid=target.transfer_syntax_uid,
        source_sop_instance_uid=sop_instance_uid,
        sop_instance_uid=after,
        frames=change.frames,
        lossless=not target.is_lossy or not change.frames,
        pixels_identical=change.identical,
        max_difference=change.max_difference or None,
        compression_ratio=round(change.native_bytes / change.target_bytes, 3)
        if is_packed and change.target_bytes
        else None,
        source_bytes=sizes[0],
        output_bytes=sizes[1],
    )
