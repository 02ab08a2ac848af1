"""The catalog of routes: who owns which keys, and who goes by it."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.routes import OwnerOutcome, RoutesOutcome
from reconciler.plan import words
from reconciler.report.blocks import Block, Cut, Detail, Fact, Facts, Items, Mark
from reconciler.report.compose.opening import failed_report, title
from reconciler.report.document import Document, Report
from reconciler.report.spans import Line, Name, Text, with_commands
from reconciler.reshard.catalog import Route, RouterLease, RouteState

_TOPIC = "routes"
_CUT = Cut(
    detail=Detail.OVERVIEW,
    instead=with_commands("Some routes are left out here; `--output json` has them all."),
)
_LEASES_CUT = Cut(
    detail=Detail.PROOF,
    instead=with_commands("Some applications are left out; `--output json` has them all."),
)


def routes_document(outcomes: Sequence[RoutesOutcome | KeyspaceFailed]) -> Document:
    return Document(reports=tuple(map(_routes_report, outcomes)))


def owner_document(outcomes: Sequence[OwnerOutcome | KeyspaceFailed]) -> Document:
    return Document(reports=tuple(map(_owner_report, outcomes)))


def _routes_report(outcome: RoutesOutcome | KeyspaceFailed) -> Report:
    if isinstance(outcome, KeyspaceFailed):
        return failed_report(_TOPIC, outcome)
    catalog = outcome.catalog
    is_closed = any(route.state is RouteState.CLOSED for route in catalog.routes)
    said = (
        f"{_version(catalog.version, outcome.latest)}, {words.count(len(catalog.routes), 'route')}"
    )
    verdict = f"{outcome.adoption}: {said}" if outcome.adoption else said
    blocks: list[Block] = [
        Facts(facts=(Fact(label="key function", text=(Name(catalog.key_function),)),)),
        Items(items=tuple(map(_route_line, catalog.routes)), cut=_CUT),
    ]
    if outcome.leases:
        leases = tuple(_lease_line(lease, catalog.version) for lease in outcome.leases)
        blocks.append(Items(title="Applications", items=leases, cut=_LEASES_CUT))
    mark = Mark.WAITING if is_closed and catalog.version == outcome.latest else Mark.GOOD
    return Report(
        title=title(mark, outcome.keyspace, outcome.environment, verdict), blocks=tuple(blocks)
    )


def _owner_report(outcome: OwnerOutcome | KeyspaceFailed) -> Report:
    if isinstance(outcome, KeyspaceFailed):
        return failed_report(_TOPIC, outcome)
    version = _version(outcome.version, outcome.latest)
    verdict = f"key {outcome.key_id.hex()} is owned by {outcome.route.shard} at {version}"
    return Report(
        title=title(Mark.GOOD, outcome.keyspace, outcome.environment, verdict),
        blocks=(Items(items=(_route_line(outcome.route),)),),
    )


def _version(version: int, latest: int) -> str:
    return f"version {version}" if version == latest else f"version {version} of {latest}"


def _route_line(route: Route) -> Line:
    """With its place where that has another name than the shard."""
    place = () if route.place == route.shard else (Text(" at place "), Name(route.place))
    made = "" if route.job_id is None else f", by split {route.job_id}"
    ends = "" if route.until is None else f" up to version {route.until - 1}"
    closed = "" if route.state is RouteState.ACTIVE else "; closed: it takes nothing yet"
    return (
        Name(route.shard),
        *place,
        Text(f" since version {route.since}{ends}{made}{closed}"),
    )


def _lease_line(lease: RouterLease, version: int) -> Line:
    behind = "" if lease.seen_version == version else ", which is not the current one"
    return (
        Name(lease.router),
        Text(f" goes by version {lease.seen_version}{behind}, for {max(lease.left_s, 0):.0f} s"),
    )
