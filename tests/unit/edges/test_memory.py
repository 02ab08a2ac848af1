"""What a process that waits for months keeps."""

from __future__ import annotations

import weakref

from reconciler.edges.memory import give_back


class _Ring:
    def __init__(self) -> None:
        self.itself = self


def test_what_nobody_uses_is_let_go_of() -> None:
    ring = weakref.ref(_Ring())
    give_back()
    assert ring() is None
