"""A spec that is known to be sound -> the values of `model`, overrides laid over."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from reconciler.model.engine import EngineName
from reconciler.model.fleet import even_shards, in_key_order, parse_key_range
from reconciler.model.key_function import KeyFunctionName
from reconciler.spec.deployments import placed_among
from reconciler.spec.durations import duration_s
from reconciler.spec.gates import gate_of
from reconciler.spec.ledger import ledger_of
from reconciler.spec.limits import DRIFT_EVERY_S
from reconciler.spec.lint_settings import lint_settings
from reconciler.spec.model import (
    Ceilings,
    Connection,
    CutoverSpec,
    EngineRule,
    EngineRules,
    Environment,
    KeyspaceKind,
    OnFailure,
    PlanetScaleDatabase,
    Region,
    ReshardApproval,
    ReshardLayout,
    ReshardSpec,
    RetiringShard,
    ReviewRule,
    RolloutSpec,
    ShardSpec,
    SpecFile,
    TableClass,
    TableUse,
    Tls,
    Together,
    VitessCluster,
    Vtctld,
    WaveShare,
)
from reconciler.spec.policy import definers_of, policy_of
from reconciler.spec.preflight import AskedOn, PreflightSpec, RefuseOn, ReplicaAddress
from reconciler.spec.promotion import Expected, Metric, PromotionCheck, ShardQuery
from reconciler.spec.quarantine import without_quarantined
from reconciler.spec.scratch_image import started_of

# Keys that stand in the value as they stand in the file.
_CONNECTION_SAME = ("host", "socket", "database", "user", "password")
_ROLLOUT_SAME = ("parallel", "parallel_per_host", "lock_retries", "threads_running_max")
_UNIT_BYTES = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_RESHARD_DURATIONS = ("fence_budget", "grace", "retain")
_ROLLOUT_DURATIONS = ("soak", "lock_wait", "run_limit", "replica_lag_max")


def build_spec(
    value: Mapping[str, Any], path: str, deployments: Mapping[str, tuple[str, ...]]
) -> SpecFile:
    environments = value["environments"]
    return SpecFile(
        path=path,
        keyspace=value["keyspace"],
        schema_dir=posixpath.normpath(value["schema"]),
        environments=tuple(
            placed_among(
                _environment(name, environments[name], value),
                environments[name].get("after"),
                deployments,
            )
            for name in sorted(environments)
        ),
        kind=KeyspaceKind(value.get("kind", KeyspaceKind.MYSQL)),
        after=tuple(dict.fromkeys(value.get("after", ()))),
        policy=policy_of(value),
        key_function=KeyFunctionName(value["key_function"]) if "key_function" in value else None,
        tables=tuple(
            _table_class(table, value["tables"][table]) for table in sorted(value.get("tables", ()))
        ),
        sharding_key=value.get("sharding_key"),
        lint=lint_settings(value.get("lint", {})),
    )


def shard_names(shards: Any) -> tuple[str, ...]:
    """The names that any form of `shards` stands for, in the file's order."""
    if isinstance(shards, dict):
        return even_shards(int(shards["count"]))
    return tuple(shard if isinstance(shard, str) else shard["name"] for shard in shards)


def region_names(environment: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The names of each region's shards, by region, in the file's order."""
    every = shard_names(environment["shards"]) if "shards" in environment else ()
    return {
        name: _in_range(every, region["range"])
        if "range" in region
        else shard_names(region.get("shards", ()))
        for name, region in environment.get("regions", {}).items()
    }


def _in_range(names: tuple[str, ...], text: str) -> tuple[str, ...]:
    """Those whose keys are all in the range."""
    wanted = parse_key_range(text)
    ranges = {name: parse_key_range(name) for name in names}
    return tuple(
        name for name, found in ranges.items() if wanted and found and found.is_within(wanted)
    )


def shard_specs(environment: Mapping[str, Any]) -> tuple[ShardSpec, ...]:
    """A shard's own connection is laid over its region's, and that over the environment's."""
    shared = build_connection(environment["connection"])
    entries = _entries(environment.get("shards", ()))
    bases: dict[str, Connection] = {}
    for name, shards in region_names(environment).items():
        region = environment["regions"][name]
        entries |= _entries(region.get("shards", ()))
        base = build_connection(region.get("connection", {}), shared)
        bases |= dict.fromkeys(shards, base)
    specs = [
        ShardSpec(
            name=name,
            connection=build_connection(entry.get("connection", {}), bases.get(name, shared)),
        )
        for name, entry in entries.items()
    ]
    return tuple(sorted(specs, key=lambda shard: shard.name))


def _entries(shards: Any) -> dict[str, Mapping[str, Any]]:
    """Each shard's entry, by name; {} where it is a name alone."""
    if isinstance(shards, dict):
        overrides = shards.get("overrides", {})
        return {name: overrides.get(name, {}) for name in shard_names(shards)}
    own = [{} if isinstance(shard, str) else shard for shard in shards]
    return dict(zip(shard_names(shards), own, strict=True))


def _regions(environment: Mapping[str, Any]) -> tuple[Region, ...]:
    found = sorted(region_names(environment).items())
    return tuple(Region(name=name, shards=in_key_order(shards)) for name, shards in found)


def retiring_shards(environment: Mapping[str, Any]) -> tuple[RetiringShard, ...]:
    # Behind Vitess nobody connects to one: the topology knows where it is.
    shared = build_connection(environment.get("connection", {}))
    entries: list[Mapping[str, Any]] = [
        {"name": shard} if isinstance(shard, str) else shard
        for shard in environment.get("retiring", ())
    ]
    shards = (
        RetiringShard(
            name=entry["name"],
            connection=build_connection(entry.get("connection", {}), shared),
            place=entry.get("place", entry["name"]),
        )
        for entry in entries
    )
    return tuple(sorted(shards, key=lambda shard: shard.name))


def build_connection(value: Mapping[str, Any], base: Connection | None = None) -> Connection:
    """`value` laid over `base`; a host of its own ends a socket that was inherited."""
    base = base or Connection()
    if not value:
        return base
    given: dict[str, Any] = {key: value[key] for key in _CONNECTION_SAME if key in value}
    if "host" in value or "port" in value:
        given.setdefault("socket", None)
    if "port" in value:
        given["port"] = str(value["port"])
    if "tls" in value:
        given["tls"] = _tls(value["tls"])
    for key in ("connect_timeout", "read_timeout"):
        if key in value:
            given[f"{key}_s"] = duration_s(value[key])
    if "replica" in value:
        given["replica"] = _replica(value["replica"], base.replica or ReplicaAddress())
    return replace(base, **given)


def _replica(value: Mapping[str, Any], base: ReplicaAddress) -> ReplicaAddress:
    given = {**value}
    if "host" in value or "port" in value:
        given.setdefault("socket", None)
    if "port" in value:
        given["port"] = str(value["port"])
    return replace(base, **given)


# Online DDL of Vitess, and where that cannot, whatever PlanetScale does instead.
_BY_PLANETSCALE = EngineRules(default=(EngineName.VITESS, EngineName.DIRECT))


def _environment(name: str, value: Mapping[str, Any], spec: Mapping[str, Any]) -> Environment:
    """`spec` is all of the file: what an environment does not say holds for all of them."""
    scratch = value.get("scratch", "auto")
    vitess, planetscale = value.get("vitess"), value.get("planetscale")
    environment = Environment(
        name=name,
        shards=() if vitess or planetscale else _with_programs(shard_specs(value), spec),
        retiring=() if planetscale else retiring_shards(value),
        regions=_regions(value),
        reshard=_reshard(value.get("reshard", {})),
        vitess=vitess_cluster(vitess, spec["keyspace"], value.get("shards")) if vitess else None,
        planetscale=planetscale_database(planetscale, spec["keyspace"]) if planetscale else None,
        scratch=None if scratch == "auto" else started_of(scratch) or build_connection(scratch),
        rollout=_rollout(value.get("rollout", {}), region_names(value)),
        review=ReviewRule(**value.get("review", {})),
        drift_every_s=duration_s(value["drift"]["every"]) if "drift" in value else DRIFT_EVERY_S,
        engine=_BY_PLANETSCALE
        if planetscale
        else _engine_rules(
            value.get("engine", spec.get("engine", {})),
            default=EngineName.VITESS if vitess else EngineName.DIRECT,
        ),
        preflight=_preflight(value["preflight"]) if "preflight" in value else None,
        **ledger_of(value.get("ledger")),
    )
    return without_quarantined(environment, value.get("quarantine", ()))


def _with_programs(shards: tuple[ShardSpec, ...], spec: Mapping[str, Any]) -> tuple[ShardSpec, ...]:
    accounts = tuple(dict.fromkeys(account for _, account in definers_of(spec)))
    kinds = tuple(sorted(policy_of(spec).program_kinds))
    return tuple(replace(shard, definers=accounts, programs=kinds) for shard in shards)


def _preflight(value: Mapping[str, Any]) -> PreflightSpec:
    given: dict[str, Any] = {
        f"{key}_s": duration_s(value[key]) for key in ("budget", "lag_max", "reuse") if key in value
    }
    if "on" in value:
        given["on"] = AskedOn(value["on"])
    if "refuse" in value:
        given["refuse"] = RefuseOn(value["refuse"])
    return PreflightSpec(**given)


def vitess_cluster(value: Mapping[str, Any], keyspace: str, shards: Any = None) -> VitessCluster:
    """`keyspace` is the name in Vitess where the block has none of its own; `shards` are those that
    the environment lists, if it does."""
    vtctld = {**value["vtctld"]}
    if "tls" in vtctld:
        vtctld["tls"] = _tls(vtctld["tls"])
    return VitessCluster(
        vtgate=build_connection(value["vtgate"]),
        vtctld=Vtctld(**vtctld),
        keyspace=value.get("keyspace", keyspace),
        cells=tuple(value.get("cells", ())),
        shards=() if shards is None else tuple(sorted(shard_names(shards))),
    )


def planetscale_database(value: Mapping[str, Any], keyspace: str) -> PlanetScaleDatabase:
    """`keyspace` as in `vitess_cluster`."""
    given = {key: value[key] for key in value if key != "revert_window"}
    if "revert_window" in value:
        given["revert_window_s"] = duration_s(value["revert_window"])
    return PlanetScaleDatabase(**{"keyspace": keyspace, **given})


def _tls(value: Literal[True, "insecure"] | Mapping[str, Any]) -> Tls:
    if isinstance(value, Mapping):
        return Tls(**value)
    return Tls(insecure=value == "insecure")


def _engine_rules(value: Mapping[str, Any], *, default: EngineName) -> EngineRules:
    """An environment's own rules stand in place of the spec's."""
    return EngineRules(
        default=_engines(value.get("default", default.value)),
        rebuild=_engine_rule(value["rebuild"]) if "rebuild" in value else None,
        index=_engine_rule(value["index"]) if "index" in value else None,
        tables=tuple((name, _engines(use)) for name, use in value.get("tables", {}).items()),
        keep_old_s=duration_s(value.get("keep_old", "0s")),
    )


def _engine_rule(value: Mapping[str, Any]) -> EngineRule:
    return EngineRule(use=_engines(value["use"]), over_bytes=size_bytes(value.get("over", "0B")))


def _engines(value: str | list[str]) -> tuple[EngineName, ...]:
    names = [value] if isinstance(value, str) else value
    return tuple(dict.fromkeys(EngineName(name) for name in names))


def size_bytes(text: str) -> int:
    number, unit = re.fullmatch(r"([0-9]+)([A-Za-z]+)", text).groups()  # type: ignore[union-attr]
    return int(number) * _UNIT_BYTES[unit]


def _rollout(value: Mapping[str, Any], regions: Mapping[str, tuple[str, ...]]) -> RolloutSpec:
    given: dict[str, Any] = {key: value[key] for key in _ROLLOUT_SAME if key in value}
    given |= {f"{key}_s": duration_s(value[key]) for key in _ROLLOUT_DURATIONS if key in value}
    given |= {key: tuple(value[key]) for key in ("canary", "windows") if key in value}
    if "waves" in value:
        given["waves"] = tuple(_wave(wave, regions) for wave in value["waves"])
    if "gate" in value:
        given |= gate_of(value["gate"])
    if "promote_if" in value:
        given["promote_if"] = tuple(map(_promotion_check, value["promote_if"]))
    if "on_failure" in value:
        given["on_failure"] = OnFailure(value["on_failure"])
    if "disk_free_min" in value:
        given["disk_free_min_percent"] = int(value["disk_free_min"].rstrip("%"))
    if "cutover" in value:
        given["cutover"] = _cutover(value["cutover"])
    if "kill_blockers" in value:
        given["kill_blockers_after_s"] = duration_s(value["kill_blockers"]["after"])
    return RolloutSpec(**given)


def _promotion_check(value: Mapping[str, Any]) -> PromotionCheck:
    expect = value["expect"]
    return PromotionCheck(
        name=value["name"],
        asks=ShardQuery(value["query"]) if "query" in value else Metric(**value["prometheus"]),
        expected=Expected(at_least=expect.get("min"), at_most=expect.get("max")),
        every_s=duration_s(value.get("every", "30s")),
        failures=value.get("failures", 0),
    )


def _reshard(value: Mapping[str, Any]) -> ReshardSpec:
    given: dict[str, Any] = {
        f"{key}_s": duration_s(value[key]) for key in _RESHARD_DURATIONS if key in value
    }
    if "rows_per_chunk" in value:
        given["rows_per_chunk"] = value["rows_per_chunk"]
    if "approval" in value:
        asked = [ReshardApproval(word) for word in value["approval"]]
        given["approval"] = tuple(approval for approval in ReshardApproval if approval in asked)
    if "layout" in value:
        given["layout"] = ReshardLayout(value["layout"])
    if "ceilings" in value:
        given["ceilings"] = _ceilings(value["ceilings"])
    return ReshardSpec(**given)


def _ceilings(value: Mapping[str, Any]) -> Ceilings:
    return Ceilings(
        size_bytes=size_bytes(value["size"]) if "size" in value else None,
        rows=value.get("rows"),
        statements_per_s=value.get("statements_per_second"),
    )


def _table_class(table: str, value: Mapping[str, Any]) -> TableClass:
    if "shard_by" in value:
        return TableClass(table=table, use=TableUse.SHARDED, shard_by=value["shard_by"])
    use = TableUse.REFERENCE if "reference" in value else TableUse.EXCLUDED
    return TableClass(table=table, use=use)


def windows_of(window: str | list[str]) -> tuple[str, ...]:
    return (window,) if isinstance(window, str) else tuple(window)


def _cutover(value: Mapping[str, Any]) -> CutoverSpec:
    given: dict[str, Any] = {}
    if "gate" in value:
        given["gate"] = value["gate"]
    if "window" in value:
        given["windows"] = windows_of(value["window"])
    if "together" in value:
        given["together"] = Together(value["together"])
    if "limit" in value:
        given["limit_s"] = duration_s(value["limit"])
    return CutoverSpec(**given)


def wave_shards(
    wave: list[str] | Mapping[str, Any], regions: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """The shards that a wave names, one by one or by their regions."""
    if isinstance(wave, list):
        return tuple(wave)
    return tuple(shard for name in wave["regions"] for shard in regions.get(name, ()))


def _wave(
    wave: str | list[str] | Mapping[str, Any], regions: Mapping[str, tuple[str, ...]]
) -> WaveShare:
    if isinstance(wave, str):
        return WaveShare(percent=int(wave.rstrip("%")))
    return WaveShare(shards=wave_shards(wave, regions))
