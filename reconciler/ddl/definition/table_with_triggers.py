"""The file of a table with its triggers behind it, in the order in which they fire."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.ddl.definition.file import DefinitionFile
from reconciler.ddl.definition.program_file import ProgramFile
from reconciler.ddl.programs.lineup import Lineup, moment_of
from reconciler.ddl.programs.trigger import UNSAID, trigger_file_text, trigger_of_file
from reconciler.model.programs import CreatedWith, Trigger


def table_with_triggers(
    table_text: str, triggers: Sequence[Trigger], usual: CreatedWith | None
) -> str:
    """`triggers` of one table. `usual` is what a server keeps of a session that says nothing; a
    file says it only where a trigger has something else."""
    if not triggers:
        return table_text
    by_name = {trigger.name: trigger for trigger in triggers}
    ordered = [by_name[name] for name in Lineup(by_name).of_table(triggers[0].table)]
    chunks = (
        trigger_file_text(one, one.created_with if one.created_with == UNSAID else usual)
        for one in ordered
    )
    return "\n".join((table_text.rstrip("\n") + "\n", *chunks))


def triggers_of_file(file: DefinitionFile) -> tuple[Trigger, ...]:
    """Each with the one that it follows."""
    return tuple(_followed(file.triggers))


def _followed(files: Iterable[ProgramFile]) -> Iterable[Trigger]:
    last: dict[tuple[str, str, str], str] = {}
    for file in files:
        trigger = trigger_of_file(file.statement, None, file.created_with)
        moment = moment_of(trigger)
        yield trigger_of_file(file.statement, last.get(moment), file.created_with)
        last[moment] = trigger.name
