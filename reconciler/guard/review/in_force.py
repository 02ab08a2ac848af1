"""Which review rule holds, and whose owners: the strictest since the last change that was itself
approved as the rule before it asked.

A change that lowers the rule and was not approved so lowers nothing: what was asked before goes on
being asked, until a change comes that was. A spec that is removed, broken or hidden behind a link
asks for nothing by itself, and takes nothing away either; one that is new under its name begins at
the strictest rule that any spec had, for nobody can tell by a name what it was before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from reconciler.guard.review.code_owners import OwnedBy, owners_of
from reconciler.spec.model import ReviewRule


@dataclass(frozen=True, slots=True, order=True)
class Ruled:
    """An environment of a spec, by the spec's path from the root of the repository."""

    spec_path: str
    environment: str


Rules = Mapping[Ruled, ReviewRule]
OwnersFile = tuple[OwnedBy, ...]


class RulesInForce:
    """`said` is what each change of the specs, the oldest first, made the specs that it touched
    ask for; of one that cannot be read nothing. `met` tells whether a change, by its number, was
    approved as a rule asks; it is asked of lowering changes only, in order."""

    def __init__(
        self, said: Sequence[Rules], met: Callable[[int, Ruled, ReviewRule], bool]
    ) -> None:
        self._said = said
        self._met = met
        self._after: list[Rules] = []

    def before(self, change: int) -> Rules:
        return self.after(change - 1)

    def after(self, change: int) -> Rules:
        """Of everything that ever asked for a review; -1: before the first change."""
        while len(self._after) <= change:
            self._after.append(self._next(len(self._after)))
        return self._after[change] if change >= 0 else {}

    def _next(self, change: int) -> Rules:
        before = self.before(change)
        founded_at = strictest(before.values())
        after = dict(before)
        for ruled, rule in sorted(self._said[change].items()):
            bar = before.get(ruled, founded_at)
            is_lower = bar is not None and lowers(bar, rule)
            if bar is not None and is_lower and not self._met(change, ruled, bar):
                rule = rule.stricter(bar)
            after[ruled] = rule
        return after


def lowers(before: ReviewRule, after: ReviewRule) -> bool:
    return after.stricter(before) != after


def strictest(rules: Iterable[ReviewRule]) -> ReviewRule | None:
    """None of none: nothing was asked yet."""
    found = tuple(rules)
    return reduce(ReviewRule.stricter, found) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnersInForce:
    """`current` is CODEOWNERS as it is, None where there is none; `approved` the last one that came
    about as the one before it asked, where that is another. Owners by both must approve."""

    current: OwnersFile | None
    approved: OwnersFile | None

    @property
    def versions(self) -> tuple[OwnersFile | None, ...]:
        return tuple(dict.fromkeys((self.current, self.approved)))


def owners_in_force(
    first: OwnersFile | None,
    later: Iterable[tuple[int, OwnersFile | None]],
    paths: Sequence[str],
    met: Callable[[int, OwnersFile | None, tuple[str, ...]], bool],
) -> OwnersInForce:
    """For the owners of `paths`: `first` as it was when code owners were first asked for, `later`
    with the number of the change that brought each. `met` tells whether a change was approved by
    the owners that the last approved version names for the paths that it takes from them."""
    approved = current = first
    for change, lines in later:
        taken = tuple(p for p in paths if _owners(p, lines) != _owners(p, approved))
        if not taken or met(change, approved, tuple(p for p in taken if _owners(p, approved))):
            approved = lines
        current = lines
    return OwnersInForce(current=current, approved=approved)


def _owners(path: str, lines: OwnersFile | None) -> tuple[str, ...]:
    return owners_of(path, lines or ())
