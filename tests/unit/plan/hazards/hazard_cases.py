"""The cases of hazards: what a table is, what it becomes, and every finding that this must raise.

class: COPY SHARED rebuild     how the server runs each ALTER (default: INPLACE NONE)
flavor: mariadb                default: mysql
renames: column old to new     as a schema file asks for it
--- from                       the lines of table `t`, or a whole CREATE TABLE, or (none)
--- to
--- hazards                    kind, object, and `!` where it needs permission; one a line
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconciler.ddl.read import read_table
from reconciler.diff.model import Step
from reconciler.diff.schema_diff import diff_schemas
from reconciler.model.policy import Hazard, Policy
from reconciler.model.renames import Rename, RenameKind
from reconciler.model.schema import Schema
from reconciler.model.server import Flavor, ServerVersion
from reconciler.plan.hazards import hazards_of
from reconciler.plan.hazards.statement_context import StatementContext, old_column_names
from reconciler.plan.model import Algorithm, ExecutionClass, Lock
from tests.sections import CaseText, case_texts

VERSIONS = {
    Flavor.MYSQL: ServerVersion(flavor=Flavor.MYSQL, major=9, minor=7, patch=4),
    Flavor.MARIADB: ServerVersion(flavor=Flavor.MARIADB, major=11, minor=8, patch=6),
}
_OPTIONS = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardCase:
    text: CaseText
    flavor: Flavor
    before: str | None
    after: str | None
    renames: tuple[Rename, ...]

    @property
    def expected(self) -> list[str]:
        return sorted(self.text.lines("hazards"))

    def schema(self, definition: str | None) -> Schema:
        version = VERSIONS[self.flavor]
        return Schema(tables=(read_table(definition, version),) if definition else ())

    def steps(self) -> tuple[Step, ...]:
        found = diff_schemas(
            self.schema(self.before),
            self.schema(self.after),
            policy=Policy(),
            renames=self.renames,
            version=VERSIONS[self.flavor],
        )
        assert not found.refusals, found.refusals
        return found.steps

    def hazards(self) -> list[Hazard]:
        return [hazard for context in self.contexts() for hazard in hazards_of(context)]

    def contexts(self) -> list[StatementContext]:
        steps = self.steps()
        return [
            StatementContext(
                step=step,
                clauses=step.clauses,
                execution=self._execution(),
                old_columns=old_column_names(steps, step.table),
            )
            for step in steps
        ]

    def _execution(self) -> ExecutionClass:
        words = self.text.headers.get("class", "INPLACE NONE").split()
        return ExecutionClass(
            algorithm=Algorithm(words[0]), lock=Lock(words[1]), rebuilds="rebuild" in words
        )


def hazard_cases(folder: str = "hazards") -> list[HazardCase]:
    return [
        HazardCase(
            text=text,
            flavor=Flavor(text.headers.get("flavor", Flavor.MYSQL)),
            before=_definition(text.sections["from"]),
            after=_definition(text.sections["to"]),
            renames=_renames(text.headers.get("renames")),
        )
        for text in case_texts(folder)
    ]


def shown(hazard: Hazard) -> str:
    return f"{hazard.kind} {hazard.object}{' !' if hazard.needs_permission else ''}"


def _definition(section: str) -> str | None:
    text = section.rstrip("\n")
    if text == "(none)":
        return None
    return text if text.startswith("CREATE") else f"CREATE TABLE `t` (\n{text}\n) {_OPTIONS}"


def _renames(header: str | None) -> tuple[Rename, ...]:
    match = re.fullmatch(r"(\w+) (\w+) to (\w+)", header or "")
    if match is None:
        return ()
    kind = RenameKind(match[1])
    return (Rename(kind=kind, table="t", old=match[2], new=match[3]),)
