"""What shards answered about their rows, in words and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.plan.words import count, shard_set
from reconciler.preflight.answered import Answered, Preflight
from reconciler.preflight.model import Answer, Holds, NotSettled, Violated
from reconciler.preflight.sql import at_once_sql, example_ends_sql, example_sql
from reconciler.report.json_values import Json
from reconciler.report.times import clock, moment

_AT_ONCE_S = 60.0


def answered_words(one: Answered) -> str:
    """'orders, uk: rows with equal values: holds on 255 of 256, violated on -40 (at least 3 rows),
    as of 14:03:07 UTC'."""
    probe, total = one.probe, len(one.answers)
    told = "; ".join(_parts(one, total))
    about = f"{probe.table}, {probe.raised.object}: no {probe.raised.what}"
    return f"{about}: {told}, as of {_when(one)}{_behind(one)}"


def _when(one: Answered) -> str:
    """The first of them counts: some may have been kept from a while ago."""
    times = sorted(answer.at_s for _, answer in one.answers)
    if times[-1] - times[0] < _AT_ONCE_S:
        return f"{clock(times[-1])} UTC"
    return f"{moment(times[0])} to {clock(times[-1])}"


def _behind(one: Answered) -> str:
    """Of the replicas that answered; '' where none did."""
    answers = [answer for _, answer in one.answers if not isinstance(answer, NotSettled)]
    behind = [answer.behind_s for answer in answers if answer.behind_s is not None]
    return f", on replicas at most {max(behind)} s behind" if behind else ""


def _parts(one: Answered, total: int) -> Iterator[str]:
    if one.holding:
        on = "all of" if len(one.holding) == total else f"{len(one.holding):,} of"
        yield f"holds on {on} {count(total, 'shard')}"
    if one.violated:
        least = sum(answer.rows_min for _, answer in one.violated)
        named = shard_set([shard for shard, _ in one.violated], total)
        yield f"violated on {named} (at least {count(least, 'row')})"
    reasons: dict[tuple[str, bool], list[tuple[str, NotSettled]]] = {}
    for shard, answer in one.open:
        kind = (answer.because, answer.place is not None)
        reasons.setdefault(kind, []).append((shard, answer))
    for (because, _), found in reasons.items():
        shards = shard_set([shard for shard, _ in found], total)
        yield f"not settled on {shards}: {because}{_reached([answer for _, answer in found])}"


def _reached(answers: Sequence[NotSettled]) -> str:
    """From where the next run goes on; the shard that is the farthest behind is told."""
    places = [answer.place for answer in answers if answer.place is not None]
    if not places:
        return ""
    last = min(places, key=lambda place: place.percent)
    return (
        f", seen up to about {last.percent} % of the rows by {clock(last.seen_s)} UTC;"
        " the next run goes on from there"
    )


def queries(preflight: Preflight) -> tuple[str, ...]:
    """The exact statements, each one line, to be run one behind the other; none where no row was
    asked."""
    asked = (
        (at_once_sql(one.probe), example_ends_sql(one.probe), example_sql(one.probe))
        for one in preflight.answered
    )
    lines: list[str] = []
    ends: tuple[str, ...] = ()
    for at_once, own_ends, stretch in dict.fromkeys(asked):
        lines += [at_once] if at_once is not None else []
        if stretch is not None:
            lines += [*(own_ends if own_ends != ends else ()), stretch]
            ends = own_ends
    return tuple(f"{sql};" for sql in lines)


def preflight_json(preflight: Preflight | None) -> list[Json] | None:
    """null: no row was asked."""
    if preflight is None:
        return None
    return [_question(one) for one in preflight.answered]


def _question(one: Answered) -> Json:
    raised = one.probe.raised
    return {
        "table": one.probe.table,
        "object": raised.object,
        "kind": raised.kind.value,
        "asks_for": raised.what,
        "effect": raised.effect.value,
        "statement": one.probe.statement,
        "query": at_once_sql(one.probe),
        "query_by_stretches": example_sql(one.probe),
        "set_before_by_stretches": [*example_ends_sql(one.probe)],
        "shards": [{"shard": shard, **_answer(answer)} for shard, answer in one.answers],
    }


def _answer(answer: Answer) -> Json:
    match answer:
        case Holds(at_s=at_s, rows_seen=rows_seen, because=because, behind_s=behind_s):
            return {
                "answer": "holds",
                "at_s": at_s,
                "replica_behind_s": behind_s,
                "rows_seen": rows_seen,
                "because": because or None,
            }
        case Violated(at_s=at_s, rows_min=rows_min, behind_s=behind_s):
            return {
                "answer": "violated",
                "at_s": at_s,
                "replica_behind_s": behind_s,
                "rows_min": rows_min,
            }
        case NotSettled(at_s=at_s, because=because, place=place):
            return {
                "answer": "not-settled",
                "at_s": at_s,
                "because": because,
                "rows_seen": place.rows_seen if place is not None else None,
                "rows_of": place.rows_of if place is not None else None,
                "seen_at_s": place.seen_s if place is not None else None,
            }
