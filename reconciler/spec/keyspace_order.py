"""`after` at the top of specs: which keyspaces are changed before which (RG-73).

The order is a value of the files alone, so that everybody who reads them has the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.errors import nearest

After = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class OrderFault:
    """What is wrong with the place `index` of a keyspace's `after`."""

    keyspace: str
    index: int
    message: str
    instead: str  # of taking it out


def order_faults(after: After, known: Collection[str]) -> Iterator[OrderFault]:
    """Of keyspaces that could be read; `known` has the others as well."""
    for keyspace, named in sorted(after.items()):
        for index, name in enumerate(named):
            if name not in known:
                likely = nearest(name, sorted(known))
                yield OrderFault(
                    keyspace,
                    index,
                    f"`after` names no keyspace of this repository: {name!r}",
                    f"write {likely!r}" if likely else f"name one of: {', '.join(known)}",
                )
            elif keyspace in all_before(name, after):
                yield OrderFault(
                    keyspace,
                    index,
                    f"`after` leads from {keyspace} over {name} back to {keyspace}: neither could"
                    " ever be applied",
                    "another of those that lead back out of theirs",
                )


@dataclass(frozen=True, slots=True)
class ListFault:
    """A deployment that a keyspace lists behind `earlier`, and `others` before it."""

    keyspace: str
    deployment: str
    earlier: str
    others: tuple[str, ...]


def list_faults(listed: Mapping[str, After]) -> Iterator[ListFault]:
    """Of `listed`, by the keyspace: which deployments stand before which. All of one are done with
    in every keyspace before the next, which no order is for that leads back. Of each keyspace its
    first is told."""
    together: dict[str, list[str]] = {}
    for after in listed.values():
        for name, earlier in after.items():
            together.setdefault(name, []).extend(earlier)

    def leads_back(name: str, earlier: str) -> bool:
        return name in all_before(earlier, together)

    told = [
        (keyspace, name, earlier)
        for keyspace, after in sorted(listed.items())
        for name, before in after.items()
        for earlier in before[-1:]
        if leads_back(name, earlier)
    ]
    keyspaces = dict.fromkeys(keyspace for keyspace, _, _ in told)
    first = {keyspace: (name, earlier) for keyspace, name, earlier in reversed(told)}
    for keyspace in keyspaces:
        others = tuple(one for one in keyspaces if one != keyspace)
        yield ListFault(keyspace, *first[keyspace], others)


def all_before(name: str, after: After, *, itself: bool = True) -> frozenset[str]:
    """Whatever it comes after, however far; and it, which is else there only if that leads back."""
    found: set[str] = set()
    waiting = [name] if itself else list(after.get(name, ()))
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += after.get(one, ())
    return frozenset(found)


def in_order(keyspaces: Iterable[str], after: After) -> list[str]:
    """By name, but each behind those that it comes after, directly or over others. What leads back
    to itself is in the order of names."""
    wanted = sorted(set(keyspaces))
    before = {name: all_before(name, after) - {name} for name in wanted}
    ordered: list[str] = []
    while len(ordered) < len(wanted):
        left = [name for name in wanted if name not in ordered]
        free = (name for name in left if before[name].isdisjoint(left))
        ordered.append(next(free, left[0]))
    return ordered
