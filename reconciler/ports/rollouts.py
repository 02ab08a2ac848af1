"""Rollouts over regions that an engine keeps, beyond any process of ours."""

from __future__ import annotations

from typing import Protocol

from reconciler.outcomes.rollouts import CourseAsked, CourseLook
from reconciler.rollout.course import CourseOrder


class Rollouts(Protocol):
    """Every call raises Unavailable, in words that name no address, if the engine cannot be
    reached."""

    def start(self, order: CourseOrder) -> None:
        """Durable when this returns. Raises Refused while one of the keyspace is open."""

    def ask(
        self, environment: str, keyspace: str, asked: CourseAsked, by: str, region: str = ""
    ) -> bool:
        """Durable when this returns; False while something still runs. Raises Refused, with why,
        if it would do nothing, or none was begun. `region` is whom the end shall not wait for."""

    def look(self, environment: str, keyspace: str) -> CourseLook | None:
        """The latest; None if none was begun, or the engine has forgotten it."""
