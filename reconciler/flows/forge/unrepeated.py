"""Notices of a process that comes again and again: what it said already, it does not say again.

A job runs once for a merge. A controller tries what was refused every few minutes, and a forge
takes only so many statuses for a commit.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from reconciler.flows.limits import SAID_KEPT_MAX
from reconciler.ports.notices import Notices, Status


class Said:
    """What was said last of each thing, by this process."""

    def __init__(self) -> None:
        self._last: OrderedDict[Hashable, str] = OrderedDict()

    def is_new(self, about: Hashable, text: str) -> bool:
        return self._last.get(about) != text

    def note(self, about: Hashable, text: str) -> None:
        self._last[about] = text
        self._last.move_to_end(about)
        if len(self._last) > SAID_KEPT_MAX:
            self._last.popitem(last=False)


class UnrepeatedNotices:
    """Implements the Notices port over another one; only what was taken counts as said."""

    def __init__(self, told: Notices, said: Said) -> None:
        self._told, self._said = told, said

    def keep_comment(self, number: int, body: str) -> None:
        about = ("comment", number, body.partition("\n")[0])
        if self._said.is_new(about, body):
            self._told.keep_comment(number, body)
            self._said.note(about, body)

    def set_status(
        self, commit: str, context: str, *, state: str, description: str, url: str
    ) -> None:
        about, text = ("status", commit, context), f"{state} {description}"
        if self._said.is_new(about, text):
            self._told.set_status(commit, context, state=state, description=description, url=url)
            self._said.note(about, text)

    def own_first_lines(self, number: int) -> frozenset[str]:
        return self._told.own_first_lines(number)

    def fold_comments(self, number: int, first_lines: frozenset[str]) -> None:
        self._told.fold_comments(number, first_lines)

    def keep_issue(self, title: str, body: str) -> int:
        return self._told.keep_issue(title, body)

    def close_issue(self, body: str) -> None:
        self._told.close_issue(body)

    def open_issue(self, title: str, body: str) -> int:
        return self._told.open_issue(title, body)

    def statuses(self, commit: str, context: str) -> tuple[Status, ...]:
        return self._told.statuses(commit, context)

    def begin_deployment(
        self, commit: str, environment: str, keyspace: str, *, plan_id: str, description: str
    ) -> int:
        return self._told.begin_deployment(
            commit, environment, keyspace, plan_id=plan_id, description=description
        )

    def move_deployment(self, deployment_id: int, *, state: str, url: str) -> None:
        self._told.move_deployment(deployment_id, state=state, url=url)

    def retire_deployments(self, environment: str, keyspace: str, *, before: int, url: str) -> None:
        self._told.retire_deployments(environment, keyspace, before=before, url=url)
