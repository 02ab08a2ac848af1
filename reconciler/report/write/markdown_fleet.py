"""What was found in a fleet, in GitHub's Markdown: drift, files, the checks of doctor."""

from __future__ import annotations

from reconciler.plan import words
from reconciler.plan.visible import visible_sql
from reconciler.report import blocks
from reconciler.report.spans import Name, Text
from reconciler.report.write.difference import difference_lines
from reconciler.report.write.neutral import fenced, inline
from reconciler.report.write.pieces import MARKS, Parts, cell, joined, part, said, table_rows


def groups(block: blocks.Groups) -> Parts:
    rows = [
        (f"{group.sign} **{said(group.word)}**", cell(group.shards), _meaning(group))
        for group in block.groups
    ]
    if rows:
        yield part(table_rows(("State", "Shards", "Meaning"), rows, "groups of shards"), block.cut)
    for group in block.groups:
        yield from _divergences(group, block)


def _meaning(group: blocks.Group) -> str:
    step = f"<br>Next: {cell(group.recovery)}" if group.recovery else ""
    return f"{said(group.reason or group.meaning)}{step}"


def _divergences(group: blocks.Group, block: blocks.Groups) -> Parts:
    """What differs, and one way back: a statement may take several differences away."""
    heading = f"#### {said(group.word)}: {cell(group.shards)}"
    if group.difference is not None:
        told = fenced(joined(difference_lines(group.difference)), "diff")
        yield part(f"{heading}\n\n{told}", block.divergences_cut)
    if not group.divergences:
        return
    items = (inline((Name(d.table), Text(f": {d.text}"))) for d in group.divergences)
    yield part(f"{heading}\n\n{joined(f'- {item}' for item in items)}", block.divergences_cut)
    repair = [
        visible_sql(words.terminated(sql)) for found in group.divergences for sql in found.repair
    ]
    if repair:
        sql = fenced(joined(dict.fromkeys(repair)), "sql")
        text = f"The way back to git, through a reviewed plan:\n\n{sql}"
        yield part(text, block.repair_cut)


def not_compared(block: blocks.NotCompared) -> str:
    items = (inline((Name(name), Text(" on "), *where)) for _, name, where in block.tables)
    what = f"{block.sign} **{said(block.word)}**: {said(block.meaning)}"
    return f"{what}\n\n{joined(f'- {item}' for item in items)}"


def files(block: blocks.Files) -> str:
    items = [inline((Text(f"{verb} "), Name(path))) for verb, path in block.changed]
    items += [inline((Text(block.rest),))] if block.rest else []
    return joined(f"- {item}" for item in items)


def checks(block: blocks.Checks) -> str:
    rows = [
        (
            f"{MARKS[check.mark]} {said(check.word)}",
            cell((Name(check.subject),)),
            said(check.text),
            cell(check.recovery),
        )
        for check in block.checks
    ]
    return table_rows(("", "Check", "Found", "Next"), rows, "checks")
