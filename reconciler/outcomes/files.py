"""What `pull`, `init` and `lint` end in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.errors import Problem
from reconciler.lint.model import Remark, Severity
from reconciler.lint.settings import LintException
from reconciler.model.object_id import ObjectId
from reconciler.model.quarantine import Quarantine


class GapKind(StrEnum):
    """Why a file does not mean what live is, although it was written from it."""

    NO_DEFAULT = "no-default"  # columns without any default: no CREATE TABLE says that
    NOT_TAKEN = "not-taken"  # the definition is refused today, by the server or by a rule of files
    READ_OTHERWISE = "read-otherwise"  # the server reads another table in it


@dataclass(frozen=True, slots=True, kw_only=True)
class FileGap:
    """A table that its file cannot say, or not yet. `columns` are those of NO_DEFAULT, `problem` is
    that of NOT_TAKEN, `live` and `read_back` are the definitions of READ_OTHERWISE."""

    kind: GapKind
    table: str
    path: str
    columns: tuple[str, ...] = ()
    problem: Problem | None = None
    live: str = ""
    read_back: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullOutcome:
    """`source` is the shard the files were taken from, `alike` those equal to it, `others` the
    rest: a plan will say what they need. Paths are relative to the repository; `spec` is the one
    of them that `init` wrote beside the files. `gaps` are the tables whose files do not mean what
    live is: every other file was read back and does."""

    environment: str
    keyspace: str
    source: str
    alike: tuple[str, ...]
    others: tuple[str, ...]
    written: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    gaps: tuple[FileGap, ...] = ()
    spec: str | None = None
    quarantine: tuple[Quarantine, ...] = ()  # nobody looked at these shards
    unmanaged: tuple[ObjectId, ...] = ()  # programs of the source that the spec leaves alone


@dataclass(frozen=True, slots=True, kw_only=True)
class LintOutcome:
    """What is wrong in the files of one keyspace, without a look at any server. Rules were put to
    `looked_at` of its tables, which are fewer than `tables` where only what changed is looked at;
    `remarks` are what they say, less what the `baseline` has `listed` and the spec `excepted`;
    `unused` exceptions are for nothing."""

    keyspace: str
    tables: int
    problems: tuple[Problem, ...] = ()
    looked_at: int = 0
    remarks: tuple[Remark, ...] = ()
    listed: tuple[Remark, ...] = ()
    excepted: tuple[Remark, ...] = ()
    unused: tuple[LintException, ...] = ()
    baseline: str | None = None

    @property
    def has_failed(self) -> bool:
        return bool(self.problems) or any(
            remark.severity is Severity.ERROR for remark in self.remarks
        )
