"""A part is known again by everything that its proof may look at."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import count
from typing import Any

import pytest

from reconciler.ddl.foreign import ForeignDefinition
from reconciler.model.observation import (
    CrossDatabaseChild,
    CrossDatabaseParent,
    ObservedShard,
    TableFacts,
)
from reconciler.model.policy import ColumnOrder, Policy
from reconciler.model.renames import Rename, RenameKind
from reconciler.model.schema import Schema
from reconciler.observe.shards import DefinitionReader
from reconciler.ports.limits import REMEMBERED_MAX
from reconciler.ports.remembered import Remembered
from reconciler.prove.known import known_by
from reconciler.prove.part import Part, parts_of
from reconciler.prove.request import EngineChoices, ProgramsBetween, ProofRequest, request_of_part
from tests.offline_fleet import SETTINGS
from tests.unit.prove.test_part import alter, table, text

POLICY = Policy()
TEXTS = {"t": text(table("t")), "other": text(table("other"))}
SHARD = ObservedShard(
    shard="-80",
    settings=SETTINGS,
    definitions=tuple(TEXTS.items()),
    facts=(("t", TableFacts(row_versions=0)),),
    place="a/b",
)
REQUEST = ProofRequest(
    observed=(SHARD,),
    texts=TEXTS,
    steps=(alter("t"),),
    desired=Schema(tables=(table("other"), table("t"))),
    policy=POLICY,
    renames=(),
    reader=DefinitionReader(POLICY, {}, ["t", "other"]),
)
[PART] = parts_of(REQUEST.steps, TEXTS, REQUEST.desired)


def known(request: ProofRequest = REQUEST, part: Part = PART) -> object:
    return known_by(request_of_part(request, part), part)


def of_shard(**changes: Any) -> dict[str, Any]:
    return {"observed": (replace(SHARD, **changes),)}


def facts(**values: Any) -> dict[str, Any]:
    return of_shard(facts=(("t", TableFacts(**values)),))


ANOTHER_VERSION = replace(SETTINGS, version=replace(SETTINGS.version, patch=99))
MOVES: dict[str, list[dict[str, Any]]] = {
    "observed": [
        of_shard(settings=ANOTHER_VERSION),
        facts(row_versions=3),
        facts(row_format="Compact"),
        of_shard(cross_database_children=None),
        of_shard(
            cross_database_children=(
                CrossDatabaseChild(database="d", name="c", parents=("t",), table=None),
            )
        ),
        of_shard(
            cross_database_parents=(CrossDatabaseParent(database="d", table="p", definition="x"),)
        ),
        {"observed": (SHARD, replace(SHARD, facts=(("t", TableFacts(row_versions=3)),)))},
    ],
    "texts": [{"texts": {**TEXTS, "t": TEXTS["t"] + " COMMENT='x'"}}],
    "desired": [
        {"desired": Schema(tables=(table("t", check="c"),))},
        {"desired": Schema(tables=())},
    ],
    "policy": [{"policy": Policy(column_order=ColumnOrder.IGNORE)}],
    "renames": [{"renames": (Rename(kind=RenameKind.TABLE, table="t", old="s", new="t"),)}],
    "reader": [
        {"reader": DefinitionReader(POLICY, {"t": 7}, ["t", "other"])},
        {"reader": DefinitionReader(POLICY, {}, ["t"])},
        {"reader": DefinitionReader(POLICY, {}, ["t", "other"], ["_t_new"])},
    ],
    "sequences": [{"sequences": (ForeignDefinition(name="s", sql="CREATE SEQUENCE `s`"),)}],
}
# Of the change set as a whole, or of other tables: a part's proof is not given it.
IS_NOT_GIVEN: dict[str, list[dict[str, Any]]] = {
    "observed": [
        of_shard(shard="80-", place="c/d"),
        of_shard(facts=(*SHARD.facts, ("other", TableFacts(row_versions=3)))),
        facts(row_versions=0, rows=5, size_bytes=6, created_s=7),
        {"observed": (SHARD, replace(SHARD, shard="80-"))},
    ],
    "texts": [{"texts": {**TEXTS, "other": "another"}}],
    "desired": [{"desired": Schema(tables=(table("t"),))}],
    "steps": [{"steps": ()}],
    "engines": [{"engines": EngineChoices(size_bytes={"t": 5})}],
    "programs": [{"programs": ProgramsBetween()}],
}


def test_every_field_of_a_request_moves_what_it_is_known_by_or_is_not_given() -> None:
    assert {field.name for field in fields(ProofRequest)} == MOVES.keys() | IS_NOT_GIVEN.keys()


@pytest.mark.invariant("FZ-15")
@pytest.mark.parametrize("changes", [one for found in MOVES.values() for one in found])
def test_another_state_is_proven_by_itself(changes: dict[str, Any]) -> None:
    assert known(replace(REQUEST, **changes)) != known()


@pytest.mark.parametrize("changes", [one for found in IS_NOT_GIVEN.values() for one in found])
def test_what_a_proof_is_not_given_makes_no_other_one(changes: dict[str, Any]) -> None:
    other = replace(REQUEST, **changes)
    assert known(other) == known()
    given, before = request_of_part(other, PART), request_of_part(REQUEST, PART)
    assert replace(given, observed=before.observed) == before


@pytest.mark.invariant("FZ-15")
def test_every_field_of_a_part_moves_what_it_is_known_by() -> None:
    another = Part(
        steps=((1, alter("t")),),
        tables=frozenset({"t", "other"}),
        related={"t": frozenset()},
        behind=9,
    )
    for field in fields(Part):
        other = replace(PART, **{field.name: getattr(another, field.name)})
        assert known_by(request_of_part(REQUEST, PART), other) != known(), field.name


def test_what_does_not_last_is_worked_out_again_and_what_does_once() -> None:
    remembered, worked = Remembered(), list[str]()

    def asked(key: str) -> str:
        def work() -> str:
            worked.append(key)
            return key

        return remembered.once(key, work, lasts=lambda found: found == "lasts")

    assert [asked(key) for key in ("lasts", "refused") * 2] == ["lasts", "refused"] * 2
    assert worked == ["lasts", "refused", "refused"]


def test_what_another_thread_forgets_meanwhile_is_no_crash() -> None:
    """All is forgotten, by another key than this one, in the midst of the look for it."""
    remembered, hashed = Remembered(), count()

    class Key:
        def __eq__(self, other: object) -> bool:
            return isinstance(other, Key)

        def __hash__(self) -> int:
            if next(hashed) == BEHIND_THE_FIRST_LOOK:
                for n in range(REMEMBERED_MAX):
                    remembered.once(n, lambda: "another", lasts=lambda _: True)
            return 0

    for _ in range(2):
        assert remembered.once(Key(), lambda: "mine", lasts=lambda _: True) == "mine"


BEHIND_THE_FIRST_LOOK = 3  # in which it was looked for and put there, and found
