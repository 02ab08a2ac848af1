"""The cases of VSchemas: what one is, what it becomes, and what is said of that.

sharded: false               default: true; of both, where they do not say it
tables: users id bigint; ... tables of the schema files, with columns; default: not looked at
--- from                     vindexes and tables as JSON, without the outermost braces; or (none)
--- to                       absent: there is no change, and only `faults` are told
--- changes                  kind, object, part; one a line
--- hazards                  kind, object, and `!` where it needs permission; one a line
--- faults                   code, and the place in `to`
--- notes                    each a line
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from reconciler.model.object_id import ObjectKind
from reconciler.model.policy import Hazard, HazardKind
from reconciler.model.schema import Column, Table
from reconciler.vschema.against_tables import column_faults, name_faults, sharing_notes
from reconciler.vschema.checks import faults_in
from reconciler.vschema.diff import diff_vschemas
from reconciler.vschema.document import VSchema
from reconciler.vschema.model import VSchemaChange
from reconciler.vschema.read import Fault, dotted, read_vschema
from tests.sections import CaseText, case_texts

VSCHEMA_HAZARDS = {
    HazardKind.UNREACHABLE_ROWS,
    HazardKind.NEEDS_BACKFILL,
    HazardKind.STALE_LOOKUP,
    HazardKind.UNROUTED_TABLE,
    HazardKind.CHANGE_SEQUENCE,
    HazardKind.CHANGE_ROUTING,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VSchemaCase:
    text: CaseText

    @property
    def before(self) -> VSchema:
        read = read_vschema(json.dumps(self._document("from")).encode())
        assert not read.faults, read.faults
        return read.vschema

    @property
    def after(self) -> VSchema:
        return read_vschema(json.dumps(self._document("to")).encode()).vschema

    def changes(self) -> tuple[VSchemaChange, ...]:
        return diff_vschemas(self.before, self.after)

    def faults(self) -> list[Fault]:
        read = read_vschema(json.dumps(self._document("to")).encode())
        if read.faults:
            return [*read.faults]
        found = [*faults_in(read.vschema)]
        if self.tables is not None:
            names = {table.name for table in self.tables}
            found += name_faults(
                read.vschema,
                names,
                keyspaces=["commerce"],
                is_ignored=lambda name: name.startswith("_"),
            )
            found += column_faults(read.vschema, self.tables)
        return found

    def notes(self) -> list[str]:
        return [*sharing_notes(self.after, self.tables or ())]

    @property
    def tables(self) -> tuple[Table, ...] | None:
        told = self.text.headers.get("tables")
        if told is None:
            return None
        return tuple(map(_table, filter(None, map(str.strip, told.split(";")))))

    def lines(self, section: str) -> list[str]:
        return self.text.lines(section) if section in self.text.sections else []

    def _document(self, section: str) -> Any:
        written = self.text.sections[section].strip()
        document = {} if written == "(none)" else json.loads(f"{{{written}}}")
        if self.text.headers.get("sharded", "true") == "true":
            document.setdefault("sharded", True)
        return document


def vschema_cases() -> list[VSchemaCase]:
    return [VSchemaCase(text=text) for text in case_texts("vschema")]


def shown_change(change: VSchemaChange) -> str:
    about = change.object_id
    name = about.name if about.kind is ObjectKind.TABLE else about.titled
    return f"{change.kind} {name} {change.part}".strip()


def shown_hazard(hazard: Hazard) -> str:
    return f"{hazard.kind} {hazard.object}{' !' if hazard.needs_permission else ''}"


def shown_fault(fault: Fault) -> str:
    return f"{fault.code} {dotted(fault.at)}"


def _table(told: str) -> Table:
    """`users id bigint, name varchar(20)`; with ` = a comment` behind it."""
    told, _, comment = told.partition(" = ")
    name, _, columns = told.partition(" ")
    pairs = (column.strip().split(" ", 1) for column in columns.split(","))
    return Table(
        name=name,
        columns=tuple(Column(name=column, sql_type=kind) for column, kind in pairs),
        options=(("COMMENT", f"'{comment}'"),) if comment else (),
    )
