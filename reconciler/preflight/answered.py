"""What a fleet answered: each question once, with the shards that gave each answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reconciler.preflight.model import Answer, Holds, NotSettled, Probe, Violated


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """`answers` by shard, in the order of the shards."""

    probe: Probe
    answers: tuple[tuple[str, Answer], ...]

    @property
    def holding(self) -> tuple[str, ...]:
        return tuple(shard for shard, answer in self.answers if isinstance(answer, Holds))

    @property
    def violated(self) -> tuple[tuple[str, Violated], ...]:
        return tuple((s, answer) for s, answer in self.answers if isinstance(answer, Violated))

    @property
    def open(self) -> tuple[tuple[str, NotSettled], ...]:
        return tuple((s, answer) for s, answer in self.answers if isinstance(answer, NotSettled))


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """In the order in which the statements stand."""

    answered: tuple[Answered, ...] = ()


def preflight_of(
    asked: Sequence[tuple[str, Sequence[Probe]]], answers: Iterable[Sequence[Answer]]
) -> Preflight:
    """`answers` are those of each shard's questions, in their order."""
    found: dict[Probe, list[tuple[str, Answer]]] = {}
    same: dict[int, list[tuple[str, Answer]]] = {}  # many shards have the very same question
    for (shard, probes), given in zip(asked, answers, strict=True):
        for probe, answer in zip(probes, given, strict=True):
            if id(probe) not in same:
                same[id(probe)] = found.setdefault(probe, [])
            same[id(probe)].append((shard, answer))
    ordered = sorted(found.items(), key=lambda item: item[0].statement)
    return Preflight(
        answered=tuple(Answered(probe=probe, answers=tuple(given)) for probe, given in ordered)
    )
