"""The live display of an apply: calm, whole, and right after a resume."""

from __future__ import annotations

from reconciler.cli.board import Board
from reconciler.ledger.reasons import InWords
from reconciler.ledger.states import OperationState
from reconciler.model.fleet import even_shards
from reconciler.model.object_id import table_id
from reconciler.outcomes.progress import (
    RolloutStarted,
    RolloutWaits,
    ShardEnded,
    ShardStarted,
    StatementStarted,
)

S = OperationState
LOCK = InWords("the statement waits for the metadata lock of users, which " + "a long story " * 20)


def lines(board: Board, width: int = 80) -> list[str]:
    return [text.plain for text in board.lines(width, 100.0)]


def started(*waves: tuple[str, ...], done: tuple[str, ...] = ()) -> RolloutStarted:
    return RolloutStarted(
        at_s=1.0, keyspace="commerce", apply_id=17, waves=waves, statements=2, done=done
    )


def begin(board: Board, shard: str, wave: int) -> None:
    board.show(ShardStarted(at_s=2.0, keyspace="commerce", shard=shard, wave=wave))
    board.show(
        StatementStarted(
            at_s=3.0,
            keyspace="commerce",
            shard=shard,
            object_id=table_id("users"),
            sql="ALTER TABLE `users`",
            number=1,
            of=1,
        )
    )


def end(board: Board, shard: str, wave: int, state: OperationState) -> None:
    board.show(ShardEnded(at_s=4.0, keyspace="commerce", shard=shard, wave=wave, state=state))


def test_a_shard_that_waits_takes_nothing_from_the_bars() -> None:
    board = Board()
    board.show(started(("-40",), ("40-80", "80-")))
    before = lines(board)
    begin(board, "-40", 1)
    board.show(RolloutWaits(at_s=5.0, keyspace="commerce", reason=LOCK, shard="-40"))
    for width in (80, 140):
        shown = lines(board, width)
        assert shown[: len(before)] == before
        assert all(len(line) <= width for line in shown)
        assert shown[-1].startswith("  -40 97.0 s  waits: the statement waits for the metadata")
        assert shown[-1].endswith("…")


def test_after_a_resume_what_was_done_counts_and_nothing_counts_twice() -> None:
    board = Board()
    board.show(started(("-40",), ("40-80", "80-"), done=("-40", "40-80")))
    assert [line.split()[-1] for line in lines(board)] == ["1/1", "1/2"]
    begin(board, "80-", 2)
    end(board, "80-", 2, S.PENDING)
    begin(board, "80-", 2)
    end(board, "80-", 2, S.COMPLETED)
    assert lines(board) == ["2 waves over, 3 shards"]


def test_a_failed_shard_is_no_completed_one() -> None:
    board = Board()
    board.show(started(("-40", "40-80", "80-")))
    end(board, "-40", 1, S.COMPLETED)
    end(board, "40-80", 1, S.FAILED)
    bar, failed = lines(board)
    assert bar.endswith(" 1/3  1 failed")
    assert failed == "failed: shard 40-80"


def test_a_shard_whose_outcome_is_unknown_stays_in_sight_until_somebody_has_looked() -> None:
    board = Board()
    board.show(started(("-40", "40-80", "80-")))
    begin(board, "-40", 1)
    end(board, "-40", 1, S.UNKNOWN)
    bar, unknown = lines(board)
    assert bar.endswith(" 0/3  1 unknown")
    assert unknown == "outcome unknown: shard -40"
    begin(board, "-40", 1)
    end(board, "-40", 1, S.COMPLETED)
    (bar,) = lines(board)
    assert bar.endswith(" 1/3")


def test_4096_shards_take_no_more_lines_than_a_few_waves_and_what_is_at_work() -> None:
    shards = even_shards(4_096)
    board = Board()
    board.show(started(*(shards[at : at + 32] for at in range(0, 4_096, 32))))
    for number, shard in enumerate(shards[:2_000]):
        end(board, shard, 1 + number // 32, S.FAILED if number % 100 == 0 else S.COMPLETED)
    for shard in shards[2_000:2_064]:
        begin(board, shard, 63)
    for width in (80, 140):
        shown = lines(board, width)
        assert len(shown) <= 16
        assert all(len(line) <= width for line in shown)
    assert "and 56 more at work" in "\n".join(lines(board))
    assert "and 12 more" in "\n".join(lines(board, 140))
