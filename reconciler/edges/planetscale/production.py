"""Looks at production's branch of a keyspace at PlanetScale, as if it were one shard; can change
nothing.

The API tells definitions and nothing of the server that prints them. So its version is the spec's,
and its settings are those that MySQL has by default: where they are not, a definition reads
otherwise there than on scratch, and that is a difference that a plan shows or a deploy refuses.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from reconciler.edges.planetscale.problems import not_production
from reconciler.errors import Problem, ReconcilerError
from reconciler.model.object_id import ObjectKind
from reconciler.model.observation import Observation, ObservedShard, Unreachable
from reconciler.model.schema import OtherObject
from reconciler.model.server import Flavor, ServerSettings, ServerVersion
from reconciler.ports.deploy_requests import DeployRequests
from reconciler.rollout.deployment_problems import production_unknown
from reconciler.spec.model import PlanetScaleDatabase, ShardSpec

_VIEW = re.compile(r"\s*CREATE\s+(?:[^`]*\s)?VIEW\s", re.IGNORECASE)

# As MySQL 8.0 to 9.x have them where nobody set them.
_BY_DEFAULT = (
    ("default_collation_for_utf8mb4", "utf8mb4_0900_ai_ci"),
    ("default_storage_engine", "InnoDB"),
    ("explicit_defaults_for_timestamp", "1"),
    ("innodb_strict_mode", "1"),
    ("lower_case_table_names", "0"),
    (
        "sql_mode",
        (
            "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,"
            "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
        ),
    ),
)


class PlanetScaleProduction:
    """`LiveShards`, of the one that `with_shards` makes of a keyspace at PlanetScale."""

    def __init__(self, planetscale: DeployRequests, database: PlanetScaleDatabase) -> None:
        self._planetscale = planetscale
        self._database = database

    def observe(self, shards: Sequence[ShardSpec], *, parallel: int) -> list[Observation]:
        return [self._look(shard.name) for shard in shards]

    def _look(self, shard: str) -> Observation:
        database = self._database
        try:
            branch = self._planetscale.branch(database, database.branch)
            if branch is None:
                return _unseen(shard, production_unknown(database.branch))
            if not branch.is_production:
                return _unseen(shard, not_production(database.branch))
            shown = self._planetscale.schema(database, database.branch)
        except ReconcilerError as error:
            return _unseen(shard, error.problems[0])
        return ObservedShard(
            shard=shard,
            settings=settings_of(database),
            definitions=tuple((name, text) for name, text in shown if not _is_view(text)),
            others=tuple(
                OtherObject(kind=ObjectKind.VIEW, name=name, definition=text)
                for name, text in shown
                if _is_view(text)
            ),
        )


def _is_view(text: str) -> bool:
    """Whatever else defines no table is for the reader to refuse, by its name."""
    return _VIEW.match(text) is not None


def settings_of(database: PlanetScaleDatabase) -> ServerSettings:
    major, minor, *patch = map(int, re.findall("[0-9]+", database.mysql))
    return ServerSettings(
        version=ServerVersion(Flavor.MYSQL, major, minor, patch[0] if patch else 0),
        variables=_BY_DEFAULT,
        database_charset="utf8mb4",
        database_collation="utf8mb4_0900_ai_ci",
    )


def _unseen(shard: str, problem: Problem) -> Unreachable:
    return Unreachable(
        shard=shard, code=problem.code, reason=problem.message, recovery=problem.recovery
    )
