"""Every rule put to every table, and those about names to every program: what is said, how much it
weighs, and what is let be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.ddl.outline.model import TableOutline
from reconciler.lint.model import Asked, Found, Keyspace, Option, Remark, Rule, Severity
from reconciler.lint.rules import BY_NAME, RULES
from reconciler.lint.settings import LintException, LintSettings

Key = tuple[str, str, str]
"""Rule, table, and object or nothing, names in small letters: what a baseline lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """`tables` counts those that were looked at. `remarks` are by table and place; `listed` are
    those that the baseline has, `excepted` those that the spec allows; `unused` exceptions allow
    nothing, of which only a look at every table can tell."""

    tables: int
    remarks: tuple[Remark, ...] = ()
    listed: tuple[Remark, ...] = ()
    excepted: tuple[Remark, ...] = ()
    unused: tuple[LintException, ...] = ()


def judge(
    keyspace: Keyspace,
    settings: LintSettings,
    *,
    baseline: frozenset[Key] = frozenset(),
    before: Keyspace | None = None,
) -> Judgement:
    """Of a keyspace whose shards were seen, rules about that are asked, and else all others. With
    `before`, the keyspace as it was, only tables that have changed since are looked at,
    and what a rule did not find there is new."""
    told: list[Remark] = []
    listed: list[Remark] = []
    excepted: list[Remark] = []
    used: set[LintException] = set()
    tables = _changed(keyspace, before)
    of_programs = _of_programs(keyspace, settings, before)
    for remark in (*_all(tables, keyspace, settings, before), *of_programs):
        covering = [one for one in settings.allow if one.covers(remark)]
        used.update(covering)
        if covering:
            excepted.append(remark)
        else:
            (listed if key_of(remark) in baseline else told).append(remark)
    unused = [
        one for one in settings.allow if one not in used and not _is_asked_elsewhere(one.rule)
    ]
    return Judgement(
        tables=len(tables),
        remarks=tuple(told),
        listed=tuple(listed),
        excepted=tuple(excepted),
        unused=tuple(unused) if before is None else (),
    )


def key_of(remark: Remark) -> Key:
    """Names without blanks around them, which no reader of a baseline gets (PL-9)."""
    return remark.rule, remark.table.lower().strip(), (remark.object or "").lower().strip()


def _changed(keyspace: Keyspace, before: Keyspace | None) -> tuple[TableOutline, ...]:
    return tuple(
        table
        for name, table in sorted(keyspace.tables.items())
        if before is None or before.tables.get(name) != table
    )


def _all(
    tables: Iterable[TableOutline],
    keyspace: Keyspace,
    settings: LintSettings,
    before: Keyspace | None,
) -> Iterator[Remark]:
    for table in tables:
        rules = (rule for rule in RULES if rule.of_live == bool(keyspace.live))
        remarks = (
            remark for rule in rules for remark in _of_rule(rule, table, keyspace, settings, before)
        )
        yield from sorted(remarks, key=lambda one: (one.line, one.column, one.rule, one.message))


def _of_programs(
    keyspace: Keyspace, settings: LintSettings, before: Keyspace | None
) -> Iterator[Remark]:
    """Of each that is not called so there already."""
    there = frozenset(before.programs if before is not None else ())
    known = {program.about for program in there}
    for program in keyspace.programs:
        if program in there or keyspace.live:
            continue
        new = before is not None and program.about not in known
        for rule in RULES:
            severity = _weight(rule, keyspace, settings, new=new)
            if rule.check_name is None or severity is Severity.OFF:
                continue
            for found in rule.check_name(program.about.name, program.at):
                yield Remark(
                    rule=rule.name,
                    severity=severity,
                    table=program.about.name,
                    object=None,
                    message=found.message,
                    path=program.path,
                    line=found.at.line,
                    column=found.at.column,
                    new=new,
                )


def _of_rule(
    rule: Rule,
    table: TableOutline,
    keyspace: Keyspace,
    settings: LintSettings,
    before: Keyspace | None,
) -> Iterator[Remark]:
    weights = {new: _weight(rule, keyspace, settings, new=new) for new in (False, True)}
    if set(weights.values()) == {Severity.OFF}:
        return
    options = settings.options(rule)
    old = before.before(table) if before is not None else None
    if rule.of_changes and old is None:
        return
    known = _known(rule, old, before, options) if before is not None else None
    asked = Asked(
        table=table, keyspace=keyspace, options=options, before=old, keyspace_before=before
    )
    for found in rule.check(asked):
        new = known is not None and _folded(found) not in known
        severity = weights[new]
        if severity is Severity.OFF:
            continue
        if found.severity is not None and settings.severity(rule, new=new) is None:
            severity = found.severity
        yield Remark(
            rule=rule.name,
            severity=severity,
            table=table.name,
            object=found.object,
            message=found.message,
            path=table.path,
            line=found.at.line,
            column=found.at.column,
            new=new,
            edits=found.edits,
        )


def _weight(rule: Rule, keyspace: Keyspace, settings: LintSettings, *, new: bool) -> Severity:
    said = settings.severity(rule, new=new)
    return rule.weight(keyspace, new=new) if said is None else said


def _known(
    rule: Rule, old: TableOutline | None, before: Keyspace, options: Mapping[str, Option]
) -> frozenset[str]:
    """The objects of which the rule had something to say before."""
    if old is None or rule.of_changes:
        return frozenset()
    asked = Asked(table=old, keyspace=before, options=options)
    return frozenset(map(_folded, rule.check(asked)))


def _is_asked_elsewhere(name: str) -> bool:
    """Not by a look at files alone."""
    return name in BY_NAME and (BY_NAME[name].of_changes or BY_NAME[name].of_live)


def _folded(found: Found) -> str:
    return (found.object or "").lower()
