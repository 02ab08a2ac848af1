"""Does a change lower the review rule? Said to reviewers while they can still say no: by itself
such a change applies nothing, so that nothing else would draw their eyes to it.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.errors import InvalidInput, ReconcilerError
from reconciler.flows.forge.change import Side
from reconciler.flows.forge.history import code_owners_at, rules_said
from reconciler.guard.review.code_owners import owners_of
from reconciler.guard.review.in_force import OwnersFile, Ruled, Rules, lowers, strictest
from reconciler.limits import SPEC_BYTES_MAX
from reconciler.outcomes.lowered import Lowered, LoweredRule, OtherOwners
from reconciler.plan.files import plan_paths
from reconciler.ports.files import MainLine
from reconciler.spec.load import DesiredFiles, spec_paths
from reconciler.spec.model import ReviewRule
from reconciler.spec.tree import FileTree, from_the_top


def lowered_rules(before: Side, after: Side) -> tuple[Lowered, ...]:
    """By specs; each environment that asks for less than before, or begins lower than others."""
    said, says = _rules(before.tree), _rules(after.tree)
    bar = strictest(said.values())
    found = []
    for ruled in sorted(said.keys() | says.keys()):
        asked, asks = said.get(ruled, bar), says.get(ruled)
        if asked is not None and lowers(asked, asks or ReviewRule()):
            found.append(
                LoweredRule(
                    spec_path=ruled.spec_path,
                    environment=ruled.environment,
                    before=asked,
                    after=asks,
                )
            )
    return tuple(found)


def other_owners(
    line: MainLine, commits: tuple[str, str], before: Side, *, below: str
) -> tuple[Lowered, ...]:
    """By CODEOWNERS, where a spec of the side before asks for owners; a commit for each side.
    Raises InvalidInput for one that the change makes too large to be asked."""
    if not any(rule.code_owners for rule in _rules(before.tree).values()):
        return ()
    old, new = _owners_before(line, commits[0]), code_owners_at(line, commits[1]) or ()
    moved: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for path in sorted(from_the_top(path, below) for path in _owned(before)):
        change = (owners_of(path, old), owners_of(path, new))
        if change[0] != change[1] and change[0]:
            moved.setdefault(change, []).append(path)
    return tuple(
        OtherOwners(path=paths[0], before=was, after=now, alike=len(paths))
        for (was, now), paths in sorted(moved.items())
    )


def _owners_before(line: MainLine, commit: str) -> OwnersFile:
    """Of one that is too large to be asked nothing is compared: a change may well be what ends
    it."""
    try:
        return code_owners_at(line, commit) or ()
    except InvalidInput:
        return ()


def _rules(tree: FileTree) -> Rules:
    """Of what can be read: of the rest, nothing is asked."""
    found: dict[Ruled, ReviewRule] = {}
    for path in _spec_paths(tree):
        try:
            content = tree.read(path, bytes_max=SPEC_BYTES_MAX)
        except ReconcilerError:
            continue
        found |= {Ruled(path, name): rule for name, rule in rules_said(content, path)}
    return found


def _spec_paths(tree: FileTree) -> tuple[str, ...]:
    try:
        return spec_paths(tree)
    except ReconcilerError:
        return ()


def _owned(side: Side) -> Iterator[str]:
    """What a plan of the side would be made from, and the plans."""
    for files in side.keyspaces.values():
        if isinstance(files, DesiredFiles):
            yield from (path for path, _ in files.digests)
            for environment in files.spec.environments:
                paths = plan_paths(environment.name, files.spec.keyspace)
                yield from (paths.json, paths.sql)
