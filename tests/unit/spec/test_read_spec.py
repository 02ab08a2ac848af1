"""Each file of tests/cases/spec says at its end which problems it has: place and code."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import InvalidInput, Problem, ReconcilerError, Refused
from reconciler.limits import FILE_PROBLEMS_MAX, PROBLEM_CHARS_MAX, SHARDS_MAX
from reconciler.model.key_function import KeyFunctionName
from reconciler.model.object_id import table_id
from reconciler.model.policy import Allow, AutoIncrement, ColumnOrder, HazardKind, PartitionLists
from reconciler.spec.model import (
    Connection,
    CutoverSpec,
    KeyspaceKind,
    OnFailure,
    ReshardApproval,
    ReshardLayout,
    ReshardSpec,
    SpecFile,
    TableClass,
    TableUse,
    Tls,
    Together,
    WaveShare,
)
from reconciler.spec.preflight import AskedOn, PreflightSpec, RefuseOn, ReplicaAddress
from reconciler.spec.read import read_spec
from reconciler.spec.structure import spec_schema_text
from tests.sections import CASES

SPECS = sorted((CASES / "spec").glob("*.yaml"))
SMALLEST = """\
version: 1
keyspace: k
schema: schemas/k
environments: {prod: {connection: {database: d, user: u}, shards: ["-"]}}
"""


def read_case(name: str) -> SpecFile:
    path = next(path for path in SPECS if path.stem == name)
    return read_spec(path.read_text(encoding="utf-8"), path.name)


def said_of(text: str) -> list[str]:
    """What is said of it; nothing if it is sound."""
    try:
        read_spec(text, "specs/k.yaml")
    except ReconcilerError as error:
        return [f"{problem} -> {problem.recovery}" for problem in error.problems]
    return []


def problems_of(text: str) -> list[str]:
    with pytest.raises(ReconcilerError) as caught:
        read_spec(text, "specs/k.yaml")
    return [f"{problem} -> {problem.recovery}" for problem in caught.value.problems]


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_spec_has_exactly_the_problems_it_names(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = []
    try:
        read_spec(text, "specs/k.yaml")
    except ReconcilerError as error:
        for problem in error.problems:
            assert problem.where is not None
            assert problem.where.path == "specs/k.yaml"
            assert problem.recovery
            found.append(f"{problem.where.line}:{problem.where.column} {problem.code}")
    assert found == re.findall(r"^# expect (.*)$", text, re.MULTILINE)


def test_everything_a_spec_says_is_in_the_value() -> None:
    spec = read_case("full")
    assert (spec.keyspace, spec.schema_dir) == ("commerce", "schemas/commerce")
    assert spec.policy.ignore_tables == ("_*",)
    assert spec.policy.partition_lists is PartitionLists.ROTATION
    assert spec.policy.column_order is ColumnOrder.IGNORE
    assert spec.policy.auto_increment is AutoIncrement.RAISE
    assert spec.policy.allow == (
        Allow(
            object_id=table_id("users"),
            hazard=HazardKind.DROP_COLUMN,
            object="legacy",
            reason="unused since March",
        ),
        Allow(object_id=table_id("log_*"), hazard=HazardKind.DROP_TABLE, reason="moved away"),
    )
    production, staging = spec.environments
    rollout = production.rollout
    assert rollout.canary == ("-40",)
    assert rollout.waves == (
        WaveShare(percent=25),
        WaveShare(shards=("80-c0",)),
        WaveShare(percent=100),
    )
    assert (rollout.parallel, rollout.parallel_per_host, rollout.soak_s) == (8, 2, 600)
    assert (rollout.gate, rollout.on_failure) == (True, OnFailure.PAUSE)
    assert (rollout.lock_wait_s, rollout.lock_retries, rollout.run_limit_s) == (3, 0, 5400)
    assert (rollout.replica_lag_max_s, rollout.threads_running_max) == (10, 50)
    assert (rollout.disk_free_min_percent, rollout.kill_blockers_after_s) == (20, 30)
    assert rollout.windows == ("02:00-05:00 UTC", "22:00-01:00 UTC")
    assert rollout.cutover == CutoverSpec(
        gate=True, windows=("02:00-05:00 UTC",), together=Together.WAVE, limit_s=108_000
    )
    assert production.ledger == "mysql+pymysql://${LEDGER}"
    assert production.ledger_keep_s == 730 * 86_400
    assert staging.scratch is None


def test_a_shard_s_connection_is_the_environment_s_with_its_own_laid_over() -> None:
    production, staging = read_case("full").environments
    shared = Connection(
        host="mysql-{shard}.internal",
        port="3306",
        database="commerce_{shard}",
        user="${SCHEMA_USER}",
        password="${SCHEMA_PASSWORD}",
        tls=Tls(ca="/etc/ssl/db.pem", cert="c.pem", key="k.pem"),
        connect_timeout_s=5,
        read_timeout_s=120,
        replica=ReplicaAddress(
            host="replica-{shard}.internal", password="${SCHEMA_REPLICA_PASSWORD}"
        ),
    )
    by_name = {shard.name: shard.connection for shard in production.shards}
    assert by_name["-40"] == shared
    assert by_name["80-c0"].host == "elsewhere"
    assert (by_name["80-c0"].port, by_name["80-c0"].tls) == ("${PORT}", Tls(insecure=True))
    assert by_name["c0-"].socket == "/run/mysqld.sock"
    assert shared.replica is not None
    assert by_name["c0-"].replica == replace(shared.replica, socket="/run/replica.sock")
    assert production.preflight == PreflightSpec(
        on=AskedOn.REPLICA, lag_max_s=10, budget_s=3600, refuse=RefuseOn.NOT_SETTLED
    )
    assert [shard.connection.port for shard in staging.shards] == ["3310", "3306", "3306", "3306"]


@pytest.mark.invariant("PL-9")
def test_names_are_trimmed_before_they_are_checked_and_kept_trimmed() -> None:
    text = SMALLEST.replace("keyspace: k", 'keyspace: " k "').replace('["-"]', '[" -\t"]')
    spec = read_spec(text, "s.yaml")
    assert (spec.keyspace, spec.environments[0].shards[0].name) == ("k", "-")
    assert read_case("full").environments[0].shards[0].name == "-40"
    twice = SMALLEST.replace('["-"]', '["-80", "80-", "80- "]')
    assert any("'80-' is listed twice" in problem for problem in problems_of(twice))


def test_a_password_keeps_its_blanks() -> None:
    scratch = read_case("full").environments[0].scratch
    assert isinstance(scratch, Connection)
    assert scratch.password == " padded "


def test_a_shard_name_that_yaml_read_as_a_number_says_how_to_quote_it() -> None:
    (problem, *_) = problems_of(SMALLEST.replace('["-"]', "[-40, 40-]"))
    assert 'put quotes around it: "-40"' in problem


@pytest.mark.parametrize("plain", ["1e3", "010", "7", "-80", "true", "~"])
def test_a_bare_shard_name_that_yaml_changes_is_an_error(plain: str) -> None:
    (problem, *_) = problems_of(SMALLEST.replace('["-"]', f"[{plain}]"))
    assert f'put quotes around it: "{plain}"' in problem


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("polcy: {}", "did you mean 'policy'?"),
        ("policy: {ignore_table: []}", "did you mean 'ignore_tables'?"),
        ("policy: {allow: [{table: t, hazard: drop_colum, reason: r}]}", "'drop-column'"),
        ("policy: {column_order: ignored}", "did you mean 'ignore'?"),
    ],
)
def test_a_misspelt_word_is_answered_with_the_likely_one(written: str, meant: str) -> None:
    (problem,) = problems_of(SMALLEST + written)
    assert meant in problem


@pytest.mark.parametrize("value", ["3", "true", "null", "[triggers]", "{name: hash}", "[]"])
@pytest.mark.parametrize(
    ("key", "at"),
    [
        ("kind: {}", "kind"),
        ("key_function: {}", "key_function"),
        ("manage: [{}]", "manage[0]"),
        ("unused: [{}]", "unused[0]"),
        ("policy: {{column_order: {}}}", "policy.column_order"),
    ],
)
def test_what_stands_for_a_word_and_is_none_is_told_once(key: str, at: str, value: str) -> None:
    """Somebody takes `key_function` for a mapping: that is no bug of the program's."""
    told = [one for one in problems_of(f"{SMALLEST}{key.format(value)}") if f" {at} " in one]
    assert len(told) == 1, told
    assert "is not a known value" in told[0]


@pytest.mark.invariant("GD-10")
def test_a_misspelt_guard_is_never_ignored() -> None:
    for rollout in ("on_failure: hald", "replica_lag: 10s", "lock_wiat: 5s", "gate: yes"):
        text = SMALLEST.replace('["-"]', f'["-"], rollout: {{{rollout}}}')
        assert len(problems_of(text)) == 1


def test_a_path_out_of_the_repository_is_a_refusal() -> None:
    with pytest.raises(Refused):
        read_spec(SMALLEST.replace("schemas/k", "/etc"), "s.yaml")


def test_a_newer_format_is_one_problem() -> None:
    (problem,) = problems_of(SMALLEST.replace("version: 1", "version: 2\nwaves: 7"))
    assert "format 2" in problem


SECRET = "s3cr3t-value"


@pytest.mark.invariant("PL-12")
@pytest.mark.parametrize("key", ["host", "port", "socket", "database", "user", "password", "tls"])
@pytest.mark.parametrize("shape", ["{}", "${{{}", "[{}]", "{{x: {}}}", '"{{{}}}"'])
def test_no_error_shows_what_stands_in_a_connection(key: str, shape: str) -> None:
    value = shape.format(SECRET)
    connection = f"{{database: d, user: u, {key}2: {value}, tls: {{verify: {SECRET}}}}}"
    for part in (connection, f"{{database: d, user: u, {key}: {value}}}", value):
        text = SMALLEST.replace("{database: d, user: u}", part) + "extra: 1"
        assert SECRET not in " ".join(problems_of(text))
    assert SECRET not in repr(Connection(password=SECRET, host=SECRET))


BEFORE_A_SECRET = [
    "*",
    "&",
    "!",
    "!!",
    "!<",
    "%",
    "@",
    "`",
    "|",
    "{",
    "[",
    "'",
    '"',
    "? ",
    "${",
    "",
]
BEHIND_A_SECRET = ["", ":", " x", "}", "]", "'", '"', " #", "\n      - "]
SLIPS = [
    "      SECRET: 1",
    "      SECRET: a\n      SECRET: b",
    "      SECRET: '${'",
    "      passwordSECRET: 1",
    "      password:SECRET",
    "      tls: {SECRET: 1}",
    "      <<: *SECRET",
    "    password:SECRET",
    "    {password:SECRET: 1}",
    "    scratch: {SECRET: 1}",
    "    scratch: {password: *SECRET}",
    "    ledger: *SECRET",
    "    ledger: 'SECRET${'",
    "    ledger: {SECRET: 1}",
    "  staging: {password:SECRET: 1}",
    "  password:SECRET: {}",
    "password:SECRET: 1",
]


@pytest.mark.invariant("PL-12")
@pytest.mark.parametrize(
    "line",
    [
        *(f"      password: {a}SECRET{b}" for a in BEFORE_A_SECRET for b in BEHIND_A_SECRET),
        *SLIPS,
    ],
)
def test_a_slip_of_who_writes_a_password_does_not_show_it(line: str) -> None:
    """YAML reads what lacks its quotes or its blank as an alias, a tag, or a part of a key."""
    spec = """\
version: 1
keyspace: k
schema: schemas/k
environments:
  prod:
    shards: ["-"]
    connection:
      database: d
      user: u
"""
    assert SECRET not in " ".join(said_of(spec + line.replace("SECRET", SECRET)))


@pytest.mark.invariant("FB-1")
def test_of_very_many_problems_the_first_are_shown_and_that_there_are_more() -> None:
    problems = problems_of(SMALLEST + "".join(f"k{n}: 1\n" for n in range(20_000)))
    assert len(problems) == FILE_PROBLEMS_MAX + 1
    assert "k0" in problems[0]
    assert "problems-not-all-shown" in problems[-1]
    (said, _) = (*problems_of(SMALLEST + f"{'k' * 100_000}: 1\n"), None)
    assert len(said) < 2 * PROBLEM_CHARS_MAX


def test_the_json_schema_speaks_of_what_the_code_knows() -> None:
    schema = json.loads(spec_schema_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    allow = schema["$defs"]["policy"]["properties"]["allow"]["items"]["properties"]
    assert allow["hazard"]["enum"] == [kind.value for kind in HazardKind]
    assert schema["$defs"]["shard_count"]["properties"]["count"]["maximum"] == SHARDS_MAX
    assert schema["$defs"]["shard_list"]["maxItems"] == SHARDS_MAX
    rollout = schema["$defs"]["rollout"]["properties"]
    assert rollout["on_failure"]["enum"] == [choice.value for choice in OnFailure]
    assert schema["properties"]["key_function"]["enum"] == [name.value for name in KeyFunctionName]
    reshard = schema["$defs"]["reshard"]["properties"]
    assert reshard["approval"]["items"]["enum"] == [word.value for word in ReshardApproval]
    assert reshard["layout"]["enum"] == [word.value for word in ReshardLayout]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(value=VALUES, key=st.sampled_from(["", "environments", "policy", "keyspace", "version"]))
def test_any_json_is_a_spec_or_an_error_with_places(value: object, key: str) -> None:
    text = json.dumps(value)
    if key:
        text = json.dumps({"version": 1, "keyspace": "k", "schema": "s", key: value})
    problems: tuple[Problem, ...] = ()
    try:
        read_spec(text, "s.yaml")
    except (InvalidInput, Refused) as error:
        problems = error.problems
    assert all(problem.where and problem.where.line for problem in problems)


@given(
    shards=VALUES,
    connection=VALUES,
    rollout=st.dictionaries(
        st.sampled_from(["canary", "waves", "parallel", "soak", "windows", "lock_wait"]), VALUES
    ),
)
def test_any_environment_is_read_or_an_error(
    shards: object, connection: object, rollout: object
) -> None:
    environment = {"shards": shards, "connection": connection, "rollout": rollout}
    spec = {"version": 1, "keyspace": "k", "schema": "s", "environments": {"e": environment}}
    with pytest.raises((InvalidInput, Refused)):
        read_spec(json.dumps(spec), "s.yaml")


FORMAT = (Path(__file__).parents[3] / "docs" / "formats" / "spec.md").read_text(encoding="utf-8")


def keys_of(schema: object) -> set[str]:
    """Every key that a JSON Schema, or a part of one, gives a meaning."""
    if isinstance(schema, list):
        return set().union(*map(keys_of, schema))
    if not isinstance(schema, dict):
        return set()
    own = set(schema["properties"]) if isinstance(schema.get("properties"), dict) else set()
    return own.union(*map(keys_of, schema.values()))


def test_the_format_s_page_speaks_of_every_key_and_value() -> None:
    schema = json.loads(spec_schema_text())
    del schema["$defs"]["lint_rules"]  # rules have a page of their own
    words = keys_of(schema) | {kind.value for kind in HazardKind}
    assert [word for word in sorted(words) if not re.search(rf"\b{word}\b", FORMAT)] == []


def test_the_example_of_the_format_s_page_is_sound() -> None:
    examples = re.findall(r"```yaml\n(version:.*?)```", FORMAT, re.DOTALL)
    read = [read_spec(example, "specs/commerce.yaml") for example in examples]
    assert [spec.kind for spec in read] == [KeyspaceKind.MYSQL, KeyspaceKind.VITESS]


def test_a_vitess_keyspace_has_a_cluster_and_no_shards_yet() -> None:
    development, production = read_case("vitess").environments
    assert production.vitess is not None
    assert production.shards == ()
    assert production.kind is KeyspaceKind.VITESS
    assert (production.vitess.keyspace, production.vitess.cells) == (
        "commerce_v2",
        ("zone1", "zone2"),
    )
    assert production.vitess.vtctld.tls == Tls()
    assert development.vitess is not None
    assert development.vitess.keyspace == "commerce"
    assert development.vitess.vtgate.socket == "/run/vtgate.sock"


@pytest.mark.invariant("VT-50")
def test_shards_behind_vitess_are_listed_by_name() -> None:
    cluster = '{vtgate: {host: h, user: u}, vtctld: {address: "h:15999"}}'
    lists = 'shards: ["80-", "-40", "40-80"], retiring: ["-80"]'
    head = "version: 1\nkind: vitess\nkeyspace: k\nschema: s\n"
    spec = read_spec(f"{head}environments: {{p: {{vitess: {cluster}, {lists}}}}}\n", "specs/k.yaml")
    [environment] = spec.environments
    assert environment.vitess is not None
    assert environment.vitess.shards == ("-40", "40-80", "80-")
    assert environment.shards == ()
    assert [shard.name for shard in environment.retiring] == ["-80"]


@pytest.mark.invariant("PL-12")
def test_a_cluster_never_shows_itself() -> None:
    shown = repr(read_case("vitess"))
    assert "SCHEMA_" not in shown
    assert "vtgate.internal" not in shown


@pytest.mark.invariant("VT-11")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("    rollout: {parallel_per_host: 1}", "parallel_per_host cannot be kept"),
        ("    rollout: {kill_blockers: {after: 5s}}", "kill_blockers cannot be kept"),
        ("    rollout: {replica_lag_max: 5s}", "replica_lag_max cannot be kept"),
        ("    engine: {default: gh-ost}", "engine gh-ost does not work behind Vitess"),
        ("    engine: {tables: {t: [direct, spirit]}}", "engine spirit does not work"),
        ('    shards: [{name: "-"}]', "shards[0] says more than a name"),
        ("    retiring: ['-80']", "retiring without `shards`"),
        ("    connection: {database: d, user: u}", "connection has no meaning"),
    ],
)
def test_what_nobody_could_keep_behind_vitess_is_refused(line: str, expected: str) -> None:
    cluster = '{vtgate: {host: h, user: u}, vtctld: {address: "h:15999"}}'
    head = "version: 1\nkind: vitess\nkeyspace: k\nschema: s\n"
    spec = f"{head}environments:\n  p:\n    vitess: {cluster}\n"
    assert said_of(spec) == []
    [said] = said_of(spec + line + "\n")
    assert "[spec-not-of-kind]" in said
    assert expected in said


@pytest.mark.invariant("VT-11")
def test_the_online_ddl_of_vitess_is_no_engine_of_a_plain_server() -> None:
    [said] = said_of(SMALLEST + "engine: {default: [vitess, direct]}\n")
    assert "[spec-not-of-kind]" in said
    assert "engine.default[0]: engine vitess is Vitess' Online DDL" in said


def test_what_a_spec_says_of_replacing_shards_is_in_the_value() -> None:
    spec = read_case("reshard")
    split, merge, relocation = spec.environments
    assert spec.key_function is KeyFunctionName.XXHASH
    assert spec.tables == (
        TableClass(table="country", use=TableUse.REFERENCE),
        TableClass(table="orders", use=TableUse.SHARDED, shard_by="customer_id"),
        TableClass(table="scratchpad", use=TableUse.EXCLUDED),
    )
    assert split.reshard == ReshardSpec(
        fence_budget_s=10, grace_s=60, retain_s=14 * 86_400, rows_per_chunk=500
    )
    assert merge.reshard == ReshardSpec(approval=(ReshardApproval.CLEANUP,))
    assert relocation.reshard == ReshardSpec()
    assert [(one.name, one.connection.host) for one in merge.retiring] == [
        ("-40", "h"),
        ("40-80", "${SHARD_OLD}"),
    ]
    assert [(one.name, one.place) for one in relocation.retiring] == [("-80", "-80@7")]


@pytest.mark.invariant("SP-5")
@pytest.mark.parametrize("name", ["unicode_loose_md5", "unicode_loose_xxhash"])
def test_a_key_function_that_only_vitess_has_is_refused_by_name_without_a_guess(name: str) -> None:
    [said] = said_of(SMALLEST + f"key_function: {name}\ntables: {{t: {{shard_by: c}}}}\n")
    assert "only Vitess computes it" in said
    assert "did you mean" not in said


@pytest.mark.invariant("PL-12")
def test_a_retiring_shard_s_address_is_as_secret_as_any() -> None:
    entry = f'retiring: [{{name: "-80", connection: {{host: {SECRET}, passwort: {SECRET}}}}}]'
    text = SMALLEST.replace('shards: ["-"]', f'shards: ["-40", "40-80", "80-"], {entry}')
    assert SECRET not in " ".join(problems_of(text))


def test_a_tenth_of_a_day_is_no_duration_and_a_day_is() -> None:
    ledger = SMALLEST.replace('["-"]', '["-"], rollout: {soak: 1d2h}')
    assert read_spec(ledger, "s.yaml").environments[0].rollout.soak_s == 93_600
    assert len(problems_of(ledger.replace("1d2h", "0.1d"))) == 1


@pytest.mark.invariant("RG-1")
def test_a_region_s_connection_is_laid_between_the_environment_s_and_a_shard_s() -> None:
    listed = read_case("regions").environment("listed")
    assert listed is not None
    assert [(region.name, region.shards) for region in listed.regions] == [
        ("eu", ("-40", "40-80")),
        ("us", ("80-",)),
    ]
    hosts = {shard.name: shard.connection.host for shard in listed.shards}
    assert hosts == {"-40": "${MYSQL_EU}", "40-80": "big-one", "80-": "${MYSQL_US}"}
    assert listed.rollout.waves[0] == WaveShare(shards=("-40", "40-80"))


@pytest.mark.invariant("RG-1")
def test_a_region_may_be_a_range_of_the_shards_that_are_listed() -> None:
    ranged = read_case("regions").environment("ranged")
    assert ranged is not None
    assert [region.shards for region in ranged.regions] == [("-40", "40-80"), ("80-c0", "c0-")]


@pytest.mark.invariant("RG-1")
@given(st.lists(st.sampled_from(("eu", "us", "ap")), min_size=8, max_size=8), st.data())
def test_a_shard_in_two_regions_or_in_none_is_refused_by_name(
    cut: list[str], data: st.DataObject
) -> None:
    names = ("-20", "20-40", "40-60", "60-80", "80-a0", "a0-c0", "c0-e0", "e0-")
    regions = {
        region: [n for n, r in zip(names, cut, strict=True) if r == region] for region in {*cut}
    }

    def said() -> list[str]:
        listed = ", ".join(f"{name}: {{shards: {shards}}}" for name, shards in regions.items())
        return said_of(
            SMALLEST.replace('shards: ["-"]', f"regions: {{{listed}}}").replace(
                "database: d", 'database: "{shard}"'
            )
        )

    assert said() == []
    victim = data.draw(st.sampled_from(names))
    home = cut[names.index(victim)]
    regions["other"] = [victim]
    assert [text for text in said() if f"'{victim}' is in two regions, " in text]
    del regions["other"]
    regions[home].remove(victim)
    if regions[home]:
        assert [
            text
            for text in said()
            if "spec-regions" in text and victim.strip("-").split("-")[0] in text
        ]
