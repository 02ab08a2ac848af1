"""Whose hands a change went through, from a forge's record of the pushes to its branch.

Three things are asked of the record: which pushes brought the branch to what was merged, who pushed
last, and who pushed the files that the plan is made from. What commits say about their authors is
text that anybody may write, and is not asked.

A push by something that is not a person could be anybody's: whoever may edit a workflow makes a bot
push. It tells nothing, unless it changed plan files alone, which an apply derives again before it
believes them (GD-1). Where the record leaves open who it was, that is said instead of guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice

from reconciler.guard.limits import PUSH_RECORD_LATE_S, PUSHES_MAX
from reconciler.guard.review.account import Account


class PushKind(StrEnum):
    PUSH = "push"
    FORCE_PUSH = "force_push"
    CREATION = "branch_creation"
    DELETION = "branch_deletion"
    MERGE = "pr_merge"
    QUEUE = "merge_queue_merge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """One move of a branch from the commit `before` to `after`; zeros stand for no branch. `actor`
    None: the account was deleted since."""

    before: str
    after: str
    kind: PushKind
    actor: Account | None
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PushEffect:
    """`plans_only`: nothing but plan files differs. `sources`: those that the plan is made from
    and that differ."""

    plans_only: bool
    sources: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """`people`, the last who pushed first, are behind what the plan is made from and behind the
    last push. `unknown` says why one of them cannot be told; '' if all can."""

    people: tuple[Account, ...] = ()
    unknown: str = ""


def pushes_to(
    head: str, moves: Iterable[Push], *, opened_s: float, merged_s: float
) -> tuple[Push | None, ...]:
    """The pushes that brought a branch to `head`, newest first, `moves` being in that order too;
    back to the one that made the branch. A None at the end: the record does not go back that far.

    What came after the merge is not about it. A branch that was deleted and brought back, or pushed
    elsewhere and back, is what it was before, whoever did that. One that is younger than its pull
    request had another name, under which somebody else may have pushed.
    """
    found = tuple(islice(_chain(head, moves, opened_s, merged_s), PUSHES_MAX + 1))
    whole = found if len(found) <= PUSHES_MAX else (*found[:PUSHES_MAX], None)
    return tuple(_without_detours(whole))


def _chain(
    head: str, moves: Iterable[Push], opened_s: float, merged_s: float
) -> Iterator[Push | None]:
    wanted, began = head, False
    made: Push | None = None  # a creation, until the record says what was there before it
    for move in moves:
        if made is not None:
            if move.kind is not PushKind.DELETION:
                yield None  # nothing says that the branch was gone
                return
            if move.before != wanted:
                break
            made = None
        elif move.after == wanted and (began or move.at_s <= merged_s):
            began = True
            if move.kind is PushKind.CREATION:
                made = move
            else:
                yield move
                wanted = move.before
        elif began:
            yield None
            return
    is_first = made is not None and made.at_s <= opened_s + PUSH_RECORD_LATE_S
    yield made if is_first else None


def _without_detours(pushes: Sequence[Push | None]) -> Iterator[Push | None]:
    """Of a way that comes by the same commit again, the last step of the round stays as a push that
    changed nothing: it may be the last one that anybody made."""
    left_at = {push.before: place for place, push in enumerate(pushes) if push is not None}
    place = 0
    while place < len(pushes):
        push = pushes[place]
        if push is not None and (left := left_at.get(push.after, -1)) >= place:
            yield replace(push, before=push.after)
            place = left
        else:
            yield push
        place += 1


def hands_of(
    pushes: Iterable[Push | None],
    sources: frozenset[str],
    effect_of: Callable[[Push], PushEffect | None],
    may_only_plan: Callable[[Account], bool],
) -> Hands:
    """`sources` are the files that the plan is made from and that the change is about. `effect_of`
    gives None for a push whose effect cannot be told any more; `may_only_plan` says whether it is
    enough that the account, which is no person, pushed plan files alone."""
    people: list[Account] = []
    left = sources
    for push in pushes:
        if push is None:
            return _unknown(people, "the forge has no whole record of who pushed to its branch")
        effect = None if push.kind is PushKind.CREATION else effect_of(push)
        brought = _brought(push, effect, left)
        actor = push.actor
        if people and brought is not None and not brought:
            continue  # neither the last push, nor one that the plan is made from
        if actor is None or not actor.is_person:
            if actor and effect and effect.plans_only and may_only_plan(actor):
                continue
            who = actor.login if actor else "an account that is gone"
            return _unknown(people, f"{who} pushed to its branch, and that could be anybody")
        if brought is None:
            return _unknown(people, f"it cannot be told any more what {actor.login} pushed")
        people.append(actor)
        left = left - brought
        if not left:
            return Hands(people=_each_once(people))
    return _unknown(people, "the forge has no record of who pushed to its branch")


def _brought(push: Push, effect: PushEffect | None, left: frozenset[str]) -> frozenset[str] | None:
    """Who made a branch brought all that nobody pushed later. None: nobody can tell."""
    if push.kind is PushKind.CREATION:
        return left
    return None if effect is None else effect.sources & left


def _unknown(people: list[Account], why: str) -> Hands:
    return Hands(people=_each_once(people), unknown=why)


def _each_once(people: list[Account]) -> tuple[Account, ...]:
    return tuple(dict.fromkeys(people))
