"""The catalog of routes for programs."""

from __future__ import annotations

from reconciler.outcomes.routes import OwnerOutcome, RoutesOutcome
from reconciler.report.json_values import Json, head, plain


def routes_outcome(outcome: RoutesOutcome) -> Json:
    return {
        **head(outcome, outcome.adoption.replace(" ", "-") if outcome.adoption else "shown"),
        "version": outcome.catalog.version,
        "latest": outcome.latest,
        "key_function": outcome.catalog.key_function,
        "routes": [plain(route) for route in outcome.catalog.routes],
        "leases": [plain(lease) for lease in outcome.leases],
    }


def owner_outcome(outcome: OwnerOutcome) -> Json:
    return {
        **head(outcome, "found"),
        "version": outcome.version,
        "latest": outcome.latest,
        "key_id": outcome.key_id.hex(),
        "route": plain(outcome.route),
    }
