"""The order in which things are changed, where there is one: who is done, who waits for whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.outcomes.turns import Stands, Turn, TurnWord
from reconciler.plan import words
from reconciler.report import blocks
from reconciler.report.apply_words import state_words
from reconciler.report.blocks import Mark
from reconciler.report.compose.opening import title
from reconciler.report.document import Report
from reconciler.report.spans import Line, Moment, Name, Text


def turn_reports(turns: Sequence[Turn]) -> Iterator[Report]:
    """Of each list of deployments one, whatever has come of them; of what waits elsewhere, each,
    and of a deployment that was looked at without the others of its list."""
    lists: dict[tuple[str, str], list[Turn]] = {}
    for turn in turns:
        if turn.deployment_of is not None:
            about = (turn.deployment_of, turn.stands.keyspace)
            lists.setdefault(about, []).append(turn)
    alone = [turn for turn in turns if turn.deployment_of is None]
    for (environment, keyspace), members in lists.items():
        if len(members) == members[0].among:
            yield _of_deployments(environment, keyspace, members)
        else:
            alone += members
    for turn in alone:
        if turn.waits_for:
            here = turn.stands
            yield Report(
                title=title(Mark.WAITING, here.keyspace, here.environment, "not its turn"),
                blocks=(blocks.Paragraph(text=(Text("It "), *_waits(turn))),),
            )


def _of_deployments(environment: str, keyspace: str, members: Sequence[Turn]) -> Report:
    done = sum(turn.stands.is_done for turn in members)
    verdict = f"{done:,} of {words.count(len(members), 'deployment')} done"
    mark = Mark.GOOD if done == len(members) else Mark.WAITING
    items = tuple(
        (Name(turn.stands.environment), Text(f": {_word(turn.stands)}"), *_behind(turn))
        for turn in members
    )
    return Report(
        title=title(mark, keyspace, environment, verdict), blocks=(blocks.Items(items=items),)
    )


def _behind(turn: Turn) -> Line:
    return (Text("; "), *_waits(turn)) if turn.waits_for else ()


def _waits(turn: Turn) -> Line:
    """The first that it waits for, and how many more there are."""
    first, *more = turn.waits_for
    also = f", and for {len(more):,} more" if more else ""
    until: Line = ()
    if first.until_s is not None:
        until = (Text(" until "), Moment(first.until_s))
    return (
        Text("waits for "),
        *_about(first, turn.stands),
        Text(f", which is {_word(first)}"),
        *until,
        Text(also),
    )


def _about(other: Stands, here: Stands) -> Line:
    """As far as it is another one."""
    keyspace: Line = () if other.keyspace == here.keyspace else (Name(other.keyspace),)
    environment: Line = () if other.environment == here.environment else (Name(other.environment),)
    between: Line = (Text(" in "),) if keyspace and environment else ()
    return (*keyspace, *between, *environment)


def _word(stands: Stands) -> str:
    if stands.word is TurnWord.BEGUN and stands.state is not None:
        return state_words(stands.state)
    return stands.word.value
