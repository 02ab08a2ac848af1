"""GitHub's environments as places that hold a run: reviewers and wait timer, read strictly."""

from __future__ import annotations

from reconciler.edges.github.fields import Fields
from reconciler.edges.github.problems import unclear
from reconciler.guard.review.account import Account
from reconciler.guard.review.protection import ProtectedPlace


def protected_place(fields: Fields, owner: str) -> ProtectedPlace:
    """`owner` is the organisation of the repository, whose teams can be reviewers. Rules of other
    kinds hold a run as well, and nothing here rests on them."""
    name, people, teams, wait_s = fields.text("name"), [], [], 0
    for rule in (Fields(row, name) for row in fields.items("protection_rules")):
        kind = rule.text("type")
        if kind == "wait_timer":
            wait_s = max(wait_s, 60 * rule.number("wait_timer"))
        elif kind == "required_reviewers":
            for row in (Fields(item, name) for item in rule.items("reviewers")):
                reviewer = row.inner("reviewer")
                if row.text("type") == "Team":
                    teams.append(f"{owner}/{reviewer.text('slug')}")
                else:
                    people.append(_person(row, reviewer, name))
    return ProtectedPlace(name=name, people=tuple(people), teams=tuple(teams), wait_s=wait_s)


def _person(row: Fields, reviewer: Fields, name: str) -> Account:
    if row.text("type") != "User":
        raise unclear(name, f"reviewers of type {row.text('type')!r} are not known")
    return reviewer.as_account()
