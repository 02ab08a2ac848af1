"""What a JSON Schema cannot say about replacing shards by others: the classes of tables, the shards
that retire, and the bounds of a move (SP-4)."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping
from itertools import accumulate
from typing import Any

from reconciler.errors import Problem
from reconciler.limits import SHARDS_NAMED_MAX
from reconciler.model.fleet import compared, in_key_order, parse_key_range, shard_list_errors
from reconciler.spec.build import retiring_shards, shard_specs
from reconciler.spec.connection_checks import Addressed, check_connection
from reconciler.spec.durations import duration_s
from reconciler.spec.limits import FENCE_BUDGET_S_MAX, FENCE_BUDGET_S_MIN
from reconciler.spec.secrets import Path, dotted
from reconciler.spec.yaml_text import Document

_PLACE = re.compile(r"(?P<name>[^@]*)(@[1-9][0-9]*)?")


def check_tables_written(document: Document, tables: Mapping[str, Any]) -> Iterator[Problem]:
    """Each table is of one class; that there is none is a flaw of its shape."""
    for name, written in tables.items():
        if len(written) > 1:
            at: Path = ("tables", name)
            yield Problem(
                code="spec-bad-value",
                message=f"{dotted(at)} has {' and '.join(written)}: rows either go to the shard of"
                " their key, or to every shard, or stay behind",
                recovery="keep one of them",
                where=document.where_key((*at, list(written)[1])),
            )


def check_reshard(document: Document, at: Path, reshard: Mapping[str, Any]) -> Iterator[Problem]:
    if "fence_budget" in reshard:
        budget_s = duration_s(reshard["fence_budget"])
        if not FENCE_BUDGET_S_MIN <= budget_s <= FENCE_BUDGET_S_MAX:
            message = f"{dotted((*at, 'fence_budget'))} must be from {FENCE_BUDGET_S_MIN}s to"
            recovery = "write how long the application can wait with its writes"
            message = f"{message} {FENCE_BUDGET_S_MAX}s"
            yield _problem(document, (*at, "fence_budget"), "spec-bad-value", message, recovery)
    if "cleanup" not in reshard.get("approval", ["cleanup"]):
        message = f"{dotted((*at, 'approval'))} lacks cleanup: a merge alone would drop a shard's"
        recovery = "add cleanup"
        yield _problem(document, (*at, "approval"), "spec-bad-value", f"{message} tables", recovery)


def listed_shards(environment: Mapping[str, Any]) -> tuple[Addressed, ...]:
    listed = "shards" if "shards" in environment else "regions"
    return tuple(
        Addressed(listed=listed, shard=shard.name, connection=shard.connection)
        for shard in shard_specs(environment)
    )


def listed_retiring(environment: Mapping[str, Any]) -> tuple[Addressed, ...]:
    return tuple(
        Addressed(listed="retiring", shard=shard.name, connection=shard.connection)
        for shard in retiring_shards(environment)
    )


def check_retiring(
    document: Document, at: Path, environment: Mapping[str, Any], shards: tuple[str, ...]
) -> Iterator[Problem]:
    """`shards` are sound. What retires must have been a shard beside those that stay."""
    entries = environment.get("retiring", ())
    here: Path = (*at, "retiring")
    names: dict[str, None] = {}
    sound = True
    for i, entry in enumerate(entries):
        name = entry if isinstance(entry, str) else entry["name"]
        place = (*here, i) if isinstance(entry, str) else (*here, i, "name")
        if (wrong := _name_problem(document, place, name, names)) is not None:
            sound = False
            yield wrong
        names[name] = None
        if isinstance(entry, dict):
            yield from _entry(document, (*here, i), entry)
    if names and sound:
        yield from _before(document, here, tuple(names), shards)


def _name_problem(
    document: Document, at: Path, name: str, before: Collection[str]
) -> Problem | None:
    if parse_key_range(name) is None:
        words = f"{name[:80]!r} is no key range: only shards whose keys are known can be replaced"
        recovery = "write the key range as `shards` had it, such as '-80', two digits for each byte"
        return _problem(document, at, "spec-retiring", words, recovery)
    if name in before:
        words = f"shard {name!r} is listed twice"
        return _problem(document, at, "spec-retiring", words, "remove one of the two")
    return None


def _entry(document: Document, at: Path, entry: Mapping[str, Any]) -> Iterator[Problem]:
    if "connection" in entry:
        yield from check_connection(document, (*at, "connection"), entry["connection"])
    if "place" in entry:
        found = _PLACE.fullmatch(entry["place"])
        if found is None or found["name"] != entry["name"]:
            yield _problem(
                document,
                (*at, "place"),
                "spec-retiring",
                f"{dotted((*at, 'place'))} is no place of shard {entry['name']}"
                f" ({entry['place'][:80]})",
                f"write what the routes call its server: {entry['name']!r}, or with the version"
                f" that brought it there, such as '{entry['name']}@7'",
            )


def _before(
    document: Document, at: Path, retiring: tuple[str, ...], shards: tuple[str, ...]
) -> Iterator[Problem]:
    """The shards as they were, with what retires in place of what takes its keys over."""
    were = in_key_order((*_staying(shards, retiring), *retiring))
    for words in shard_list_errors(were):
        shown = ", ".join(were[:SHARDS_NAMED_MAX]) + (", ..." if were[SHARDS_NAMED_MAX:] else "")
        yield _problem(
            document,
            at,
            "spec-retiring",
            f"before the move, the shards were {shown}: {words}",
            "list every shard that is replaced, and no other: together they hold the very keys of"
            " those that replace them",
        )


def _staying(shards: tuple[str, ...], retiring: tuple[str, ...]) -> Iterator[str]:
    """The shards that have no key of one that retires."""
    leaving = sorted(
        (compared(found.start), (not found.end, compared(found.end)))
        for name in retiring
        if (found := parse_key_range(name)) is not None
    )
    starts = [start for start, _ in leaving]
    furthest = tuple(accumulate((end for _, end in leaving), max))
    for name in shards:
        found = parse_key_range(name)
        if found is None:
            yield name
            continue
        begun = bisect_left(starts, compared(found.end)) if found.end else len(starts)
        if not begun or furthest[begun - 1] <= (False, compared(found.start)):
            yield name


def _problem(document: Document, at: Path, code: str, message: str, recovery: str) -> Problem:
    return Problem(code=code, message=message, recovery=recovery, where=document.where(at))
