"""Writers that share a transaction: each is told the truth about its own work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import cast

import pytest
from sqlalchemy import Connection

from reconciler.edges.ledger.engine import GroupCommit
from tests.waiting import PATIENCE_S


class Transactions:
    """The first one waits until it may go on, so that the works that come meanwhile share one."""

    def __init__(self) -> None:
        self.begun, self.go_on = Event(), Event()
        self.durable: list[str] = []

    @contextmanager
    def __call__(self) -> Iterator[Connection]:
        self.begun.set()
        assert self.go_on.wait(PATIENCE_S)
        written: list[str] = []
        yield cast(Connection, written)
        self.durable += written


def writes(text: str) -> Callable[[Connection], None]:
    return lambda connection: cast(list[str], connection).append(text)


def fails(connection: object) -> None:
    raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")


@pytest.mark.invariant("ST-9")
@pytest.mark.parametrize("order", [("fails", "b", "c"), ("b", "fails", "c"), ("b", "c", "fails")])
def test_nobody_is_told_that_lost_work_is_durable(order: tuple[str, ...]) -> None:
    transactions = Transactions()
    group = GroupCommit(transactions)
    told_durable: list[str] = []

    def submit(name: str) -> None:
        try:
            group.submit(fails if name == "fails" else writes(name))
        except UnicodeEncodeError:
            return
        told_durable.append(name)

    threads = [Thread(target=submit, args=(name,)) for name in ("a", *order)]
    threads[0].start()
    assert transactions.begun.wait(PATIENCE_S)
    for number, thread in enumerate(threads[1:], start=1):
        thread.start()
        while len(group._waiting) < number:
            pass
    transactions.go_on.set()
    for thread in threads:
        thread.join()
    assert sorted(told_durable) == ["a", "b", "c"]
    assert sorted(transactions.durable) == ["a", "b", "c"]
