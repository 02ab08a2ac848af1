"""Lines of a terminal about the fleet: what drifted, what is nobody's, what was looked at."""

from __future__ import annotations

from reconciler.plan.visible import visible_line
from reconciler.report import blocks
from reconciler.report.style import Style
from reconciler.report.write.difference import difference_lines
from reconciler.report.write.painted import TONES, painted_difference
from reconciler.report.write.plain import Lines, plain, sql_lines, wrapped

_CHECK_MARGIN = " " * 11  # under the text that follows a word
_GROUP_MARGIN = " " * 17  # under the text that follows a sign and a word


def group_lines(group: blocks.Group, style: Style) -> Lines:
    reason = f": {visible_line(group.reason)}" if group.reason else ""
    first, *more = wrapped(
        f"{plain(group.shards)}{reason}", style.width_chars, first=_GROUP_MARGIN, rest="    "
    )
    sign = _signed(group.sign, group.word, group.mark, style)
    yield f"{sign}  {first[len(_GROUP_MARGIN) :]}"
    yield from more
    if step := plain(group.recovery):
        yield from wrapped(step, style.width_chars, first="    next: ")
    if group.difference is not None:
        for line in difference_lines(group.difference):
            yield f"    {painted_difference(line, style)}"
    for divergence in group.divergences:
        yield f"    {visible_line(f'table {divergence.table}: {divergence.text}')}"
        for sql in divergence.repair:
            first, *more = sql_lines(sql)
            yield f"      back to git: {first}"
            yield from (f"                   {line}" for line in more)


def not_compared_lines(block: blocks.NotCompared, style: Style) -> Lines:
    for number, (kind, name, where) in enumerate(block.tables):
        if number:
            yield ""
        sign = _signed(block.sign, block.word, block.mark, style)
        said = f"{kind} {visible_line(name)} on {plain(where)}"
        first, *more = wrapped(said, style.width_chars, first=_GROUP_MARGIN, rest="    ")
        yield f"{sign}  {first[len(_GROUP_MARGIN) :]}"
        yield from more


def _signed(sign: str, word: str, mark: blocks.Mark, style: Style) -> str:
    return style.paint(f"{sign} {visible_line(word):<13}", TONES[mark])


def check_lines(check: blocks.Check, style: Style) -> Lines:
    text = visible_line(f"{check.subject}: {check.text}")
    first, *more = wrapped(text, style.width_chars, first=_CHECK_MARGIN, rest=f"{_CHECK_MARGIN}  ")
    word = style.paint(f"{visible_line(check.word):<8}", TONES[check.mark])
    yield f"  {word} {first[len(_CHECK_MARGIN) :]}"
    yield from more
    if step := plain(check.recovery):
        yield from wrapped(step, style.width_chars, first=f"{_CHECK_MARGIN}next: ")
