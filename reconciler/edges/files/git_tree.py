"""Files as a commit has them; the working tree, dirty or not, plays no part."""

from __future__ import annotations

from reconciler.edges.files.git_objects import (
    GitObjects,
    Node,
    NodeKind,
    ObjectTooLarge,
    ObjectUnreadable,
)
from reconciler.errors import InvalidInput, Refused
from reconciler.spec.tree import (
    Entry,
    EntryKind,
    missing_file,
    names_of,
    path_is_a_link,
    too_large,
    unreadable,
)

_KINDS = {
    NodeKind.FILE: EntryKind.FILE,
    NodeKind.DIRECTORY: EntryKind.DIRECTORY,
    NodeKind.LINK: EntryKind.LINK,
    NodeKind.SUBMODULE: EntryKind.OTHER,
    NodeKind.UNKNOWN: EntryKind.OTHER,
}


class GitTree:
    """`FileTree` of a commit, from the folder `below` on."""

    def __init__(self, objects: GitObjects, commit: str, *, below: str = "") -> None:
        self._objects = objects
        self._commit = commit
        self._below = below

    def list_directory(self, path: str) -> tuple[Entry, ...] | None:
        found = self._find(path)
        if found is None:
            return None
        if found.kind is NodeKind.LINK:
            raise Refused(path_is_a_link(path))
        if found.kind is not NodeKind.DIRECTORY:
            raise Refused(unreadable(path, "it is not a directory"))
        children = self._children(found, path)
        entries = (Entry(name=name, kind=_KINDS[child.kind]) for name, child in children.items())
        return tuple(sorted(entries, key=lambda entry: entry.name))

    def read(self, path: str, *, bytes_max: int) -> bytes:
        found = self._find(path)
        if found is None:
            raise InvalidInput(missing_file(path))
        if found.kind is NodeKind.LINK:
            raise Refused(path_is_a_link(path))
        if found.kind is not NodeKind.FILE:
            raise Refused(unreadable(path, "it is not a regular file"))
        try:
            return self._objects.file(found.id, bytes_max=bytes_max)
        except ObjectTooLarge:
            raise InvalidInput(too_large(path, bytes_max)) from None
        except ObjectUnreadable as error:
            raise Refused(unreadable(path, error.reason)) from None

    def nodes(self, path: str) -> dict[str, Node]:
        """What is in a folder, by name; nothing if there is none. Raises Refused as `read`."""
        found = self._find(path)
        if found is None or found.kind is not NodeKind.DIRECTORY:
            return {}
        return self._children(found, path)

    def file_id(self, path: str) -> str | None:
        """The id of a regular file's content; None if there is none, or a link in its place. Raises
        Refused for a link on the way."""
        found = self._find(path)
        return found.id if found is not None and found.kind is NodeKind.FILE else None

    def _find(self, path: str) -> Node | None:
        """What is at `path`; only its last name may be a link."""
        names = names_of(path)
        root = self._at(self._root(path), names_of(self._below), path)
        if root is None:
            raise Refused(unreadable(path, f"commit {self._commit[:12]} has no {self._below}"))
        return self._at(root, names, path)

    def _at(self, start: Node, names: tuple[str, ...], path: str) -> Node | None:
        at = start
        for depth, name in enumerate(names):
            on_the_way = "/".join(names[:depth]) or self._below
            match at.kind:
                case NodeKind.DIRECTORY:
                    child = self._children(at, path).get(name)
                case NodeKind.LINK:
                    raise Refused(path_is_a_link(path, on_the_way))
                case NodeKind.SUBMODULE:
                    raise Refused(unreadable(path, f"{on_the_way} is another repository"))
                case _:
                    return None
            if child is None:
                return None
            at = child
        return at

    def _root(self, path: str) -> Node:
        try:
            return Node(NodeKind.DIRECTORY, self._objects.root(self._commit))
        except (ObjectUnreadable, ObjectTooLarge):
            reason = f"commit {self._commit[:12]} has no tree that can be read"
            raise Refused(unreadable(path, reason)) from None

    def _children(self, folder: Node, path: str) -> dict[str, Node]:
        try:
            return self._objects.folder(folder.id)
        except ObjectUnreadable as error:
            raise Refused(unreadable(path, error.reason)) from None
        except ObjectTooLarge:
            raise Refused(
                unreadable(path, "its folder holds more names than any of files")
            ) from None
