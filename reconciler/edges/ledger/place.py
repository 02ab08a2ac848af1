"""Where a ledger that is a file may lie: where no commit can have put it.

A gate is open, a soak is over and a failure is accepted because the ledger says so. A ledger that
came with the checkout says what whoever could push wrote into it; so would one that a link of the
checkout leads to (GT-5).
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from reconciler.edges.files.git_tree import GitTree
from reconciler.edges.files.repository import open_repository
from reconciler.edges.ledger.address import bad_address, is_relative_file, parse_address
from reconciler.errors import InvalidInput, Problem, Refused

LEDGER_FILE = Path(".reconciler") / "ledger.sqlite"

# SQLite reads them together with the file they are named after.
_WITH_IT = ("", "-wal", "-shm", "-journal")


def default_file(root: Path) -> Path:
    """On a machine of a person's own: in the project, so that it is found again."""
    return root / LEDGER_FILE


def job_file(root: Path, environ: Mapping[str, str], until: ExitStack) -> Path:
    """In a job: outside of the checkout, whose files are what was pushed. It ends with the job, or,
    where the runner says no place for what is temporary, with `until`."""
    place = environ.get("RUNNER_TEMP")
    if not place:
        place = until.enter_context(tempfile.TemporaryDirectory(prefix="reconciler-"))
    project = hashlib.sha256(str(root).encode()).hexdigest()[:16]
    return Path(place) / "reconciler-ledger" / project / LEDGER_FILE.name


def file_of(address: str) -> Path | None:
    """The file that a complete address names; None for a server, or for a ledger that lives in
    memory. Raises InvalidInput for an address with options: SQLite's can lead to another file."""
    url = parse_address(address)
    if url.get_backend_name() != "sqlite":
        return None
    if url.query or url.host or (url.database or "").startswith("file:"):
        raise bad_address()
    in_memory = url.database in (None, "", ":memory:")
    return None if in_memory else Path(url.database or "").absolute()


def check_address(address: str) -> None:
    """In a job. Raises Refused for a file below the project: there that is the checkout, where
    files are what was pushed, and from which nothing is kept when the job has ended."""
    if is_relative_file(address):
        raise Refused(_relative())


def check_file(file: Path, root: Path) -> None:
    """Raises Refused for a file that git tracks at HEAD, or that a link within the repository leads
    to. Without a repository, nothing can have come by one."""
    try:
        repository = open_repository(root)
    except InvalidInput:
        return
    top = repository.top.resolve()
    try:
        if any(_is_link_inside(place, top) for place in (file, *file.parents)):
            raise Refused(_linked())
        real = file.resolve()
    except (OSError, RuntimeError):  # links in a circle: RuntimeError until Python 3.12
        raise Refused(_linked()) from None
    if not real.is_relative_to(top):
        return
    head = repository.resolve("HEAD")
    assert head is not None, "a repository without commits is none"
    if _is_tracked(GitTree(repository.objects, head), real.relative_to(top)):
        raise Refused(_tracked())


def _is_link_inside(place: Path, top: Path) -> bool:
    """What leads to the repository from outside is its owner's own."""
    return place.is_symlink() and place.parent.resolve().is_relative_to(top)


def _is_tracked(tree: GitTree, path: Path) -> bool:
    folder = path.parent.as_posix()
    try:
        entries = tree.list_directory("" if folder == "." else folder) or ()
    except Refused:  # a link, a file or a submodule stands in the place of a folder
        return True
    names = {entry.name for entry in entries}
    return any(path.name + suffix in names for suffix in _WITH_IT)


def _tracked() -> Problem:
    return Problem(
        code="ledger-in-git",
        message="the ledger is a file that git tracks: whoever may push can have opened gates in"
        " it",
        recovery="take it out of git (`git rm --cached`), delete the file, and keep it ignored; or"
        " give `ledger` a place outside of the repository",
    )


def _relative() -> Problem:
    return Problem(
        code="ledger-relative",
        message="`ledger` is a file below the project, and in a job that is the checkout: whoever"
        " may push could put it there, and it ends with the job",
        recovery="leave `ledger` out, give it an absolute path outside of the checkout, or a"
        " mysql:// address that all jobs reach",
    )


def _linked() -> Problem:
    return Problem(
        code="ledger-is-a-link",
        message="a link of the repository leads to the ledger: whoever may push can lead it to"
        " another one, with gates that nobody opened",
        recovery="remove the link, and give `ledger` the place itself",
    )
