"""How long a statement may take by what the record of applies tells of the like: the same table,
the same kind of work, and how large the table was (RP-31).

A speed of another table, or of another kind of work, is no ground; nor is one of a table that has
grown tenfold since. Where there is no ground nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from reconciler.ddl.lexer import Token, TokenKind
from reconciler.ddl.statement.parts import split_statement
from reconciler.diff.model import Operation
from reconciler.model.engine import TRAITS, EngineName
from reconciler.plan.limits import GROWN_MAX, LEARNED_S_MIN
from reconciler.plan.model import Algorithm, PlanCore, PlannedStatement
from reconciler.plan.words import bytes_words

# Bytes of each table of a shard, data and indexes; None: could not be read.
TableSizes = Mapping[str, int | None]
_Kind = frozenset[str]
_COPIES: _Kind = frozenset({"every row"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PastStatement:
    """One that took effect `at_s`, `took_s` after it was sent, on a table of `size_bytes` then."""

    apply_id: int
    shard: str
    table: str
    sql: str
    engine: EngineName
    took_s: float
    at_s: float
    size_bytes: int


_Known = tuple[PastStatement, _Kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """The statement that takes longest on any shard, on a table of `size_bytes` now, as `past`
    did."""

    shard: str
    table: str
    size_bytes: int
    takes_s: float
    past: PastStatement


@dataclass(frozen=True, slots=True, kw_only=True)
class SentStatement:
    """One that has not ended, sent at `sent_s` to a table of `size_bytes` then."""

    shard: str
    table: str
    sql: str
    engine: EngineName
    sent_s: float
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLeft:
    """Of the statement that ends last: it runs for `ran_s`, and takes as long as was `learned`."""

    learned: Learned
    ran_s: float

    @property
    def left_s(self) -> float:
        """Negative where it takes longer than the like did."""
        return self.learned.takes_s - self.ran_s


def tables_worked_on(core: PlanCore) -> tuple[str, ...]:
    """Those that statements of the plan read or write a second time, sorted."""
    found = (one for change_set in core.change_sets for one in change_set.statements)
    return tuple(sorted({one.object_id.name for one in found if works_on_rows(one)}))


def works_on_rows(statement: PlannedStatement) -> bool:
    """Whether it may take as long as the table is large."""
    is_instant = statement.execution.algorithm is Algorithm.INSTANT
    is_alter = statement.operation is Operation.ALTER_TABLE
    return is_alter and (not is_instant or TRAITS[statement.engine].copies)


def learn(
    core: PlanCore, sizes: Mapping[str, TableSizes], past: Sequence[PastStatement]
) -> Learned | None:
    """`sizes` by shard, as they are before the plan; `past` the newest first."""
    return max(_all(core, sizes, _known(past)), key=lambda one: one.takes_s, default=None)


def time_left(
    sent: Sequence[SentStatement], past: Sequence[PastStatement], *, now_s: float
) -> TimeLeft | None:
    """`past` the newest first, those of the same apply with it."""
    known = _known(past)
    found = (
        TimeLeft(learned=learned, ran_s=max(0.0, now_s - one.sent_s))
        for one in sent
        for alike in (_alike(one.table, one.sql, one.engine, known),)
        if (learned := _on(one.shard, one.table, one.size_bytes, alike)) is not None
    )
    return max(found, key=lambda one: one.left_s, default=None)


def _known(past: Sequence[PastStatement]) -> list[_Known]:
    return [(one, _kind_of(one.sql, one.engine)) for one in past if _counts(one)]


def _alike(
    table: str, sql: str, engine: EngineName, known: Sequence[_Known]
) -> list[PastStatement]:
    kind = _kind_of(sql, engine)
    return [
        one for one, its in known if one.table == table and one.engine is engine and its == kind
    ]


def _all(
    core: PlanCore, sizes: Mapping[str, TableSizes], known: Sequence[_Known]
) -> Iterator[Learned]:
    for change_set in core.change_sets:
        for statement in filter(works_on_rows, change_set.statements):
            table = statement.object_id.name
            alike = _alike(table, statement.sql, statement.engine, known)
            for shard in change_set.shards if alike else ():
                if found := _on(shard, table, sizes.get(shard, {}).get(table), alike):
                    yield found


def _on(
    shard: str, table: str, size_bytes: int | None, alike: Sequence[PastStatement]
) -> Learned | None:
    """By the newest apply that tells of a table about as large: of this shard if it does, else of
    the one whose table was nearest in size."""
    if not size_bytes:
        return None
    near = [one for one in alike if _grown(one.size_bytes, size_bytes) <= GROWN_MAX]
    newest = [one for one in near if one.apply_id == near[0].apply_id]
    if not newest:
        return None
    past = min(
        newest, key=lambda one: (one.shard != shard, _grown(one.size_bytes, size_bytes), one.shard)
    )
    return Learned(
        shard=shard,
        table=table,
        size_bytes=size_bytes,
        takes_s=past.took_s * size_bytes / past.size_bytes,
        past=past,
    )


def _grown(one_bytes: int, other_bytes: int) -> float:
    return max(one_bytes, other_bytes) / min(one_bytes, other_bytes)


def _counts(past: PastStatement) -> bool:
    """What took moments says nothing of a speed."""
    return past.took_s >= LEARNED_S_MIN and past.size_bytes > 0


def _kind_of(sql: str, engine: EngineName) -> _Kind:
    """What is alike in the work: a copy of every row is one whatever the clauses say; in place it
    is what the clauses do, without the names."""
    clauses = list(_clauses(split_statement(sql).tokens))
    if TRAITS[engine].copies or any(_is_copy(clause) for clause in clauses):
        return _COPIES
    return frozenset(" ".join(_verbs(clause)) for clause in clauses) - {""}


def _clauses(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """Behind `ALTER TABLE name`, between commas that stand in no parentheses."""
    depth, clause = 0, list[Token]()
    for token in tokens[3:]:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if token.text == "," and depth == 0:
            yield clause
            clause = []
        else:
            clause.append(token)
    yield clause


def _is_copy(clause: Sequence[Token]) -> bool:
    words = [token.text.upper() for token in clause]
    return words[:1] == ["ALGORITHM"] and words[-1] == "COPY"


def _verbs(clause: Sequence[Token]) -> Iterator[str]:
    """'ADD KEY', 'MODIFY COLUMN'; nothing of ALGORITHM and LOCK, which ask and do nothing."""
    words = [token.text.upper() for token in clause[:2] if token.kind is TokenKind.WORD]
    return iter(() if words[:1] in (["ALGORITHM"], ["LOCK"]) else words)


def learned_words(learned: Learned) -> str:
    """'users takes about 40 min on shard -40 (44 GB), as the like took 38 min for 41 GB there in
    apply 12 of 2026-10-02, waits included'."""
    return (
        f"{learned.table} takes about {_time(learned.takes_s)} on shard {learned.shard}"
        f" ({bytes_words(learned.size_bytes)}), as {_ground(learned)}"
    )


def time_left_words(found: TimeLeft) -> str:
    """'about 30 min for users on shard -40 (44 GB), as the like took 38 min for 41 GB there in
    apply 12 of 2026-10-02, waits included'."""
    learned = found.learned
    about = f"{learned.table} on shard {learned.shard} ({bytes_words(learned.size_bytes)})"
    if found.left_s <= 0:
        return f"{about} runs for {_time(found.ran_s)} now; {_ground(learned)}"
    return f"about {_time(found.left_s)} for {about}, as {_ground(learned)}"


def _ground(learned: Learned) -> str:
    past = learned.past
    where = "there" if past.shard == learned.shard else f"on shard {past.shard}"
    day = datetime.fromtimestamp(past.at_s, UTC).date().isoformat()
    return (
        f"the like took {_time(past.took_s)} for {bytes_words(past.size_bytes)} {where}"
        f" in apply {past.apply_id} of {day}, waits included"
    )


def _time(seconds: float) -> str:
    """'38 min': to two figures or so, for it is no promise."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7_200 else f"{seconds / 3_600:.1f} h"
