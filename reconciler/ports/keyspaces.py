"""A keyspace of Vitess as a whole: what lies beside its shards."""

from __future__ import annotations

from typing import Protocol

from reconciler.errors import Problem
from reconciler.spec.model import Environment


class Keyspaces(Protocol):
    """What flows ask of the Vitess that an environment's keyspace is in. One that does not answer
    in time raises Unavailable; no address and no login is in any error (PL-12)."""

    def vschema(self, environment: Environment) -> str:
        """The VSchema as Vitess keeps it now, JSON; that of a keyspace without one is `{}`. Raises
        Unavailable, and Refused where there is no such keyspace."""

    def try_vschema(self, environment: Environment, text: str) -> str | Problem:
        """`ApplyVSchema --dry-run`: the VSchema as Vitess would keep it, JSON, or in its own words
        why it would not. Changes nothing. Raises Unavailable."""

    def apply_vschema(self, environment: Environment, text: str) -> None:
        """Replace the VSchema by this one, and have every vtgate told. Raises Refused with Vitess'
        words where it was not taken, and Unavailable where that is not known: `vschema` tells."""
