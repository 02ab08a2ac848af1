"""What the protected branch's own line of commits says about the review rule and its owners.

It is read from the clone, from the first commit to the one that is applied. The forge is asked only
where a change lowered something: whether that change was approved as the rule before it asked.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from reconciler.errors import InvalidInput, ReconcilerError
from reconciler.guard.review.code_owners import CODE_OWNERS_PATHS, parse_code_owners
from reconciler.guard.review.in_force import (
    OwnersFile,
    OwnersInForce,
    Ruled,
    Rules,
    RulesInForce,
    owners_in_force,
    strictest,
)
from reconciler.limits import CODE_OWNERS_BYTES_MAX, SPEC_BYTES_MAX
from reconciler.ports.files import MainLine
from reconciler.spec.load import SPECS_DIRECTORY, is_spec_name
from reconciler.spec.model import ReviewRule
from reconciler.spec.read import review_rules
from reconciler.spec.text import text_of
from reconciler.spec.tree import from_the_top

OwnedPaths = tuple[OwnersFile | None, tuple[str, ...]]


class Approved(Protocol):
    def __call__(
        self, commit: str, path: str, rule: ReviewRule, owned: tuple[OwnedPaths, ...]
    ) -> bool:
        """Whether a pull request brought `commit`, and was approved as `rule` asks for what the
        commit made of the file; by owners of the paths, where the rule asks for them."""


class ReviewHistory:
    """Up to `tip`; `below` is where the project lies in the repository."""

    def __init__(self, line: MainLine, tip: str, *, below: str, approved: Approved) -> None:
        self._line, self._approved = line, approved
        self._folder = from_the_top(SPECS_DIRECTORY, below)
        self._paths = (self._folder, *CODE_OWNERS_PATHS)
        self._commits = line.changes(tip, self._paths)
        self._specs = [self._specs_at(commit) for commit in self._commits]
        self._owners = [_find_owners_file(line, commit) for commit in self._commits]
        said = [self._said(change) for change in range(len(self._commits))]
        self._rules = RulesInForce(said, self._met)

    def rule(self, ruled: Ruled) -> ReviewRule:
        """What holds at the tip; of what no spec there says so of itself, the strictest of all."""
        held = self._rules.after(len(self._commits) - 1)
        return held.get(ruled) or strictest(held.values()) or ReviewRule()

    def owners(self, before: str, paths: tuple[str, ...]) -> OwnersInForce:
        """Whose approval the change after `before`, a commit of the line, needs for `paths`."""
        changes = self._line.changes(before, self._paths)
        return self._owners_before(min(len(changes), len(self._commits)), paths)

    def _met(self, change: int, ruled: Ruled, bar: ReviewRule) -> bool:
        owned: tuple[OwnedPaths, ...] = ()
        if bar.code_owners:
            paths = (ruled.spec_path,)
            try:
                versions = self._owners_before(change, paths).versions
            except InvalidInput:  # nobody can tell who had to be asked, so nobody was
                return False
            owned = tuple((version, paths) for version in versions)
        return self._approved(self._commits[change], ruled.spec_path, bar, owned)

    def _owners_before(self, change: int, paths: tuple[str, ...]) -> OwnersInForce:
        if change == 0:
            return OwnersInForce(current=None, approved=None)
        first = change - 1
        while first > 0 and self._asks_for_owners(first - 1):
            first -= 1
        changes = [
            number
            for number in range(first + 1, change)
            if self._owners[number] != self._owners[number - 1]
        ]
        later = self._read(changes)
        return owners_in_force(self._lines(first), later, paths, self._met_by_owners)

    def _read(self, changes: Sequence[int]) -> Iterator[tuple[int, OwnersFile | None]]:
        """One that is too large to be asked takes nothing away, and is passed over once another has
        come; as long as it is the one that counts, it raises InvalidInput."""
        for number in changes:
            try:
                yield number, self._lines(number)
            except InvalidInput:
                if number == changes[-1]:
                    raise

    def _met_by_owners(
        self, change: int, approved: OwnersFile | None, taken: tuple[str, ...]
    ) -> bool:
        bar = strictest(self._rules.before(change).values()) or ReviewRule()
        rule = ReviewRule(approvals=bar.approvals, code_owners=bool(taken))
        file = self._owners[change] or self._owners[change - 1]
        assert file is not None, "it changed"
        owned = ((approved, taken),) if taken else ()
        return self._approved(self._commits[change], file[0], rule, owned)

    def _asks_for_owners(self, change: int) -> bool:
        return any(rule.code_owners for rule in self._rules.after(change).values())

    def _said(self, change: int) -> Rules:
        """By the specs that the change touched and that can be read."""
        before = self._specs[change - 1] if change else {}
        return {
            Ruled(path, environment): rule
            for path, content in self._specs[change].items()
            if before.get(path) != content
            for environment, rule in self._rules_in(self._commits[change], path)
        }

    def _rules_in(self, commit: str, path: str) -> Iterator[tuple[str, ReviewRule]]:
        content = self._line.content(commit, path, bytes_max=SPEC_BYTES_MAX)
        return rules_said(content, path) if content is not None else iter(())

    def _specs_at(self, commit: str) -> Mapping[str, str]:
        """Path and id of the content of each spec that is a regular file."""
        found = self._line.files(commit, self._folder)
        return {path: i for path, i in found.items() if is_spec_name(posixpath.basename(path))}

    def _lines(self, change: int) -> OwnersFile | None:
        file = self._owners[change]
        return _owners_file(self._line, self._commits[change], file[0]) if file else None


def rules_said(content: bytes, path: str) -> Iterator[tuple[str, ReviewRule]]:
    """What a spec asks for, by environment; nothing, if it cannot be read."""
    try:
        yield from review_rules(text_of(content, path), path).items()
    except ReconcilerError:
        return


def code_owners_at(line: MainLine, commit: str) -> OwnersFile | None:
    """CODEOWNERS as a commit has it; None if there is none."""
    found = _find_owners_file(line, commit)
    return _owners_file(line, commit, found[0]) if found else None


def _find_owners_file(line: MainLine, commit: str) -> tuple[str, str] | None:
    """Path and id of the content of the one that counts."""
    for path in CODE_OWNERS_PATHS:
        found = line.files(commit, posixpath.dirname(path))
        if path in found:
            return path, found[path]
    return None


def _owners_file(line: MainLine, commit: str, path: str) -> OwnersFile | None:
    content = line.content(commit, path, bytes_max=CODE_OWNERS_BYTES_MAX)
    return None if content is None else parse_code_owners(content.decode(errors="replace"), path)
