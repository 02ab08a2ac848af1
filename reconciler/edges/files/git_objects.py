"""Objects of a git repository by their ids: commits, folders, files.

Git is asked for them by a process that stays. What it hands over is believed only if its digest is
the id that was asked for, so that wherever the objects lie (a pack, a loose file, the objects of
another repository that this one borrows from), a commit's id stands for exactly its files. Their
text is foreign, and so are the names in a folder: what no file system could hold refuses.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import subprocess
import threading
import weakref
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from reconciler.edges.files.git_process import GitProcess
from reconciler.edges.files.limits import (
    GIT_ANSWER_S_MAX,
    GIT_COMMIT_BYTES_MAX,
    GIT_TREE_BYTES_MAX,
    GIT_TREES_KEPT,
)
from reconciler.model.git_id import is_git_id

_COMMIT_TREE = re.compile(rb"tree ([0-9a-f]{40}|[0-9a-f]{64})\n")
_MISSING = "git has no such object; is the clone complete?"


class ObjectUnreadable(Exception):
    """No such object, or not one that can be believed; `reason` completes "it cannot be read: "."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ObjectTooLarge(Exception):
    """Over the bound that was given; nothing of it was read."""


class NodeKind(StrEnum):
    """What a name in a folder stands for, by git's modes."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    SUBMODULE = "submodule"
    UNKNOWN = "unknown"


_KIND_OF_MODE = {
    b"100644": NodeKind.FILE,
    b"100755": NodeKind.FILE,
    b"100664": NodeKind.FILE,  # git of 2005 wrote it
    b"40000": NodeKind.DIRECTORY,
    b"120000": NodeKind.LINK,
    b"160000": NodeKind.SUBMODULE,
}


@dataclass(frozen=True, slots=True)
class Node:
    """One entry of a folder. Of a submodule the id is a commit's, of another repository."""

    kind: NodeKind
    id: str


class GitObjects:
    def __init__(self, git: GitProcess) -> None:
        self._git = git
        self._batch: _Batch | None = None
        self._turn = threading.Lock()
        self.folder = lru_cache(maxsize=GIT_TREES_KEPT)(self._folder)

    def file(self, object_id: str, *, bytes_max: int) -> bytes:
        """Raises ObjectUnreadable or ObjectTooLarge."""
        return self._content(object_id, "blob", bytes_max)

    def message(self, commit: str) -> str:
        """Raises as `file`."""
        content = self._content(commit, "commit", GIT_COMMIT_BYTES_MAX)
        return content.partition(b"\n\n")[2].decode(errors="replace")

    def root(self, commit: str) -> str:
        """The id of the commit's own folder. Raises as `file`."""
        found = _COMMIT_TREE.match(self._content(commit, "commit", GIT_COMMIT_BYTES_MAX))
        if found is None:
            raise ObjectUnreadable("it is no commit that git would have made")
        return found[1].decode()

    def _folder(self, object_id: str) -> dict[str, Node]:
        """What is in a folder, by name. Raises as `file`."""
        content = self._content(object_id, "tree", GIT_TREE_BYTES_MAX)
        return _nodes(content, id_bytes=len(object_id) // 2)

    def _content(self, object_id: str, kind: str, bytes_max: int) -> bytes:
        if not is_git_id(object_id):
            raise ObjectUnreadable("it has no id of an object")
        with self._turn:
            if self._batch is None:
                self._batch = _Batch(self._git)
            try:
                content = self._batch.ask(object_id, kind, bytes_max)
            except (ObjectUnreadable, ObjectTooLarge):
                self._batch.end()  # what was not read of an answer is in the way of the next one
                self._batch = None
                raise
        digest = hashlib.sha1 if len(object_id) == 40 else hashlib.sha256
        if digest(b"%s %d\0" % (kind.encode(), len(content)) + content).hexdigest() != object_id:
            raise ObjectUnreadable("its content is not what its id says")
        return content


class _Batch:
    """One `git cat-file --batch`: an id goes in; kind, size and content come out."""

    def __init__(self, git: GitProcess) -> None:
        self._process = git.start("cat-file", "--batch")
        # Killed when nobody holds it any more, at the latest when Python ends.
        self.end = weakref.finalize(self, _end, self._process)

    def ask(self, object_id: str, kind: str, bytes_max: int) -> bytes:
        """Raises ObjectUnreadable or ObjectTooLarge, and is of no use afterwards."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        too_slow = threading.Timer(GIT_ANSWER_S_MAX, self._process.kill)
        too_slow.start()
        try:
            stdin.write(object_id.encode() + b"\n")
            stdin.flush()
            size = _size(stdout.readline(), object_id, kind)
            if size > bytes_max:
                raise ObjectTooLarge
            content = stdout.read(size + 1)
        except OSError:
            raise ObjectUnreadable(_MISSING) from None
        finally:
            too_slow.cancel()
        if len(content) != size + 1:
            raise ObjectUnreadable(_MISSING)
        return content[:-1]


def _size(answer: bytes, object_id: str, kind: str) -> int:
    """From `<id> <kind> <size>`; of what git does not have it says `<id> missing`, or ends."""
    words = answer.decode(errors="replace").split()
    if len(words) != 3 or words[0] != object_id or not words[2].isdecimal():
        raise ObjectUnreadable(_MISSING)
    if words[1] != kind:
        raise ObjectUnreadable(f"it is a {words[1]}, not a {kind}")
    return int(words[2])


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):  # a question that was not sent is not sent now
                stream.close()
    process.wait()


def _nodes(content: bytes, *, id_bytes: int) -> dict[str, Node]:
    """A folder as git stores it: mode, blank, name, NUL, the bytes of an id; and the next."""
    found: dict[str, Node] = {}
    at = 0
    while at < len(content):
        blank = content.find(b" ", at)
        end = content.find(b"\0", blank)
        after = end + 1 + id_bytes
        if blank < 0 or end < 0 or after > len(content):
            raise ObjectUnreadable("it is no folder that git would have made")
        name = content[blank + 1 : end].decode(errors="surrogateescape")
        if name in found or name in ("", ".", "..") or "/" in name:
            raise ObjectUnreadable("it holds a name that no folder can hold, or one name twice")
        kind = _KIND_OF_MODE.get(content[at:blank], NodeKind.UNKNOWN)
        found[name] = Node(kind, content[end + 1 : after].hex())
        at = after
    return found
