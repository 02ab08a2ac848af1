"""Which programs and foreign keys a statement takes something from, by name.

Nothing is tried here: a name that a text uses may mean something else, and what a text builds when
it runs is not seen. What stands on a view that loses something loses it, too.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.ddl.lexer import may_run_together, names_of, words_in
from reconciler.ddl.statement.check import StatementKind
from reconciler.ddl.statement.reach import Reach, reach_of
from reconciler.model.dependents import Program, Reference
from reconciler.model.object_id import ObjectKind


def names_in(text: str) -> frozenset[str]:
    """Every name that the text can mean, in small letters."""
    return frozenset(name.lower() for name in names_of(text))


def words_of(text: str) -> frozenset[str]:
    """What is left of a text without the signs between, in small letters: `words_of_name` of each
    of its names is in it, which is found at a small part of the price of names."""
    if not may_run_together(text):
        return words_of_name(text)
    return words_of_name(text).union(*map(words_of_name, names_of(text)))


def words_of_name(name: str) -> frozenset[str]:
    # In small letters, a sigma is another one where a word ends, and so a text's than its name's.
    return frozenset(words_in(name.lower().replace("\N{GREEK SMALL LETTER FINAL SIGMA}", "σ")))


def programs_at_stake(reach: Reach, programs: Iterable[Program]) -> tuple[Program, ...]:
    """Those that use a name which is gone behind the statement, or fire on a table whose columns
    it defines again and use one of them. A text that is hidden from the login uses nothing here."""
    names = {program: names_in(program.text) for program in programs if program.text is not None}
    found = {program for program, used in names.items() if _uses(program, used, reach)}
    while True:
        views = {p.name.lower() for p in found if p.kind is ObjectKind.VIEW}
        standing_on = {
            program
            for program, used in names.items()
            if program.kind is ObjectKind.VIEW and program not in found and used & views
        }
        if not standing_on:
            return tuple(program for program in names if program in found)
        found |= standing_on


def references_at_stake(reach: Reach, references: Iterable[Reference]) -> tuple[Reference, ...]:
    """Those that rest on what the statement takes away or changes of its table."""
    if reach.program is not None:
        return ()  # none refers to a program, which may have the name of a table
    touched = {column.lower() for column in (*reach.gone, *reach.changed)}
    return tuple(
        reference
        for reference in references
        if reference.parent.lower() == reach.table.lower()
        and (
            reach.takes_table
            or reach.unbinds
            or not touched.isdisjoint(column.lower() for column in reference.parent_columns)
        )
    )


def may_take_from_dependents(reach: Reach) -> bool:
    """Whether there can be a program or a foreign key that the statement takes something from."""
    return bool(reach.takes_table or reach.unbinds or reach.gone or reach.changed)


def is_made_again(reach: Reach, later: Iterable[str]) -> bool:
    """MySQL, which replaces no routine: it goes, and comes by one of these statements."""
    is_routine = reach.kind is StatementKind.DROP_ROUTINE
    return is_routine and any(reach_of(sql).program == reach.program for sql in later)


def what_is_used(reach: Reach, program: Program) -> str:
    """The name that the program loses, for people."""
    used = names_in(program.text or "")
    columns = sorted(name for name in reach.gone | reach.changed if name.lower() in used)
    return f"{reach.table}.{columns[0]}" if columns and not reach.takes_table else reach.table


def _uses(program: Program, used: frozenset[str], reach: Reach) -> bool:
    names_table = reach.table.lower() in used
    if reach.takes_table:
        return names_table  # a trigger of the table itself goes with it, or follows it
    fires_on_it = program.database is None and (program.table or "").lower() == reach.table.lower()
    gone = {column.lower() for column in reach.gone}
    changed = {column.lower() for column in reach.changed}
    return bool((names_table or fires_on_it) and used & gone) or bool(
        fires_on_it and used & changed
    )
