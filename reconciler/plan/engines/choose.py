"""The engine of one statement: by the spec's rules, among those that can take it.

A plan keeps the engine that was reviewed while the table's size moves across the bound of a rule:
how much larger it may get at all is the row ceiling's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from reconciler.diff.statement import alter_sql
from reconciler.model.engine import TRAITS, EngineName
from reconciler.plan.engines.gh_ost import gh_ost_obstacles
from reconciler.plan.engines.pt_osc import pt_osc_obstacles
from reconciler.plan.engines.question import EngineQuestion
from reconciler.plan.engines.spirit import spirit_obstacles
from reconciler.plan.engines.told import why_not_told
from reconciler.plan.engines.vitess import vitess_obstacles
from reconciler.spec.model import EngineRule, EngineRules

Obstacles = Callable[[EngineQuestion], Iterator[str]]

OBSTACLES: Mapping[EngineName, Obstacles] = {
    EngineName.DIRECT: lambda question: iter(()),
    EngineName.GH_OST: gh_ost_obstacles,
    EngineName.SPIRIT: spirit_obstacles,
    EngineName.PT_OSC: pt_osc_obstacles,
    EngineName.VITESS: vitess_obstacles,
}

#: The servers that each of the programs works with.
WORKS_WITH: Mapping[EngineName, str] = {
    EngineName.GH_OST: "MySQL, and MariaDB from 11.1 on",
    EngineName.SPIRIT: "MySQL",
    EngineName.PT_OSC: "MySQL and MariaDB",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NoEngine:
    """None of the engines that the spec names can take the statement, each for its reasons."""

    reasons: tuple[tuple[EngineName, tuple[str, ...]], ...]


def choose_engine(
    question: EngineQuestion, rules: EngineRules, reviewed: EngineName | None = None
) -> EngineName | NoEngine:
    """`reviewed` is the engine of this statement in the plan that is about to be applied."""
    if reviewed is not None:
        either = [_first_able(question, _wanted(question, rules, over)) for over in (True, False)]
        if reviewed in either:
            return reviewed
    return _first_able(question, _wanted(question, rules, None))


def obstacles_of(name: EngineName, question: EngineQuestion) -> Iterator[str]:
    """Every reason why the engine cannot take the statement. What its adapter would read in the
    text of the statement is read here as well, where nothing else says so already."""
    yield from (found := tuple(OBSTACLES[name](question)))
    if not found and TRAITS[name].copies:
        context = question.context
        sql = alter_sql(context.step.table, context.clauses)
        if reason := why_not_told(name, sql, context.step.table):
            yield reason


def _first_able(question: EngineQuestion, names: tuple[EngineName, ...]) -> EngineName | NoEngine:
    reasons = []
    for name in names:
        found = tuple(dict.fromkeys(obstacles_of(name, question)))
        if not found:
            return name
        reasons.append((name, found))
    return NoEngine(reasons=tuple(reasons))


def _wanted(
    question: EngineQuestion, rules: EngineRules, is_over: bool | None
) -> tuple[EngineName, ...]:
    """In the spec's order. `is_over`: whatever the table's size is; None: as large as it is."""
    if not (question.copies_rows or question.builds_index):
        return (EngineName.DIRECT,)
    for pattern, names in rules.tables:
        if fnmatchcase(question.context.step.table, pattern):
            return names
    rule = rules.rebuild if question.copies_rows else rules.index
    if rule is None:
        return rules.default
    over = _is_over(question, rule) if is_over is None else is_over
    return rule.use if over else rules.default


def _is_over(question: EngineQuestion, rule: EngineRule) -> bool:
    """A size that nobody could read may be any."""
    return question.size_bytes is None or question.size_bytes >= rule.over_bytes
