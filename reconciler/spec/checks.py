"""What a JSON Schema cannot say about a spec: rules between its parts, each with its place.

A check looks only at parts whose shape is sound, so that one mistake is reported once, while every
other mistake of the file is still found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.errors import Problem, nearest
from reconciler.limits import REVERT_WINDOW_S_MAX
from reconciler.model.fleet import is_shard_name, shard_list_errors
from reconciler.spec.build import region_names, shard_names, wave_shards
from reconciler.spec.connection_checks import check_addresses, check_connection
from reconciler.spec.durations import duration_s
from reconciler.spec.keyspace_order import all_before
from reconciler.spec.kind_checks import check_kind
from reconciler.spec.ledger import keeps_too_little
from reconciler.spec.limits import (
    DRIFT_EVERY_S_MIN,
    LEDGER_KEEP_S_MIN,
    SCRATCH_KEEP_S_MAX,
    SCRATCH_KEEP_S_MIN,
)
from reconciler.spec.lint_settings import check_lint
from reconciler.spec.permission_checks import check_permissions_written
from reconciler.spec.program_checks import check_managed
from reconciler.spec.promotion_checks import check_promotion
from reconciler.spec.quarantine import check_first_wave, check_quarantine
from reconciler.spec.region_checks import check_regions, unknown_region
from reconciler.spec.reshard_checks import (
    check_reshard,
    check_retiring,
    check_tables_written,
    listed_retiring,
    listed_shards,
)
from reconciler.spec.scratch_image import is_kept_out_of_bounds
from reconciler.spec.secrets import Path, dotted
from reconciler.spec.tree import outside_reason, path_outside
from reconciler.spec.variables import VARIABLE, Allowance, allowance
from reconciler.spec.yaml_text import Document, Value

_EXPANDED_KEYS = ("connection", "scratch", "ledger")
_EXPANDED_PARTS = (
    ("vitess", "vtgate"),
    ("vitess", "vtctld"),
    ("planetscale", "token_id"),
    ("planetscale", "token"),
)
# MySQL counts lock_wait_timeout in seconds from 1; a limit of none would be no limit.
_AT_LEAST_1S = ("lock_wait", "run_limit")


def check_spec(document: Document, sound: Mapping[str, Any]) -> Iterator[Problem]:
    """`sound` is the document's value without what the JSON Schema objects to."""
    yield from _variables(document, document.value, ())
    if "schema" in sound:
        yield from _schema_path(document, sound["schema"])
    yield from check_kind(document, sound)
    for name, environment in sound.get("environments", {}).items():
        yield from _environment(document, ("environments", name), environment)
    yield from _order(document, sound.get("environments", {}))
    yield from check_tables_written(document, sound.get("tables", {}))
    yield from check_permissions_written(document, sound.get("policy", {}))
    yield from check_lint(document, sound)
    yield from check_managed(document, sound)


def leads_outside(sound: Mapping[str, Any]) -> bool:
    """Whether the folder of the definitions is one outside of the repository: no mistake of
    spelling."""
    return "schema" in sound and outside_reason(sound["schema"]) is not None


def _order(document: Document, environments: Mapping[str, Any]) -> Iterator[Problem]:
    """`after` leads from environment to environment and ends; of one that lists deployments, to
    all of these."""
    lists = document.deployments
    afters = {name: environments[name].get("after") for name in environments}
    before = {name: lists.get(after, (after,)) for name, after in afters.items() if after}
    for name in before:
        at = ("environments", name, "after")
        if name in all_before(name, before, itself=False):
            what = f"{dotted(at)} leads back to {name}: nothing could ever be applied"
            yield _problem(document, at, "spec-bad-value", what, "name an earlier environment")
    known = {*environments, *lists}
    for name in before:
        if afters[name] not in known:
            at = ("environments", name, "after")
            what = f"{dotted(at)} names no environment of this spec: {afters[name]!r}"
            there = f"there are: {', '.join(sorted(known))}"
            yield _problem(document, at, "spec-bad-value", what, there)


def _environment(document: Document, at: Path, value: Mapping[str, Any]) -> Iterator[Problem]:
    for key in ("connection", "scratch"):
        if isinstance(value.get(key), dict):
            yield from check_connection(document, (*at, key), value[key])
    if "vitess" in value:
        yield from check_connection(document, (*at, "vitess", "vtgate"), value["vitess"]["vtgate"])
    if "drift" in value:
        yield from _drift(document, (*at, "drift"), value["drift"])
    yield from _keeps(document, at, value)
    names: tuple[str, ...] = ()
    if "planetscale" in value:
        yield from _revert_window(document, (*at, "planetscale"), value["planetscale"])
    if "shards" in value and "planetscale" not in value:
        problems = tuple(_shards(document, (*at, "shards"), value["shards"]))
        yield from problems
        names = () if problems else shard_names(value["shards"])
    if "regions" in value:
        problems = tuple(check_regions(document, at, value, names))
        yield from problems
        listed = [name for shards in region_names(value).values() for name in shards]
        names = () if problems else tuple(listed)
    if names:
        yield from _servers(document, at, value, names)
    rollout = value.get("rollout", {})
    if names and "vitess" not in value:
        yield from check_quarantine(document, at, value, names)
        yield from check_first_wave(document, at, value, _first_wave(value, rollout))
    yield from check_reshard(document, (*at, "reshard"), value.get("reshard", {}))
    yield from _durations(document, (*at, "rollout"), rollout)
    yield from _windows(document, (*at, "rollout"), rollout)
    yield from check_promotion(document, (*at, "rollout"), rollout)
    if names or "vitess" in value:
        regions = region_names(value)
        yield from _waves(document, (*at, "rollout"), rollout, names or None, regions)


def _keeps(document: Document, at: Path, value: Mapping[str, Any]) -> Iterator[Problem]:
    if is_kept_out_of_bounds(value.get("scratch")):
        here = (*at, "scratch", "keep")
        bounds = f"from {SCRATCH_KEEP_S_MIN // 60}m to {SCRATCH_KEEP_S_MAX // 3600}h"
        what = f"{dotted(here)} must be {bounds}"
        yield _problem(document, here, "spec-bad-value", what, "write a time such as 15m or 2h")
    if keeps_too_little(value.get("ledger")):
        here = (*at, "ledger", "keep")
        what = f"{dotted(here)} must be at least {LEDGER_KEEP_S_MIN // 86_400}d"
        yield _problem(document, here, "spec-bad-value", what, "write 30d or more, such as 2y")


def _servers(
    document: Document, at: Path, value: Mapping[str, Any], names: tuple[str, ...]
) -> Iterator[Problem]:
    """Of shards that are sound: those that go, and where each is."""
    if "vitess" in value:
        yield from check_retiring(document, at, value, names)
    elif "connection" in value:
        of_retiring = tuple(check_retiring(document, at, value, names))
        yield from of_retiring
        reached = listed_shards(value)
        if not of_retiring:
            reached = (*reached, *listed_retiring(value))
        yield from check_addresses(document, at, reached)


def _variables(document: Document, value: Value, at: Path) -> Iterator[Problem]:
    match value:
        case dict():
            for key, inner in value.items():
                yield from _variables(document, inner, (*at, key))
        case list():
            for i, inner in enumerate(value):
                yield from _variables(document, inner, (*at, i))
        case str() if "${" in value:
            if not _expands(at):
                yield _problem(
                    document,
                    at,
                    "spec-variable",
                    f"{dotted(at)} uses a variable; only connection, scratch, ledger, vtgate,"
                    " vtctld, PlanetScale's token and where metrics are asked may",
                    "write the value itself",
                )
            elif "${" in VARIABLE.sub("", value):
                yield _problem(
                    document,
                    at,
                    "spec-variable",
                    f"{dotted(at)} holds '${{' that does not begin a variable",
                    "write ${NAME} with letters, digits and '_'",
                )
            for name in VARIABLE.findall(value) if _expands(at) else ():
                if allowance(name) is Allowance.NEVER:
                    yield _problem(
                        document,
                        at,
                        "spec-variable-of-job",
                        f"{dotted(at)} asks for {name}, which belongs to the job and is sent to no"
                        " server",
                        "use a variable made for specs, such as ${SCHEMA_PASSWORD}",
                    )


def _expands(at: Path) -> bool:
    """environments.<name>.{connection, scratch, ledger, vitess.vtgate, vitess.vtctld,
    planetscale.token_id, planetscale.token}, the connections of single shards, and where metrics
    are asked."""
    if len(at) < 3 or at[0] != "environments":
        return False
    if at[2] in ("shards", "retiring", "regions"):
        return "connection" in at[3:]
    if at[2:4] == ("rollout", "promote_if"):
        return at[5:] in (("prometheus", "address"), ("prometheus", "token"))
    return at[2] in _EXPANDED_KEYS or at[2:4] in _EXPANDED_PARTS


def _revert_window(document: Document, at: Path, value: Mapping[str, Any]) -> Iterator[Problem]:
    """A time that PlanetScale does not keep would be a way back that nobody has (GD-10)."""
    window = value.get("revert_window")
    if window is not None and duration_s(window) > REVERT_WINDOW_S_MAX:
        here = (*at, "revert_window")
        what = f"{dotted(here)} is longer than the {REVERT_WINDOW_S_MAX // 60}m of PlanetScale"
        yield _problem(document, here, "spec-bad-value", what, "write 30m or less; 0s for none")


def _drift(document: Document, at: Path, value: Mapping[str, Any]) -> Iterator[Problem]:
    if duration_s(value["every"]) < DRIFT_EVERY_S_MIN:
        here = (*at, "every")
        what = f"{dotted(here)} must be at least {DRIFT_EVERY_S_MIN}s"
        yield _problem(document, here, "spec-bad-value", what, "write 1m or more")


def _schema_path(document: Document, path: str) -> Iterator[Problem]:
    reason = outside_reason(path)
    if reason is not None:
        yield path_outside(path, reason, document.where(("schema",)))


def _shards(document: Document, at: Path, shards: Any) -> Iterator[Problem]:
    names = shard_names(shards)
    if isinstance(shards, dict):
        for name, override in shards.get("overrides", {}).items():
            here = (*at, "overrides", name)
            if name not in names:
                yield _unknown_shard(document, here, name, names)
            yield from check_connection(document, (*here, "connection"), override["connection"])
        return
    first: dict[str, int] = {}
    before = len(names)
    for i, shard in enumerate(shards):
        name = names[i]
        here = (*at, i) if isinstance(shard, str) else (*at, i, "name")
        if not is_shard_name(name):
            before = 0
            yield _not_a_shard(document, here, name)
        elif name in first:
            before = 0
            line = document.where((*at, first[name])).line
            yield _problem(
                document,
                here,
                "spec-shards",
                f"shard {name!r} is listed twice; the first is on line {line}",
                "remove one of the two",
            )
        first.setdefault(name, i)
        if isinstance(shard, dict) and "connection" in shard:
            yield from check_connection(document, (*at, i, "connection"), shard["connection"])
    if before:
        for words in shard_list_errors(names):
            recovery = "list every shard exactly once; together they cover all keys"
            yield _problem(document, at, "spec-shards", words, recovery)


def _not_a_shard(document: Document, at: Path, name: str) -> Problem:
    recovery = "write a key range such as '-40', '40-80', '80-', or a plain name"
    if name != name.lower() and is_shard_name(name.lower()):
        recovery = f"write the key range in small letters: {name.lower()!r}"
    words = f"{name[:80]!r} is neither a key range nor a plain name"
    return _problem(document, at, "spec-shards", words, recovery)


def _unknown_shard(document: Document, at: Path, name: str, names: tuple[str, ...]) -> Problem:
    likely = nearest(name, names)
    recovery = f"did you mean {likely!r}?" if likely else "name a shard of this environment"
    where = document.where_key(at) if at[-1] == name else document.where(at)
    message = f"{dotted(at[:2])} has no shard {name!r}"
    return Problem(code="spec-unknown-shard", message=message, recovery=recovery, where=where)


def _durations(document: Document, at: Path, rollout: dict[str, Any]) -> Iterator[Problem]:
    for key in _AT_LEAST_1S:
        if key in rollout and duration_s(rollout[key]) < 1:
            yield _too_short(document, (*at, key))
    if "limit" in (cutover := rollout.get("cutover", {})) and duration_s(cutover["limit"]) < 1:
        yield _too_short(document, (*at, "cutover", "limit"))


def _too_short(document: Document, at: Path) -> Problem:
    message = f"{dotted(at)} must be at least 1s"
    return _problem(document, at, "spec-bad-value", message, "write 1s or more")


def _windows(document: Document, at: Path, rollout: dict[str, Any]) -> Iterator[Problem]:
    windows = {(*at, "windows", i): text for i, text in enumerate(rollout.get("windows", ()))}
    window = rollout.get("cutover", {}).get("window", [])
    if isinstance(window, str):
        windows[(*at, "cutover", "window")] = window
    else:
        windows |= {(*at, "cutover", "window", i): text for i, text in enumerate(window)}
    for here, text in windows.items():
        start, end = text.removesuffix(" UTC").split("-")
        if start == end:
            message = f"{dotted(here)} begins and ends at the same minute"
            yield _problem(document, here, "spec-bad-value", message, "write another end")


def _first_wave(environment: Mapping[str, Any], rollout: Mapping[str, Any]) -> tuple[str, ...]:
    """The shards that it names; () where it is a share of all."""
    first = rollout.get("canary") or rollout.get("waves", ["100%"])[0]
    return () if isinstance(first, str) else wave_shards(first, region_names(environment))


def _waves(
    document: Document,
    at: Path,
    rollout: dict[str, Any],
    names: tuple[str, ...] | None,
    regions: Mapping[str, tuple[str, ...]],
) -> Iterator[Problem]:
    """Every shard is reached, none twice by name, and shares rise. `names` None: only Vitess knows
    them, and `rollout/waves.py` asks for the rest once it has told."""
    named: dict[str, Path] = {}
    waves = rollout.get("waves", ["100%"])
    places = [(*at, "canary", i) for i in range(len(rollout.get("canary", ())))]
    shards = list(rollout.get("canary", ()))
    for i, wave in enumerate(waves):
        if isinstance(wave, list):
            places += [(*at, "waves", i, j) for j in range(len(wave))]
            shards += wave
        elif isinstance(wave, dict):
            here = (*at, "waves", i)
            yield from unknown_region(document, (*here, "regions"), wave, regions)
            # A region's wave takes what no wave before it has, as a share does.
            rest = [name for name in wave_shards(wave, regions) if name not in shards]
            shards += rest
            places += [here] * len(rest)
            if not rest and all(name in regions for name in wave["regions"]):
                message = "the wave reaches no shard that is not in an earlier one"
                yield _problem(document, here, "spec-waves", message, "remove it")
    for here, name in zip(places, shards, strict=True):
        if names is not None and name not in names:
            yield _unknown_shard(document, here, name, names)
        elif name in named:
            line = document.where(named[name]).line
            message = f"shard {name!r} is in two waves; the first is on line {line}"
            yield _problem(document, here, "spec-waves", message, "keep it in one of them")
        named.setdefault(name, here)
    reached = 0
    for i, wave in enumerate(waves):
        share = int(wave.rstrip("%")) if isinstance(wave, str) else None
        if share is not None and share <= reached:
            message = f"the wave of {share}% comes after one of {reached}%"
            here = (*at, "waves", i)
            yield _problem(document, here, "spec-waves", message, "write shares that rise")
        reached = max(reached, share or 0)
    missing = [name for name in names or () if name not in named]
    if reached < 100 and missing:
        message = f"no wave reaches shard {missing[0]!r}, one of {len(missing)} left out"
        yield _problem(document, (*at, "waves"), "spec-waves", message, "end the waves with 100%")


def _problem(document: Document, at: Path, code: str, message: str, recovery: str) -> Problem:
    return Problem(code=code, message=message, recovery=recovery, where=document.where(at))
