"""Who pushed what a merged change is made from, out of the forge's record of pushes.

What a push changed is asked of the trees before and after it, so that a force push, a rebase and a
merge of the base branch are each what they did to the files, whatever they are called.
"""

from __future__ import annotations

from functools import partial

from reconciler.guard.review.approvals import PullRequest
from reconciler.guard.review.pushes import Hands, Push, PushEffect, hands_of, pushes_to
from reconciler.plan.files import PLANS_DIRECTORY, is_plan_file
from reconciler.ports.forge import Forge, ForgeEntry

_ANY = None  # in the way down to the plans: the folder of an environment


class _Gone(Exception):
    """A commit that was pushed away since; the forge keeps such ones, but not for ever."""


def hands_behind(
    forge: Forge, pull_request: PullRequest, *, sources: frozenset[str], below: str
) -> Hands:
    """`sources` are the files that the plan is made from and that the merge changed, from the root
    of the repository, in which the project lies at `below`. Raises Unavailable."""
    if pull_request.merged_s is None:
        return Hands(unknown="it is not merged")
    pushes = pushes_to(
        pull_request.head_commit,
        forge.pushes(pull_request),
        opened_s=pull_request.opened_s,
        merged_s=pull_request.merged_s,
    )
    effect_of = partial(_effect, forge, sources=sources, below=below)
    return hands_of(pushes, sources, effect_of, lambda account: not forge.is_own_account(account))


def _effect(forge: Forge, push: Push, *, sources: frozenset[str], below: str) -> PushEffect | None:
    way: list[str | None] = [*filter(None, below.split("/")), PLANS_DIRECTORY, _ANY]
    is_person = push.actor is not None and push.actor.is_person
    try:
        changed = (
            path
            for path in sources
            if _entry(forge, push.before, path) != _entry(forge, push.after, path)
        )
        return PushEffect(
            sources=frozenset(changed),
            # Of people nobody asks for it.
            plans_only=not is_person and _only_plans_differ(forge, push.before, push.after, way),
        )
    except _Gone:
        return None


def _only_plans_differ(
    forge: Forge, before: str | None, after: str | None, way: list[str | None]
) -> bool:
    """Whether two trees differ in regular files of plans alone. `way` are the folders that lead to
    them from here: no other one is looked into, however deep it is."""
    old, new = _named(forge, before), _named(forge, after)
    pairs = ((name, old.get(name), new.get(name)) for name in sorted(old.keys() | new.keys()))
    return all(was == now or _is_of_plans(forge, name, was, now, way) for name, was, now in pairs)


def _is_of_plans(
    forge: Forge, name: str, was: ForgeEntry | None, now: ForgeEntry | None, way: list[str | None]
) -> bool:
    there = [entry for entry in (was, now) if entry is not None]
    if not way:
        return is_plan_file(name) and all(entry.is_regular for entry in there)
    leads_there = way[0] in (_ANY, name) and all(entry.is_folder for entry in there)
    return leads_there and _only_plans_differ(forge, _id(was), _id(now), way[1:])


def _id(entry: ForgeEntry | None) -> str | None:
    return None if entry is None else entry.id


def _named(forge: Forge, tree: str | None) -> dict[str, ForgeEntry]:
    return {} if tree is None else {entry.name: entry for entry in _tree(forge, tree)}


def _entry(forge: Forge, commit: str, path: str) -> ForgeEntry | None:
    tree, found = commit, None
    for name in path.split("/"):
        if found is not None and not found.is_folder:
            return None
        found = next((entry for entry in _tree(forge, tree) if entry.name == name), None)
        if found is None:
            return None
        tree = found.id
    return found


def _tree(forge: Forge, tree: str) -> tuple[ForgeEntry, ...]:
    entries = forge.tree(tree)
    if entries is None:
        raise _Gone
    return entries
