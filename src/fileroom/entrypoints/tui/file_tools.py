"""From what was typed to the tools for files, which are those of the command line. Nothing here touches the screen."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fileroom.domain.errors import InvalidInput
from fileroom.entrypoints.report import Report, Status
from fileroom.entrypoints.requests import selection_of
from fileroom.entrypoints.tui.file_commands import SHOWING
from fileroom.entrypoints.tui.language import Typed
from fileroom.entrypoints.tui.levels import UID_KEYS
from fileroom.entrypoints.tui.screens.completing import path_in
from fileroom.entrypoints.tui.work import TEXT_LINES, TaskText

if TYPE_CHECKING:
    from fileroom.application.file_work import Destination, FileSelection
    from fileroom.application.ports.cancellation import CancelToken
    from fileroom.application.ports.progress import ProgressSink
    from fileroom.domain.query import Selection
    from fileroom.entrypoints.container import Container

BAR_WIDTH: Final = 100
"""Columns of a histogram."""
_RETAINS: Final = (
    "retain_uids", "retain_device", "retain_institution", "retain_patient_characteristics", "retain_safe_private",
    "clean_descriptors", "clean_structured_content", "clean_graphics",
)  # fmt: skip
_RENDERS: Final = (
    "all_frames", "normalize", "disable_modality_lut", "disable_voi_lut", "force_8bit", "force_16bit",
)  # fmt: skip


_CUT: Final = (
    f"only the first {TEXT_LINES} lines are here, and nothing beyond was read; the command line shows all"
)


class _TextIsFullError(Exception):
    """There is more to show than is kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FileToolRun:
    """One tool at work."""

    container: "Container"
    typed: Typed
    text: TaskText
    """Takes what the tool shows line by line."""
    progress: "ProgressSink"
    cancel: "CancelToken"

    def find_files(self) -> "FileSelection":
        """Return what to work on; looks for the files of what is here.

        Raises:
            NotFound: nothing is here by a UID.
            InvalidInput: the store does not keep objects in files, or a path cannot be one.
        """
        from fileroom.application.file_work import FileSelection
        from fileroom.entrypoints.operations.files import stored_files

        selection = selection_in(self.typed)
        paths = paths_in(self.typed) if selection is None else stored_files(self.container, selection)
        return FileSelection(
            paths=paths, recursive=self.typed.flag("recursive"), jobs=self.typed.number("jobs")
        )

    def destination(self) -> "Destination":
        """Return where results go.

        Raises:
            InvalidInput: that is inside the store.
        """
        from fileroom.entrypoints.operations.files import destination

        return destination(
            self.container, self.path("output"), self.path("output_dir"), force=self.typed.flag("force")
        )

    def path(self, key: str) -> Path | None:
        """Return a path."""
        text = self.typed.get(key)
        return path_in(text) if text else None

    def do(self) -> Report:
        """Do it.

        Raises:
            FileroomError: nothing was done.
        """
        return _TOOLS[self.typed.name](self)


def selection_in(typed: Typed) -> "Selection | None":
    """Return the objects that are here whose UIDs were typed; None where none were.

    Raises:
        InvalidInput: paths were typed, too, or UIDs of two levels.
    """
    given = {level: uids for level, key in UID_KEYS.items() if (uids := typed.get(key))}
    if not given:
        return None
    if len(given) > 1 or typed.all("path"):
        raise InvalidInput(
            "name either files or objects that are here, of one level", hint="use one of the keys"
        )
    ((level, uids),) = given.items()
    return selection_of(level, uids.split(","))


def check_results(typed: Typed) -> None:
    """Look whether it was said where results go.

    Raises:
        InvalidInput: it was not, and the tool makes files.
    """
    if typed.name not in SHOWING and not (typed.get("output") or typed.get("output_dir")):
        raise InvalidInput(
            f"{typed.name} does not know where its results go",
            hint="use output_dir=, or output= for one file",
        )


def paths_in(typed: Typed) -> tuple[Path, ...]:
    """Return the paths that were typed.

    Raises:
        InvalidInput: one cannot be a path.
    """
    return tuple(map(path_in, typed.all("path")))


def _info(run: FileToolRun) -> Report:
    from fileroom.entrypoints.operations.describing import describe

    return describe(
        run.container,
        run.find_files(),
        verbose=run.typed.flag("verbose"),
        progress=run.progress,
        cancel=run.cancel,
    )


def _dump(run: FileToolRun) -> Report:
    from fileroom.entrypoints.operations.dumping import dump

    def write(lines: Iterator[str]) -> None:
        run.text.take(lines)
        if run.text.is_full:
            raise _TextIsFullError

    try:
        return dump(
            run.container,
            run.find_files(),
            write,
            max_depth=run.typed.number("max_depth"),
            max_value_len=run.typed.number("max_value_len"),
            ends=(_TextIsFullError,),
            progress=run.progress,
            cancel=run.cancel,
        )
    except _TextIsFullError:
        return Report(status=Status.PARTIAL, show=lambda output: output.note(_CUT))


def _validate(run: FileToolRun) -> Report:
    from fileroom.entrypoints.operations.validating import validate

    return validate(run.container, run.find_files(), progress=run.progress, cancel=run.cancel)


def _stats(run: FileToolRun) -> Report:
    from fileroom.entrypoints.operations.measuring import measure

    return measure(run.container, run.find_files(), progress=run.progress, cancel=run.cancel)


def _histogram(run: FileToolRun) -> Report:
    from fileroom.domain.pixel_values import DEFAULT_BINS
    from fileroom.entrypoints.operations.measuring import block_bar, count

    return count(
        run.container,
        run.find_files(),
        bins=run.typed.number("bins") or DEFAULT_BINS,
        width=BAR_WIDTH,
        bar=block_bar,
        progress=run.progress,
        cancel=run.cancel,
    )


def _to_image(run: FileToolRun) -> Report:
    from fileroom.domain.rendering import ImageFormat
    from fileroom.entrypoints.operations.rendering import render

    given = run.typed.get("format")
    return render(
        run.container,
        run.find_files(),
        run.destination(),
        image_format=ImageFormat(given) if given else None,
        frame=run.typed.number("frame"),
        window_center=run.typed.decimal("window_center"),
        window_width=run.typed.decimal("window_width"),
        quality=run.typed.number("quality"),
        **{key: run.typed.flag(key) for key in _RENDERS},
        progress=run.progress,
        cancel=run.cancel,
    )


def _to_json(run: FileToolRun) -> Report:
    from fileroom.application.ports.json_converter import BULK_THRESHOLD
    from fileroom.entrypoints.operations.json_writing import to_json

    return to_json(
        run.container,
        run.find_files(),
        run.destination(),
        bulk_dir=run.path("bulk_dir"),
        bulk_threshold=run.typed.number("bulk_threshold") or BULK_THRESHOLD,
        pretty=run.typed.flag("pretty"),
        progress=run.progress,
        cancel=run.cancel,
    )


def _from_json(run: FileToolRun) -> Report:
    from fileroom.entrypoints.operations.json_reading import from_json

    return from_json(
        run.container,
        run.find_files(),
        run.destination(),
        bulk_dir=run.path("bulk_dir"),
        progress=run.progress,
        cancel=run.cancel,
    )


def _transcode(run: FileToolRun) -> Report:
    from fileroom.entrypoints.operations.transcoding import transcode

    return transcode(
        run.container,
        run.find_files(),
        run.destination(),
        transfer_syntax=run.typed.get("transfer_syntax") or "",
        ratio=run.typed.decimal("ratio"),
        quality=run.typed.decimal("quality"),
        near=run.typed.number("near"),
        progress=run.progress,
        cancel=run.cancel,
    )


def _anonymize(run: FileToolRun) -> Report:
    from fileroom.domain.confidentiality.options import ProfileOptions, Temporal
    from fileroom.entrypoints.operations.anonymizing import anonymize

    kept = run.typed.get("retain_longitudinal")
    return anonymize(
        run.container,
        run.find_files(),
        run.destination(),
        options=ProfileOptions(
            temporal=Temporal(kept) if kept else Temporal.REMOVED,
            **{key: run.typed.flag(key) for key in _RETAINS},
        ),
        key=run.path("key"),
        rules=run.path("rules"),
        patient_id=run.typed.get("patient_id"),
        patient_name=run.typed.get("patient_name") or "",
        progress=run.progress,
        cancel=run.cancel,
    )


_TOOLS: Final[dict[str, Callable[[FileToolRun], Report]]] = {
    "info": _info,
    "dump": _dump,
    "validate": _validate,
    "stats": _stats,
    "histogram": _histogram,
    "to-image": _to_image,
    "to-json": _to_json,
    "from-json": _from_json,
    "transcode": _transcode,
    "anonymize": _anonymize,
}
