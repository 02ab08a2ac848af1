"""What the spec's shards ask for, held against who has the keys now: one move, or every reason why
there is none.

The routes say which shards serve; the spec says which shall. Shards that are only in the routes are
replaced by shards that are only in the spec, and both must hold the very same keys (SP-2). One
machine carries out all of it: a split (one source), a merge (one target), a relocation (one of
each, and the shard keeps its name: it stands in both lists of the spec, and which of the two serves
is told by the place in the routes). What cannot be told for certain is a problem, each by its shard
and with the edit to make (SP-3).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from reconciler.errors import Problem
from reconciler.limits import FILE_PROBLEMS_MAX, SHARDS_NAMED_MAX
from reconciler.model.fleet import KeyRange, in_key_order, key_order, parse_key_range
from reconciler.reshard.catalog import Catalog
from reconciler.reshard.ranges import (
    FaultKind,
    covering_faults,
    end_edge,
    is_same,
    joined,
    start_edge,
)
from reconciler.spec.model import Environment, SpecFile


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedRange:
    """A shard and the keys that it has, or shall have; `place` names its server in the routes, ''
    for one that is not in them yet."""

    shard: str
    key_range: KeyRange
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retiring:
    """A shard that the spec says is replaced. `place` is what the routes call its server: needed
    where a shard of the same name takes over, for nothing else tells the two apart."""

    shard: str
    place: str


class MoveKind(StrEnum):
    SPLIT = "split"
    MERGE = "merge"
    RELOCATION = "relocation"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardMove:
    """`sources` are replaced by `targets`, which hold the same keys; both in key order."""

    sources: tuple[OwnedRange, ...]
    targets: tuple[OwnedRange, ...]

    @property
    def key_range(self) -> KeyRange:
        found = joined([source.key_range for source in self.sources])
        assert found is not None, "sources are neighbours"
        return found

    @property
    def kind(self) -> MoveKind:
        if len(self.sources) > 1:
            return MoveKind.MERGE
        return MoveKind.SPLIT if len(self.targets) > 1 else MoveKind.RELOCATION

    def __str__(self) -> str:
        return f"{_names(self.sources)} -> {_names(self.targets)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundMove:
    """Neither a move nor a problem: the routes are what the spec says."""

    move: ShardMove | None = None
    problems: tuple[Problem, ...] = ()


def wanted_move(
    catalog: Catalog, spec: SpecFile, environment: Environment, *, kept: Collection[str] = ()
) -> FoundMove:
    """What the spec asks for, of routes that are of the same keys. `kept` as in `find_move`."""
    if (problem := _function_problem(catalog, spec)) is not None:
        return FoundMove(problems=(problem,))
    return find_move(
        [
            OwnedRange(shard=route.shard, key_range=route.range, place=route.place)
            for route in catalog.routes
        ],
        [shard.name for shard in environment.shards],
        [Retiring(shard=shard.name, place=shard.place) for shard in environment.retiring],
        kept=kept,
    )


def find_move(
    owners: Sequence[OwnedRange],
    desired: Collection[str],
    retiring: Sequence[Retiring],
    *,
    kept: Collection[str] = (),
) -> FoundMove:
    """`owners` are the shards that serve by the routes, `desired` and `retiring` the spec's two
    lists, `kept` the sources of a move behind its cutover that are still to be cleaned up. Every
    problem of one stage is told; a later stage is judged only where the earlier is sound.
    """
    desired, leaving = frozenset(desired), frozenset(one.shard for one in retiring)
    for problems in (
        _name_problems(desired, leaving),
        (*_owner_problems(owners), *_covering_problems(desired, leaving)),
    ):
        if problems:
            return FoundMove(problems=problems)
    relocated = _relocated(owners, desired, retiring)
    sources = [one for one in owners if one.shard not in desired or one.shard in relocated]
    staying = {one.shard for one in owners} - relocated
    targets = [one for one in _owned(desired) if one.shard not in staying]
    moves = _moves(sources, targets)
    problems = (
        *_number_problems(moves),
        *_unlisted(sources, leaving),
        *_unneeded(owners, retiring, {source.shard for source in sources} | set(kept)),
    )
    if problems or not moves:
        return FoundMove(problems=problems)
    return FoundMove(move=moves[0])


def _function_problem(catalog: Catalog, spec: SpecFile) -> Problem | None:
    if spec.key_function == catalog.key_function:
        return None
    says = "says nothing of it" if spec.key_function is None else f"says {spec.key_function}"
    return Problem(
        code="split-key-function",
        message=f"the routes are of the keys of {catalog.key_function}, and the spec {says}",
        recovery=f"write `key_function: {catalog.key_function}`: by another function every row"
        " would belong to another shard, and no move brings that about",
    )


def _relocated(
    owners: Iterable[OwnedRange], desired: Collection[str], retiring: Iterable[Retiring]
) -> set[str]:
    """Shards that stay under their names, and leave the server that serves them now."""
    places = {(one.shard, one.place) for one in retiring}
    return {
        one.shard for one in owners if one.shard in desired and (one.shard, one.place) in places
    }


def _moves(sources: Iterable[OwnedRange], targets: Iterable[OwnedRange]) -> list[ShardMove]:
    """Apart wherever a source and a target end at one key: what is between two such places has
    nothing to do with the rest. Both lists cover the same keys."""
    moves: list[ShardMove] = []
    waiting = deque(_ordered(targets))
    group: list[OwnedRange] = []
    taken: list[OwnedRange] = []
    for source in _ordered(sources):
        group.append(source)
        end = end_edge(source.key_range)
        while waiting and end_edge(waiting[0].key_range) <= end:
            taken.append(waiting.popleft())
        if taken and end_edge(taken[-1].key_range) == end:
            moves.append(ShardMove(sources=tuple(group), targets=tuple(taken)))
            group, taken = [], []
    assert not waiting, "the routes and the spec cover the same keys"
    assert not group, "the routes and the spec cover the same keys"
    return moves


def _name_problems(desired: Collection[str], retiring: Collection[str]) -> tuple[Problem, ...]:
    return tuple(
        problem
        for name in in_key_order(tuple({*desired, *retiring}))
        if (problem := _name_problem(name)) is not None
    )


def _name_problem(name: str) -> Problem | None:
    if parse_key_range(name) is not None:
        return None
    bounds = name.split("-")
    if len(bounds) == 2 and any(_is_odd(bound) for bound in bounds):
        written = "-".join(f"{bound}0" if _is_odd(bound) else bound for bound in bounds)
        return Problem(
            code="split-odd-bound",
            message=f"shard {name!r}: a bound with an odd number of digits is not whole bytes",
            recovery=f"write {written!r}, if that is meant",
        )
    return Problem(
        code="split-without-ranges",
        message=f"shard {name!r} is not named by a key range, so nobody can tell which rows are"
        " another shard's",
        recovery="name every shard of the keyspace by its key range; a keyspace of plain names"
        " can be neither split nor merged",
    )


def _is_odd(bound: str) -> bool:
    return len(bound) % 2 == 1 and set(bound) <= set("0123456789abcdef")


def _owner_problems(owners: Sequence[OwnedRange]) -> Iterator[Problem]:
    """Nothing is built on routes that are themselves unsound, whoever wrote them."""
    for owner in owners:
        named = parse_key_range(owner.shard)
        if named is None or not is_same(named, owner.key_range):
            yield _routes_unsound(f"shard {owner.shard} has the keys {owner.key_range}")
    for fault in covering_faults([owner.key_range for owner in owners])[:FILE_PROBLEMS_MAX]:
        yield _routes_unsound(f"{fault.kind} at {fault.key_range}")


def _routes_unsound(what: str) -> Problem:
    return Problem(
        code="split-routes-unsound",
        message=f"the routes do not give every key to exactly one shard: {what}",
        recovery="look at the routes in the ledger's database, and let nothing route by them until"
        " somebody has found out who changed them",
    )


def _covering_problems(desired: Collection[str], leaving: Collection[str]) -> Iterator[Problem]:
    shards = _owned(desired)
    faults = covering_faults([one.key_range for one in shards])
    for fault in faults[:FILE_PROBLEMS_MAX]:
        concerned = in_key_order(
            tuple(one.shard for one in shards if one.key_range.overlaps(fault.key_range))
        )
        if fault.kind is FaultKind.GAP:
            yield Problem(
                code="split-gap",
                message=f"no shard of the spec holds the keys {fault.key_range}",
                recovery="add the shard that shall hold them, or extend its neighbour",
            )
        else:
            both = " and ".join(concerned)
            replaced = [name for name in concerned if name in leaving]
            yield Problem(
                code="split-overlap",
                message=f"shards {both} both hold the keys {fault.key_range}",
                recovery=f"take {' and '.join(replaced)}, which is retiring, out of `shards`"
                if replaced
                else "let one of them end where the other begins; a shard that is replaced"
                " belongs into `retiring`",
            )


def _number_problems(moves: Sequence[ShardMove]) -> Iterator[Problem]:
    if len(moves) > 1:
        yield Problem(
            code="split-several-moves",
            message=f"the spec asks for {len(moves)} moves at once: "
            + "; ".join(str(move) for move in moves[:SHARDS_NAMED_MAX])
            + ("; ..." if moves[SHARDS_NAMED_MAX:] else ""),
            recovery="keep one of them in this change; the next one follows when it is done",
        )
    for move in moves:
        if len(move.sources) > 1 and len(move.targets) > 1:
            yield Problem(
                code="split-many-to-many",
                message=f"{move}: several shards are to become several others",
                recovery=f"merge them into one shard, {move.key_range}, in a change of its own, and"
                " split that one in the next",
            )


def _unlisted(sources: Sequence[OwnedRange], retiring: Collection[str]) -> Iterator[Problem]:
    for source in _ordered(sources):
        if source.shard not in retiring:
            yield Problem(
                code="split-source-unlisted",
                message=f"shard {source.shard} serves by the routes, and stands neither in `shards`"
                " nor in `retiring`: its rows could not be read",
                recovery=f"move the entry of {source.shard}, with its connection, from `shards` to"
                " `retiring` of the environment",
            )


def _unneeded(
    owners: Iterable[OwnedRange], retiring: Iterable[Retiring], needed: Collection[str]
) -> Iterator[Problem]:
    serving = {one.shard: one.place for one in owners}
    for one in sorted(retiring, key=lambda one: (key_order(one.shard), one.place)):
        if one.shard in needed:
            continue
        recovery = f"take {one.shard} out of `retiring`"
        if one.shard in serving:
            recovery += (
                "; if it is to move to another server once more, say that it leaves the one it is"
                f" on now: `place: {serving[one.shard]!r}`"
            )
        yield Problem(
            code="split-retiring-unneeded",
            message=f"shard {one.shard} stands in `retiring`, and no move needs it",
            recovery=recovery,
        )


def _owned(names: Iterable[str]) -> list[OwnedRange]:
    found = ((name, parse_key_range(name)) for name in names)
    return _ordered(
        OwnedRange(shard=name, key_range=key_range) for name, key_range in found if key_range
    )


def _ordered(shards: Iterable[OwnedRange]) -> list[OwnedRange]:
    return sorted(
        shards, key=lambda one: (start_edge(one.key_range), end_edge(one.key_range), one.shard)
    )


def _names(shards: Sequence[OwnedRange]) -> str:
    """As many of them as anybody reads on one line."""
    more = len(shards) - SHARDS_NAMED_MAX
    named = ", ".join(one.shard for one in shards[:SHARDS_NAMED_MAX])
    return f"{named} and {more} more" if more > 0 else named
