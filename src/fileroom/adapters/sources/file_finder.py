"""Files by path: the named ones, and what folders hold."""

from collections.abc import Iterator
from pathlib import Path

from fileroom.adapters.sources.directory import EntryKind, list_folder
from fileroom.adapters.sources.single_file import check_exists
from fileroom.application.ports.file_finder import FileFinder, FoundFile
from fileroom.application.ports.import_source import Refusal, RefusalKind


class FilesystemFileFinder(FileFinder):
    """Walks folders in the order of the names."""

    def find(self, path: Path, *, recursive: bool) -> Iterator[FoundFile | Refusal]:
        """Yield regular files; the named path itself may be a symbolic link."""
        check_exists(path)
        return self._find(path, recursive=recursive)

    def _find(self, path: Path, *, recursive: bool) -> Iterator[FoundFile | Refusal]:
        if not path.is_dir():
            yield FoundFile(path=path, relative=Path(path.name), is_named=True)
        elif recursive:
            yield from self._walk(path)
        else:
            why = "it is a folder: add --recursive for what it holds"
            yield Refusal(name=str(path), kind=RefusalKind.SKIPPED, why=why)

    def _walk(self, root: Path) -> Iterator[FoundFile | Refusal]:
        stack = [list_folder(root)]
        while stack:
            found = next(stack[-1], None)
            if found is None:
                stack.pop()
            elif isinstance(found, Refusal):
                yield found
            elif found[1] is EntryKind.FOLDER:
                stack.append(list_folder(found[0]))
            elif found[1] is EntryKind.FILE:
                yield FoundFile(path=found[0], relative=found[0].relative_to(root), is_named=False)
