"""Why an application is told nothing instead of a guess."""

from __future__ import annotations


class RoutingError(Exception):
    """No answer that could be relied on."""


class NoLease(RoutingError):
    """The catalog could not be asked, and what was seen of it last may have changed since."""


class NotServed(RoutingError):
    """The owner of the key took nothing for as long as was waited. Nothing of the work that was
    tried last has taken effect."""


class NoRoutes(RoutingError):
    """The catalog has no routes of this keyspace, or none that cover every key exactly once."""


class OtherKeyFunction(RoutingError):
    """The catalog's ranges are of another key function than the application's."""
