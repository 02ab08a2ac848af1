"""What happens between a tick and everything it asks: every call is a moment at which somebody
writes, time passes, or the process dies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from reconciler.errors import Problem, Unavailable
from reconciler.ports.split_jobs import OutcomeUnknown
from reconciler.ports.split_servers import SplitServers

Port = TypeVar("Port")

#: Calls that leave something behind. All others are asked again by whoever comes next.
DURABLE = {
    "take_over",
    *(
        "take_up",
        "put_down",
        "move",
        "hold",
        "let_go",
        "reserve",
        "record",
        "answer",
        "cut_over",
        "open_targets",
    ),
    *("make_helpers", "arm_tracker", "arm_fence", "drop_fence", "drop_tracker", "drop_helpers"),
    *("forget", "flip", "seal", "reopen", "retire", "drop_retired"),
    *("claim", "make_table", "take", "raise_counter", "arm_guard", "open_guard"),
    "carry_out",
    *("add_foreign_keys", "add_triggers", "drop_guard", "drop_made"),
}


class ProcessKilled(BaseException):
    """kill -9: the process has no effect any more."""


@dataclass
class Fate:
    """`kill_at` n is before the n-th durable call for even numbers 2n, behind it for 2n + 1;
    `lose_at` likewise: the call is not made, or its answer is lost. `nested` runs at one of them,
    as another process would while this one is stopped."""

    kill_at: int | None = None
    lose_at: int | None = None
    nested_at: int | None = None
    nested: Callable[[], None] = lambda: None
    moment: Callable[[str], None] = lambda label: None
    before_call: Callable[[str], None] = lambda label: None
    count: int = 0
    is_dead: bool = False
    labels: list[str] = field(default_factory=list)

    def wrap(self, port: Port, name: str) -> Port:
        return cast(Port, _Fated(port, name, self))

    def call(self, label: str, method: Callable[..., Any], *args: Any, **options: Any) -> Any:
        if self.is_dead:
            raise ProcessKilled
        self.moment(label)
        if label.rpartition(".")[2] not in DURABLE:
            return method(*args, **options)
        self.before_call(label)
        number, self.count = self.count, self.count + 1
        self._at(2 * number, f"before {label}")
        result = method(*args, **options)
        self._at(2 * number + 1, f"behind {label}")
        return result

    def _at(self, number: int, label: str) -> None:
        self.labels.append(label)
        if number == self.nested_at:
            self.nested()
        if number == self.kill_at:
            self.is_dead = True
            raise ProcessKilled
        if number == self.lose_at:
            raise lost(label)


class _Fated:
    def __init__(self, port: Any, name: str, fate: Fate) -> None:
        self._port, self._name, self._fate = port, name, fate

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not callable(found):
            return found
        label = f"{self._name}.{name}"
        return lambda *args, **options: self._fate.call(label, found, *args, **options)


@dataclass
class FatedServers:
    servers: SplitServers
    fate: Fate

    def source(self, shard: Any, work: Any) -> Any:
        return _Opened(self.servers.source(shard, work), f"source {shard.name}", self.fate)

    def target(self, shard: Any, work: Any) -> Any:
        return _Opened(self.servers.target(shard, work), f"target {shard.name}", self.fate)


class _Opened:
    def __init__(self, opening: Any, name: str, fate: Fate) -> None:
        self._opening, self._name, self._fate = opening, name, fate

    def __enter__(self) -> Any:
        return self._fate.wrap(self._opening.__enter__(), self._name)

    def __exit__(self, *error: Any) -> None:
        self._opening.__exit__(*error)


def lost(label: str) -> Unavailable:
    kind = OutcomeUnknown if label.startswith(("behind jobs", "behind routes")) else Unavailable
    return kind(Problem(code="sim-lost", message=f"the answer is lost: {label}", recovery="look"))
