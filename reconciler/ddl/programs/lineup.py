"""The triggers of a schema as they stand in line: which of them fire at the same moment, and in
which order.

Rule: a trigger keeps its place unless its own text or the order changes (PG-22). Which ones move is
found as for columns: those that already stand in the wanted order stay.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import replace

from reconciler.ddl.programs.trigger import Beside
from reconciler.model.programs import Trigger

Moment = tuple[str, str, str]  # table, timing, event


def moment_of(trigger: Trigger) -> Moment:
    return (trigger.table, trigger.timing, trigger.event)


def lines_of(triggers: Iterable[Trigger]) -> dict[Moment, list[str]]:
    """By moment, the names in the order in which they fire. One that follows what is not here
    stands behind all the others."""
    every: dict[Moment, list[Trigger]] = {}
    for trigger in triggers:
        every.setdefault(moment_of(trigger), []).append(trigger)
    return {moment: _in_line(found) for moment, found in every.items()}


def _in_line(triggers: list[Trigger]) -> list[str]:
    behind: dict[str | None, list[str]] = {}
    names = {trigger.name for trigger in triggers}
    for trigger in sorted(triggers, key=lambda one: one.name):
        follows = trigger.follows if trigger.follows in names else None
        behind.setdefault(follows, []).append(trigger.name)
    line: list[str] = []
    left = list(reversed(behind.get(None, [])))
    while left:
        name = left.pop()
        line.append(name)
        left += reversed(behind.get(name, []))
    return line


class Lineup:
    """Triggers by name as statements make, move and drop them, as the servers do it."""

    def __init__(self, triggers: Mapping[str, Trigger]) -> None:
        self._triggers = dict(triggers)
        self._lines = lines_of(triggers.values())

    def __contains__(self, name: str) -> bool:
        return name in self._triggers

    @property
    def triggers(self) -> dict[str, Trigger]:
        """As they are now, each with the one that it follows."""
        found = {}
        for line in self._lines.values():
            for before, name in zip([None, *line], line, strict=False):
                found[name] = replace(self._triggers[name], follows=before)
        return found

    def of_table(self, table: str) -> tuple[str, ...]:
        """By the moments, then in the order in which they fire."""
        return tuple(
            name
            for moment, line in sorted(self._lines.items())
            if moment[0] == table
            for name in line
        )

    def beside(self, trigger: Trigger, wanted: Iterable[str]) -> Beside:
        """Where it is to be made: behind the nearest of those that come before it in the wanted
        order, or else before the nearest of those that come behind."""
        line = [name for name in self._lines.get(moment_of(trigger), ()) if name != trigger.name]
        order = list(wanted)
        place = order.index(trigger.name)
        before = [name for name in order[:place] if name in line]
        if before:
            return Beside(follows=before[-1])
        behind = [name for name in order[place + 1 :] if name in line]
        return Beside(precedes=behind[0]) if behind else Beside()

    def make(self, trigger: Trigger, beside: Beside) -> None:
        """Also one that is there already, which leaves its place first."""
        self.drop(trigger.name)
        line = self._lines.setdefault(moment_of(trigger), [])
        place = len(line)
        if beside.follows is not None:
            place = line.index(beside.follows) + 1
        elif beside.precedes is not None:
            place = line.index(beside.precedes)
        line.insert(place, trigger.name)
        self._triggers[trigger.name] = trigger

    def drop(self, name: str) -> None:
        if (trigger := self._triggers.pop(name, None)) is not None:
            self._lines[moment_of(trigger)].remove(name)

    def without(self, name: str) -> Lineup:
        """Another one, that has not this one."""
        other = Lineup(self.triggers)
        other.drop(name)
        return other

    def rename_table(self, old: str, new: str) -> None:
        for moment in [moment for moment in self._lines if moment[0] == old]:
            line = self._lines.pop(moment)
            self._lines[(new, *moment[1:])] = line
            for name in line:
                self._triggers[name] = replace(self._triggers[name], table=new)


def moved(before: Iterable[str], after: Iterable[str]) -> frozenset[str]:
    """Of the names that are in both orders, as few as can be so that all others may stay."""
    place = {name: at for at, name in enumerate(before)}
    common = [name for name in after if name in place]
    return frozenset(common) - _longest_rise(common, place)


def _longest_rise(names: list[str], place: Mapping[str, int]) -> frozenset[str]:
    ends: list[int] = []  # of the best rise of each length, where it ends
    last: list[int] = []
    chain: list[int | None] = []
    for at, name in enumerate(names):
        length = bisect_left(ends, place[name])
        chain.append(last[length - 1] if length else None)
        if length == len(ends):
            ends.append(place[name])
            last.append(at)
        else:
            ends[length], last[length] = place[name], at
    found = []
    at_now: int | None = last[-1] if last else None
    while at_now is not None:
        found.append(names[at_now])
        at_now = chain[at_now]
    return frozenset(found)
