"""What every engine's program is asked for before it prepares: can it take the statement there?

Rule (EN-55): what keeps an engine from a statement is known to the plan by the definitions and the
spec (`plan/engines/`), to the guard by what it has seen of the server, the connection and the login
(`guard/engine_ground.py`), or it is of this very moment. The first two are asked again here, of the
shard as it is now, by the same functions and in the same words; the last are `NotNow`, and each of
their kinds is named. An adapter has no other way to refuse what it was not begun with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar, assert_never

from reconciler.edges.engines.check_names import check_renamed_by_copy
from reconciler.edges.engines.claim import under_claim
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.cross_database_children import read_references
from reconciler.edges.mysql.engine_ground import ground_of, read_shown
from reconciler.edges.mysql.server_settings import look_at_server
from reconciler.edges.mysql.shard_link import ShardLink
from reconciler.guard.engine_ground import unfit
from reconciler.model.engine import EngineName
from reconciler.model.server import Flavor, ServerError
from reconciler.plan.engines import gh_ost, pt_osc, spirit
from reconciler.plan.engines.copying import renamed_constraint
from reconciler.plan.engines.told import why_not_told
from reconciler.ports.engine import EngineWork, Failed

_NOT_SUPPORTED = 1235  # "This version of MySQL doesn't yet support ..."

Result = TypeVar("Result")


class Moment(StrEnum):
    """What no plan can know: it is so only now."""

    AT_WORK = "at-work"  # a run, of ours or of anybody's, is at the table
    IN_THE_WAY = "in-the-way"  # of the names that it takes, and not proven to be its own
    SWAPPED_BEFORE = "swapped-before"  # the table as it was before an earlier swap is still there


@dataclass(frozen=True, slots=True)
class NotNow:
    moment: Moment
    failed: Failed


def prepared_under_claim(
    name: EngineName,
    shard: ShardLink,
    work: EngineWork,
    begin: Callable[[Link], Result | NotNow],
) -> Result | Failed:
    """What `begin` comes to over the connection that has the claim, once nothing keeps the engine
    from the statement. Changes nothing."""

    def asked(link: Link) -> Result | Failed:
        if (reason := next(_unfit(name, shard, link, work), None)) is not None:
            return cannot_take(name, reason)
        found = begin(link)
        assert not isinstance(found, Failed), "what only this moment shows is `NotNow`"
        return found.failed if isinstance(found, NotNow) else found

    return under_claim(shard, asked)


def cannot_take(name: EngineName, reason: str) -> Failed:
    message = f"{name} cannot take it: {reason}; nothing was begun"
    return Failed(error=ServerError(number=_NOT_SUPPORTED, message=message), transient=False)


def _unfit(name: EngineName, shard: ShardLink, link: Link, work: EngineWork) -> Iterator[str]:
    """Raises ServerRefusal, LinkLost or Unavailable."""
    table, version = work.statement.object_id.name, shard.server.settings.version
    if reason := why_not_told(name, work.statement.sql, table):
        yield reason
    match name:
        case EngineName.DIRECT | EngineName.VITESS:
            return  # no programs of ours
        case EngineName.GH_OST:
            yield from gh_ost.version_obstacles(version)
            yield from gh_ost.name_obstacles(table)
        case EngineName.SPIRIT:
            yield from spirit.version_obstacles(version)
            yield from spirit.name_obstacles(table, keeps_old=work.keeps_old)
        case EngineName.PT_OSC:
            yield from pt_osc.name_obstacles(table)
            if work.keeps_old and read_references(link, version.flavor, shard.database, [table]):
                yield pt_osc.OLD_IS_REFERRED_TO
        case _:
            assert_never(name)
    ground = ground_of(shard.target, look_at_server(link), read_shown(link))
    yield from (found.reason for found in unfit(name, ground, shard.database))
    follows = name in (EngineName.GH_OST, EngineName.SPIRIT) and version.flavor is Flavor.MYSQL
    if follows and (constraint := check_renamed_by_copy(link, table)):
        yield renamed_constraint(constraint)
