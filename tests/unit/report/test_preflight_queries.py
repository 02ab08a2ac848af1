"""What a person is given to ask rows by hand runs as it is printed, in a session of its own."""

from __future__ import annotations

import re
from dataclasses import replace

from reconciler.preflight.answered import Answered, Preflight
from reconciler.preflight.model import (
    EqualRows,
    Holds,
    KeyPart,
    KnownToHold,
    NotSettled,
    Place,
    Probe,
    Question,
    RowCondition,
    Walk,
)
from reconciler.preflight.sql import example_ends_sql
from reconciler.report.json_values import Json
from reconciler.report.preflight_words import preflight_json, queries
from tests.golden.preflight_scenarios import ROUNDED

_VARIABLE = re.compile(r"@reconciler_\w+")
BY_DAY = Walk(index="by_day", columns=("day", "id"))


def put(table: str, question: Question, walk: Walk | None) -> Answered:
    raised = replace(ROUNDED.raised, question=question)
    probe: Probe = replace(ROUNDED, table=table, raised=raised, walk=walk)
    return Answered(probe=probe, answers=(("-", Holds(at_s=0.0)),))


def asked() -> Preflight:
    """Two tables in turn, so that what one has set would be there for the other."""
    equal = EqualRows((KeyPart("`day`", "day"), KeyPart("`mail`", "mail")))
    return Preflight(
        answered=(
            put("users", RowCondition("`a` IS NULL"), BY_DAY),
            put("users", RowCondition("`b` IS NULL"), BY_DAY),
            put("orders", equal, BY_DAY),
            put("users", RowCondition("`c` IS NULL"), BY_DAY),
            put("users", RowCondition("`d` IS NULL"), None),
            put("users", KnownToHold("it is a part"), BY_DAY),
        )
    )


def test_every_variable_is_set_from_the_very_table_before_it_is_read() -> None:
    """Those of a session that sets none are NULL: 0 rows, which looks like an answer."""
    set_from: dict[str, str] = {}
    read = 0
    for line in queries(asked()):
        _, _, behind_from = line.partition(" FROM ")
        table = behind_from.split("`")[1] if behind_from else ""
        if line.startswith("SET "):
            set_from = dict.fromkeys(_VARIABLE.findall(line), "NULL")
        elif " INTO @" in line:
            set_from |= dict.fromkeys(_VARIABLE.findall(line), table)
        else:
            variables = set(_VARIABLE.findall(line))
            read += bool(variables)
            assert {set_from[name] for name in variables} <= {table}, line
    assert read == 4


def test_variables_are_set_once_for_questions_of_one_walk() -> None:
    lines = queries(asked())
    assert sum(line.startswith("SET ") for line in lines) == 3
    forgotten, first, last = lines[1:4]
    assert forgotten.startswith("SET @reconciler_from_0 = NULL, @reconciler_from_1 = NULL, @rec")
    assert first.endswith("FORCE INDEX (`by_day`) ORDER BY `day`, `id` LIMIT 1;")
    into = "SELECT `day`, `id` INTO @reconciler_to_0, @reconciler_to_1 FROM `users` AS this_row"
    assert last == f"{into} FORCE INDEX (`by_day`) ORDER BY `day` DESC, `id` DESC LIMIT 1;"


def test_rows_that_are_equal_to_none_are_no_end_of_a_stretch() -> None:
    [_, *found] = example_ends_sql(asked().answered[2].probe)
    assert all(" WHERE `day` IS NOT NULL AND `id` IS NOT NULL ORDER BY " in sql for sql in found)


def test_json_has_what_sets_them_with_each_question() -> None:
    told: list[Json] | None = preflight_json(asked())
    assert told is not None
    counts = [
        (one["query_by_stretches"] is not None, len(one["set_before_by_stretches"]))
        for one in told
        if isinstance(one, dict) and isinstance(one["set_before_by_stretches"], list)
    ]
    assert counts == [(True, 3)] * 4 + [(False, 0)] * 2


def test_json_tells_how_far_a_walk_has_come_and_not_where_it_stands() -> None:
    place = Place(
        begun_s=10.0, seen_s=90.0, rows_seen=37, rows_of=100, index="by_day", values=("4711",)
    )
    late = NotSettled(at_s=99.0, because="time was over", place=place)
    one = replace(asked().answered[0], answers=(("-80", late), ("80-", replace(late, place=None))))
    told: list[Json] | None = preflight_json(Preflight(answered=(one,)))
    assert told is not None
    assert isinstance(told[0], dict)
    assert told[0]["shards"] == [
        {
            "shard": shard,
            "answer": "not-settled",
            "at_s": 99.0,
            "because": "time was over",
            "rows_seen": rows_seen,
            "rows_of": rows_of,
            "seen_at_s": seen_at_s,
        }
        for shard, rows_seen, rows_of, seen_at_s in (
            ("-80", 37, 100, 90.0),
            ("80-", None, None, None),
        )
    ]
