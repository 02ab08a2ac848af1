"""Whether the forge holds a run before a wave as the spec asks, and whether its gate was opened.

A job that names a place which nobody made is not held at all: the forge makes one without any
protection. So what holds a wave is asked for before the first part begins (RG-33), and who let a
run in before each part behind it (RG-34).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.guard.model import Refusal
from reconciler.guard.review.account import Account
from reconciler.spec.model import RolloutSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectedPlace:
    """An environment of the forge: one of `people`, or of the `teams` (`organisation/team`), must
    let a run in, and each run waits for `wait_s` besides."""

    name: str
    people: tuple[Account, ...] = ()
    teams: tuple[str, ...] = ()
    wait_s: int = 0

    @property
    def has_reviewers(self) -> bool:
        return bool(self.people or self.teams)


def protection_refusals(
    name: str, found: ProtectedPlace | None, rollout: RolloutSpec
) -> Iterator[Refusal]:
    """`found` None: the forge has no such environment."""
    place = found or ProtectedPlace(name=name)
    if rollout.gate and not place.has_reviewers:
        yield Refusal(
            code="wave-unguarded",
            message=f"the spec has a gate between waves, and nobody has to let a run into the"
            f" environment {name!r}: the wave would begin by itself",
            recovery=f"make the environment {name!r} on the forge, with required reviewers, and run"
            " this job again",
            expected="required reviewers",
            observed="none" if found else "no such environment",
        )
    named = {each.account_id for each in rollout.gate_by}
    if named and not place.teams and named.isdisjoint(each.id for each in place.people):
        yield Refusal(
            code="wave-unguarded",
            message=f"the spec keeps the gate for {_people(rollout)}, and none of them is asked to"
            f" let a run into the environment {name!r}",
            recovery=f"make them required reviewers of the environment {name!r}, and run this job"
            " again",
            expected=_people(rollout),
            observed=", ".join(f"{each.login} (account {each.id})" for each in place.people)
            or "nobody",
        )
    if place.wait_s < rollout.soak_s:
        yield Refusal(
            code="wave-unguarded",
            message=f"the spec's soak is {rollout.soak_s:,} s, and the environment {name!r} holds a"
            f" run for {place.wait_s:,} s",
            recovery=f"give the environment {name!r} a wait timer of"
            f" {-(-rollout.soak_s // 60):,} minutes, and run this job again",
            expected=f"{rollout.soak_s:,} s or more",
            observed=f"{place.wait_s:,} s" if found else "no such environment",
        )


def wave_gate_refusals(
    name: str, let_in_by: Sequence[Account], wave: int, rollout: RolloutSpec
) -> tuple[Refusal, ...]:
    """`let_in_by` are the people who let this very run into the wave's environment."""
    named = {each.account_id for each in rollout.gate_by}
    if let_in_by and (not named or any(person.id in named for person in let_in_by)):
        return ()
    if let_in_by:
        return (
            Refusal(
                code="wave-gate-kept",
                message=f"the spec keeps the gate before wave {wave} for {_people(rollout)}, and"
                " somebody else let this run in",
                recovery=f"make them the only reviewers of the environment {name!r}, then re-run"
                " all jobs and have one of them let the run in",
                expected=_people(rollout),
                observed=", ".join(f"{each.login} (account {each.id})" for each in let_in_by),
            ),
        )
    return (
        Refusal(
            code="wave-gate-closed",
            message=f"nobody has let this run into the environment {name!r}: the gate before wave"
            f" {wave} is closed",
            recovery="order the wave from a job behind that environment, as the workflow of"
            " `reconciler ci workflow` does, and have one of its reviewers let the run in",
        ),
    )


def _people(rollout: RolloutSpec) -> str:
    return ", ".join(f"{each.login} (account {each.account_id})" for each in rollout.gate_by)
