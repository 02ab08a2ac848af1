"""The names that an engine takes for what it makes beside a table: what else is called so is in its
way, whosever it is (EN-81)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from reconciler.model.engine import EngineName
from reconciler.plan.engines import gh_ost_names, pt_osc_names, spirit_names


@dataclass(frozen=True, slots=True)
class NamesTaken:
    """`tables` share one space of names with views and sequences."""

    tables: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()


def names_taken(engine: EngineName, table: str, database: str) -> NamesTaken:
    """None of them where the engine has no names for the table: that it refuses by itself."""
    match engine:
        case EngineName.DIRECT | EngineName.VITESS:  # Vitess makes a new name for each copy
            return NamesTaken()
        case EngineName.GH_OST:
            of_gh_ost = gh_ost_names.names_of(table)
            return NamesTaken(of_gh_ost.all if of_gh_ost else ())
        case EngineName.SPIRIT:
            of_spirit = spirit_names.names_for(database, table)
            return NamesTaken(of_spirit.tables if of_spirit else ())
        case EngineName.PT_OSC:
            of_pt_osc = pt_osc_names.names_of(database, table)
            return NamesTaken(of_pt_osc.tables, of_pt_osc.triggers)
        case _:
            assert_never(engine)
