"""A tree with edits on top of it that nobody has committed yet: read as one, and told apart."""

from __future__ import annotations

from reconciler.errors import InvalidInput
from reconciler.spec.tree import Entry, EntryKind, FileTree, has_file, missing_file, too_large


class EditedTree:
    """`FileTree` and `FileWriter`. A path goes by one spelling, as all of the project's do."""

    def __init__(self, below: FileTree) -> None:
        self._below = below
        self.written: dict[str, bytes] = {}
        self.removed: set[str] = set()

    def write(self, path: str, content: bytes) -> None:
        self.written[path] = content
        self.removed.discard(path)

    def remove(self, path: str) -> None:
        self.written.pop(path, None)
        if has_file(self._below, path):
            self.removed.add(path)

    def read(self, path: str, *, bytes_max: int) -> bytes:
        if path in self.removed:
            raise InvalidInput(missing_file(path))
        if path not in self.written:
            return self._below.read(path, bytes_max=bytes_max)
        if len(self.written[path]) > bytes_max:
            raise InvalidInput(too_large(path, bytes_max))
        return self.written[path]

    def list_directory(self, path: str) -> tuple[Entry, ...] | None:
        found = self._below.list_directory(path)
        entries = {
            entry.name: entry for entry in found or () if f"{path}/{entry.name}" not in self.removed
        }
        for name in (one.removeprefix(f"{path}/") for one in self.written if _is_in(one, path)):
            first, is_deeper, _ = name.partition("/")
            kind = EntryKind.DIRECTORY if is_deeper else EntryKind.FILE
            entries[first] = Entry(name=first, kind=kind)
        if found is None and not entries:
            return None
        return tuple(entries[name] for name in sorted(entries))


def _is_in(path: str, folder: str) -> bool:
    return path.startswith(f"{folder}/")
