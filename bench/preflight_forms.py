"""Every form of a question to rows, put to tables of two million: `python bench/preflight_forms.py
[ROWS [FLAVOR [load]]]`.

The forms are in preflight_forms.yaml. Each is answered twice, on clean rows and with one row in its
way, on MySQL and on MariaDB; the row is among the last that a walk meets. For these answers nobody
rests between stretches, for they would take an hour. Then each form is asked as ever, some seconds
long, beside a load. Bounds: every answer is right, no statement takes longer than a second, and the
slowest hundredth of that load takes at most 1.2 times what it takes alone. `load` measures that
alone.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import pytest
import yaml

from bench.preflight import (
    P99_RATIO_MAX,
    ROWS,
    SERIES,
    STATEMENT_S_MAX,
    insert_rows,
    load_times,
    p99,
    row_probes,
    run_sql,
    timed,
)
from reconciler.edges.mysql import probe_sheet
from reconciler.edges.server.find import find_servers
from reconciler.edges.server.process import RunningServer, start_server
from reconciler.model.server import Flavor
from reconciler.ports.row_probes import ShardAsked, TableAsked
from reconciler.preflight.model import Answer, Holds, NotSettled, Probe, Violated
from tests.integration.asked_rows import steps_and_probes
from tests.integration.mysql_edges import admin_cursor, connection_to, observed, shard

FORMS: Mapping[str, Any] = yaml.safe_load(
    Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")
)
BESIDE_S = 15.0  # a group's questions, of one table
MOVED = 900_000_000  # what a form may add to the number of its row
_HERE, _CHANGED = "bench", "changed"
_WORDS: Mapping[type, str] = {Holds: "holds", Violated: "violated", NotSettled: "not settled"}
Told = Mapping[str, list[str]]


@dataclass(frozen=True)
class Group:
    """What is asked of a table by one plan. `numbers` are those of its forms' rows."""

    name: str
    table: str
    forms: Sequence[Mapping[str, Any]]
    numbers: Sequence[int]
    probes: tuple[Probe, ...]

    def expected(self, *, clean: bool) -> Told:
        found: dict[str, Any] = {}
        for form in self.forms:
            found |= form.get("always", {}) if clean else form["found"]
        told = {_about(probe): ["holds"] * self._count(probe) for probe in self.probes}
        unknown = found.keys() - told.keys()
        assert not unknown, f"{self.name}: {unknown} are not asked, but {list(told)}"
        for about, of in found.items():
            first = [of] if isinstance(of, str) else of
            told[about][: len(first)] = first
        return told

    def _count(self, probe: Probe) -> int:
        return sum(_about(other) == _about(probe) for other in self.probes)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    for series in [one for one in SERIES if one.startswith((*sys.argv[2:3], "")[0])]:
        binary = next(found for found in find_servers() if found.version.series == series)
        with start_server(binary) as server:
            begun_s = time.monotonic()
            groups = _groups(server, rows)
            print(f"{series}: {rows:,} rows in {time.monotonic() - begun_s:.0f} s", flush=True)
            if sys.argv[3:] != ["load"]:
                _tell_answers(server, series, groups, rows)
            _tell_load(server, series, groups)


def _tell_answers(server: RunningServer, series: str, groups: Sequence[Group], rows: int) -> None:
    longest_s = [0.0]
    with timed(longest_s), pytest.MonkeyPatch.context() as patched:
        patched.setattr(probe_sheet, "PROBE_REST_SHARE", 0.0)
        for group in groups:
            _check(server, group, clean=True, rows=rows)
            for form, number in zip(group.forms, group.numbers, strict=True):
                _write(server, group, form, number)
            _check(server, group, clean=False)
            for form, number in zip(group.forms, group.numbers, strict=True):
                _put_back(server, group, form, number)
    print(
        f"{series}: {sum(len(group.probes) for group in groups)} questions are answered right, of"
        f" clean rows and of violating ones; longest statement {longest_s[0]:.2f} s"
        f" (at most {STATEMENT_S_MAX})",
        flush=True,
    )


def _tell_load(server: RunningServer, series: str, groups: Sequence[Group]) -> None:
    """In turns of equal length: what else the machine does meets both alike."""
    longest_s = [0.0]
    alone: list[float] = []
    beside: list[float] = []
    for group in groups:
        begun_s = time.perf_counter()
        with timed(longest_s):
            beside += load_times(server, partial(_answers, server, group, budget_s=BESIDE_S))
        alone += load_times(server, partial(time.sleep, time.perf_counter() - begun_s))
    beside_s, alone_s = p99(beside), p99(alone)
    print(
        f"{series}: longest statement beside a load {longest_s[0]:.2f} s (at most"
        f" {STATEMENT_S_MAX}); p99 of the load {1e3 * beside_s:.1f} ms, alone"
        f" {1e3 * alone_s:.1f} ms: {beside_s / alone_s:.2f} (at most {P99_RATIO_MAX})",
        flush=True,
    )


def _check(server: RunningServer, group: Group, *, clean: bool, rows: int | None = None) -> None:
    begun_s = time.monotonic()
    told: dict[str, list[str]] = {}
    for probe, answer in zip(group.probes, _answers(server, group, budget_s=1800), strict=True):
        told.setdefault(_about(probe), []).append(_word(answer, rows))
    expected = group.expected(clean=clean)
    how = "clean" if clean else "violated"
    took_s = time.monotonic() - begun_s
    print(f"  {group.name}, {how}: {len(group.probes)} in {took_s:.1f} s", flush=True)
    assert told == expected, f"{told}\n  expected {expected}"


def _answers(server: RunningServer, group: Group, *, budget_s: float) -> Sequence[Answer]:
    asked = TableAsked(table=group.table, probes=group.probes, is_as_seen=lambda _: True)
    of_it = ShardAsked(shard=shard(connection_to(server, _HERE)), tables=(asked,))
    [answers] = row_probes().ask([of_it], parallel=1, budget_s=budget_s)
    return answers


def _word(answer: Answer, rows: int | None) -> str:
    """A walk must have seen all rows."""
    if isinstance(answer, Holds) and None not in (rows, answer.rows_seen):
        assert answer.rows_seen == rows, answer
    return _WORDS[type(answer)]


def _about(probe: Probe) -> str:
    return f"{probe.raised.kind} {probe.raised.object}"


def _groups(server: RunningServer, rows: int) -> list[Group]:
    listed = [group for group in FORMS["groups"] if _is_here(server, group)]
    for name, table in FORMS["tables"].items():
        if _is_here(server, table):
            forms = [form for group in listed for form in _forms(server, group, name)]
            _make(server, name, table, forms, rows)
    return [
        _group(server, group, rows)
        for group in listed
        if any(_forms(server, group, group.get("table", "t")))
    ]


def _group(server: RunningServer, listed: Mapping[str, Any], rows: int) -> Group:
    """Its questions are made of what the server shows of the table and of a changed one."""
    table = listed.get("table", "t")
    forms = list(_forms(server, listed, table))
    run_sql(server, f"CREATE DATABASE {_CHANGED}", database=None)
    if any("parents" in form["change"] for form in forms):
        run_sql(server, f"CREATE TABLE parents LIKE {_HERE}.parents", _CHANGED)
    run_sql(server, f"CREATE TABLE {table} LIKE {_HERE}.{table}", _CHANGED)
    with admin_cursor(server, _CHANGED) as cursor:
        if server.version.flavor is Flavor.MARIADB:
            cursor.execute("SET SESSION system_versioning_alter_history = KEEP")
        changes = ", ".join(form["change"] for form in forms)
        cursor.execute(f"ALTER TABLE {table} {changes}")
    before, after = (observed(connection_to(server, name)) for name in (_HERE, _CHANGED))
    run_sql(server, f"DROP DATABASE {_CHANGED}", database=None)
    _, probes = steps_and_probes(table, before, after, copies=bool(listed.get("copies")))
    numbers = [rows - place for place in range(len(forms))]
    return Group(listed["group"], table, forms, numbers, probes)


def _forms(
    server: RunningServer, group: Mapping[str, Any], table: str
) -> Iterator[Mapping[str, Any]]:
    if group.get("table", "t") == table:
        yield from (form for form in group["forms"] if _is_here(server, form))


def _is_here(server: RunningServer, listed: Mapping[str, Any]) -> bool:
    flavor = server.version.flavor.value
    return bool(listed.get("server", flavor) == flavor)


def _make(
    server: RunningServer,
    name: str,
    table: Mapping[str, Any],
    forms: Sequence[Mapping[str, Any]],
    rows: int,
) -> None:
    run_sql(server, f"CREATE DATABASE IF NOT EXISTS {_HERE}", database=None)
    if any("parents" in form["change"] for form in forms):
        run_sql(
            server,
            "CREATE TABLE parents (id int PRIMARY KEY, other int NOT NULL, UNIQUE KEY (id, other))",
        )
        insert_rows(server, "parents", "i, i", 1000)
    columns, values, keys = {"id": "bigint NOT NULL"}, {"id": "i"}, [table["key"]]
    for part in (table, *forms):
        columns |= part.get("columns", {})
        values |= part.get("values", {})
        keys += [part["keys"]] if "keys" in part else []
    listed = ", ".join([*(f"{column} {kind}" for column, kind in columns.items()), *keys])
    run_sql(server, f"CREATE TABLE {name} ({listed}) CHARACTER SET utf8mb4 {_options(table)}")
    insert_rows(server, name, ", ".join(str(values[column]) for column in columns), rows)
    run_sql(server, f"ANALYZE TABLE {name}")


def _options(table: Mapping[str, Any]) -> str:
    return str(table.get("options", ""))


def _write(server: RunningServer, group: Group, form: Mapping[str, Any], number: int) -> None:
    with admin_cursor(server, _HERE) as cursor:
        if "mode" in form:
            cursor.execute("SET SESSION sql_mode = %s", [form["mode"]])
        cursor.execute(f"UPDATE {group.table} SET {form['row']} WHERE id = {number}")
        cursor.execute("SET SESSION sql_mode = DEFAULT")
    if form.get("put_back"):
        _put_back(server, group, form, number)


def _put_back(server: RunningServer, group: Group, form: Mapping[str, Any], number: int) -> None:
    values = {"id": "i", **form.get("values", {})}
    of_it = ", ".join(f"{group.table}.{name} = {value}" for name, value in values.items())
    run_sql(
        server,
        f"UPDATE {group.table}, (SELECT {number} AS i) AS numbers SET {of_it}"
        f" WHERE id IN ({number}, {number + MOVED})",
    )


if __name__ == "__main__":
    main()
