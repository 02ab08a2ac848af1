"""What a pull request's approvals are for: a plan, or one file that no plan was made from.

A subject has an id that says exactly what a reader of a commit saw. An approval counts for a
subject only where the approved commit holds the same (RV-2).
"""

from __future__ import annotations

import hashlib
import posixpath
from dataclasses import dataclass
from typing import Protocol, assert_never

from reconciler.errors import InvalidInput, Refused
from reconciler.limits import PLAN_BYTES_MAX, SPEC_BYTES_MAX
from reconciler.plan.codec import load_plan
from reconciler.plan.files import PlanPaths
from reconciler.plan.model import Plan
from reconciler.plan.validate import check_plan
from reconciler.ports.forge import Forge
from reconciler.reshard.plan.check import check_split_plan
from reconciler.reshard.plan.codec import load_split_plan
from reconciler.reshard.plan.model import SplitPlan
from reconciler.spec.text import digest_of, text_of

ABSENT = "no such file"


class Subject(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def named(self) -> str:
        """In words, with the id where people know it by that."""

    @property
    def path(self) -> str:
        """From the root of the repository: the file whose last change brought the subject."""

    @property
    def folders(self) -> frozenset[str]:
        """Where what it is made from lies."""

    def is_made_from(self, path: str) -> bool:
        """Of a path right in one of its folders; also of one that is there no more."""

    def is_watched(self, path: str) -> bool:
        """Whether its code owners watch a path that a pull request changed."""

    def id_at(self, forge: Forge, commit: str) -> str | None:
        """What a commit holds in its place; None if that is nothing that could be approved. Raises
        Refused if it is no file, such as a link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSubject:
    """All paths are from the root of the repository; `definitions` is the folder of those."""

    plan: Plan | SplitPlan
    files: PlanPaths
    inputs: tuple[str, ...]
    spec: str
    definitions: str

    @property
    def id(self) -> str:
        return self.plan.plan_id

    @property
    def named(self) -> str:
        return f"plan {self.plan.plan_id}"

    @property
    def path(self) -> str:
        return self.files.json

    @property
    def folders(self) -> frozenset[str]:
        return frozenset({posixpath.dirname(self.spec), self.definitions})

    def is_made_from(self, path: str) -> bool:
        """Definitions, also those that are none any more; the spec, and its lists of shards, which
        say as well where logins go (GD-18)."""
        is_defined = posixpath.dirname(path) == self.definitions
        return is_defined or path == self.spec or path in self.inputs

    def is_watched(self, path: str) -> bool:
        """By folder: the file of a dropped table is no input any more."""
        folders = {posixpath.dirname(each) for each in (*self.inputs, self.files.json)}
        return posixpath.dirname(path) in folders | {self.definitions}

    def id_at(self, forge: Forge, commit: str) -> str | None:
        """The id of the whole plan that a reader of that commit saw: both files, sound and bound to
        each other. A plan that is not sound has no id to approve."""
        content = forge.file(commit, self.files.json, bytes_max=PLAN_BYTES_MAX)
        readable = forge.file(commit, self.files.sql, bytes_max=PLAN_BYTES_MAX)
        if content is None or readable is None:
            return None
        try:
            return self._sound_id(content, readable.decode())
        except (Refused, UnicodeDecodeError):
            return None

    def _sound_id(self, content: bytes, readable: str) -> str:
        """Of a plan of the same kind. Raises Refused."""
        environment, keyspace = self.plan.core.environment, self.plan.core.keyspace
        match self.plan:
            case Plan():
                plan = load_plan(content, self.files.json)
                check_plan(plan, environment=environment, keyspace=keyspace, readable_sql=readable)
                return plan.plan_id
            case SplitPlan():
                split = load_split_plan(content, self.files.json)
                check_split_plan(
                    split, environment=environment, keyspace=keyspace, readable_sql=readable
                )
                return split.plan_id
            case _:
                assert_never(self.plan)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSubject:
    """One version of a file, by the digest of its text; `ABSENT` where it is the removal that
    somebody approved."""

    path: str
    id: str

    @property
    def named(self) -> str:
        return f"the removal of {self.path}" if self.id == ABSENT else f"{self.path} as it is there"

    @property
    def folders(self) -> frozenset[str]:
        return frozenset({posixpath.dirname(self.path)})

    def is_made_from(self, path: str) -> bool:
        return path == self.path

    def is_watched(self, path: str) -> bool:
        return path == self.path

    def id_at(self, forge: Forge, commit: str) -> str | None:
        content = forge.file(commit, self.path, bytes_max=SPEC_BYTES_MAX)
        return ABSENT if content is None else file_id(content, self.path)


def file_id(content: bytes, path: str) -> str:
    """The same however its lines end."""
    try:
        return f"sha256:{digest_of(text_of(content, path))}"
    except InvalidInput:
        return f"sha256:{hashlib.sha256(content).hexdigest()} (not text)"
