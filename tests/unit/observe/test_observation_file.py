"""What a region saw, as a file: read back as it was, and refused by name if it is anything else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.ddl.programs.accounts import Account
from reconciler.ddl.programs.facts import ANOTHER_DEFINER
from reconciler.errors import InvalidInput, Refused
from reconciler.flows.keyspaces import Loaded
from reconciler.flows.observe import observe_region
from reconciler.flows.plan import plan_keyspace
from reconciler.model.access import (
    DefinerRights,
    EngineGround,
    Grant,
    LoginTrait,
    Privileges,
    ShardAccess,
)
from reconciler.model.dependents import Dependents, Program, Reference
from reconciler.model.object_id import ObjectKind
from reconciler.model.observation import (
    CrossDatabaseChild,
    CrossDatabaseParent,
    ObservedShard,
    TableFacts,
)
from reconciler.model.schema import Column, ForeignKey, OtherObject, Table
from reconciler.model.server import ServerError
from reconciler.observe.file.codec import dump_observation, load_observation, without_accounts
from reconciler.observe.file.fleet import read_fleet
from reconciler.observe.file.key import key_from, keys_of
from reconciler.observe.file.limits import OBSERVATION_AGE_S_MAX
from reconciler.observe.file.model import About, RegionObservation
from reconciler.outcomes.observe import ObserveOutcome
from reconciler.outcomes.plan import PlanOutcome
from reconciler.plan.commitment import without_words
from reconciler.ports.world import World
from reconciler.spec.regions import in_region
from tests.offline_fleet import (
    SETTINGS,
    STATES,
    Files,
    Shards,
    environment,
    planned,
    repository,
    world,
)
from tests.sample_regions import NAMES, REGIONS, fleet_of, spec_of
from tests.sim.fleet import SimClock

KEY = b"0123456789abcdef0123456789abcdef"
OTHER_KEY = b"fedcba9876543210fedcba9876543210"

RICH = ObservedShard(
    shard="-80",
    settings=SETTINGS,
    definitions=(("orders", "CREATE TABLE `orders` (…)"), ("users", STATES[0])),
    broken=(("torn", ServerError(number=1356, message="view is broken")),),
    others=(OtherObject(kind=ObjectKind.TRIGGER, name="t", definition="BEGIN END", table="users"),),
    facts=(("users", TableFacts(rows=7, size_bytes=16_384)), ("orders", TableFacts())),
    cross_database_parents=(CrossDatabaseParent(database="x", table="p", definition="CREATE …"),),
    cross_database_children=(
        CrossDatabaseChild(
            database="y",
            name="c",
            parents=("users",),
            table=Table(
                name="c",
                columns=(Column(name="id", sql_type="int"),),
                foreign_keys=(
                    ForeignKey(
                        name="f", columns=("id",), parent_table="users", parent_columns=("id",)
                    ),
                ),
                options=(("ENGINE", "InnoDB"),),
            ),
        ),
        CrossDatabaseChild(database="y", name="hidden", parents=("users",), table=None),
    ),
    place="5f6a/commerce_secret_name",
    unseen=("row versions of tables (hidden)",),
    dependents=Dependents(
        programs=(Program(kind=ObjectKind.VIEW, name="v", text=None, database="y"),),
        references=(
            Reference(table="c", name="f", parent="users", parent_columns=frozenset({"id"})),
        ),
        sees_elsewhere=False,
    ),
    access=ShardAccess(
        database="commerce",
        privileges=Privileges(
            grants=(
                Grant(privileges=frozenset({"SELECT", "ALTER"}), grantee="`boss`@`10.1.2.3`"),
                Grant(privileges=frozenset({"USAGE"}), grantee="`role`@`%`", database="commerce"),
            )
        ),
        ground=EngineGround(login=frozenset({LoginTrait.SOCKET})),
    ),
)
ABOUT = About(
    environment="production", keyspace="shop", region="eu", spec_sha256="a" * 64, shards=("-80",)
)
SEEN = RegionObservation(about=ABOUT, observed_s=1_000, shards=(RICH,))


def code_of(content: bytes, key: bytes | None = None) -> str:
    with pytest.raises(Refused) as refused:
        load_observation(content, "eu.observation.json", key)
    return refused.value.problems[0].code


@pytest.mark.invariant("RG-11")
@pytest.mark.parametrize("key", [None, KEY])
def test_an_observation_is_read_back_as_it_was_seen(key: bytes | None) -> None:
    found = load_observation(dump_observation(SEEN, key), "f", key)
    kept = replace(without_accounts(RICH), definitions=RICH.definitions)
    assert found == replace(SEEN, shards=(kept,))


@pytest.mark.invariant("RG-10")
def test_a_file_names_no_account_and_no_place() -> None:
    content = dump_observation(SEEN, KEY)
    for secret in (b"boss", b"10.1.2.3", b"role", b"commerce_secret_name", KEY):
        assert secret not in content
    (shard,) = load_observation(content, "f", KEY).shards
    assert shard.server == RICH.server  # which scratch server is a shard's is still told
    assert shard.access is not None
    assert RICH.access is not None
    assert shard.access.may(["ALTER"], "users") == RICH.access.may(["ALTER"], "users")
    assert len({grant.grantee for grant in shard.access.privileges.grants}) == 2  # type: ignore[union-attr]


@pytest.mark.invariant("RG-11")
@pytest.mark.threat("TM-REGION-1")
@given(st.data())
def test_a_file_that_was_changed_anywhere_is_refused(data: st.DataObject) -> None:
    content = bytearray(dump_observation(SEEN, None))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Refused):
        load_observation(bytes(content), "f", None)


@pytest.mark.invariant("RG-11")
@pytest.mark.threat("TM-REGION-1")
@given(st.data())
def test_a_file_that_was_cut_off_is_refused(data: st.DataObject) -> None:
    content = dump_observation(SEEN, None)
    with pytest.raises(Refused):
        load_observation(content[: data.draw(st.integers(0, len(content) - 1))], "f", None)


@pytest.mark.invariant("RG-11")
@pytest.mark.threat("TM-REGION-1")
def test_with_a_key_nothing_is_believed_that_is_not_signed_with_it() -> None:
    """A forger can make a seal that fits; only who has the key can sign it."""
    assert code_of(dump_observation(SEEN, None), KEY) == "observation-forged"
    assert code_of(dump_observation(SEEN, OTHER_KEY), KEY) == "observation-forged"
    signed = dump_observation(SEEN, KEY)
    line, _, body = signed.partition(b"\n")
    forged = body.replace(b"1000", b"2000")
    seal = json.loads(line)
    seal["sha256"] = hashlib.sha256(forged.removesuffix(b"\n")).hexdigest()
    assert code_of(json.dumps(seal).encode() + b"\n" + forged, KEY) == "observation-forged"


@pytest.mark.invariant("RG-11")
def test_a_signature_is_never_taken_for_checked() -> None:
    assert code_of(dump_observation(SEEN, KEY), None) == "observation-key-missing"


@pytest.mark.invariant("RG-11")
def test_a_file_of_another_format_is_refused_by_name() -> None:
    content = dump_observation(SEEN, None).replace(b"observation 1.1", b"observation 1.2", 1)
    assert code_of(content) == "observation-format"


def sealed(body: Mapping[str, object]) -> bytes:
    """Whatever is in it, under a seal that fits."""
    text = json.dumps(body, separators=(",", ":")).encode()
    seal = json.loads(dump_observation(SEEN, None).partition(b"\n")[0])
    seal["sha256"] = hashlib.sha256(text).hexdigest()
    return json.dumps(seal).encode() + b"\n" + text + b"\n"


def body_of() -> dict[str, object]:
    found = json.loads(dump_observation(SEEN, None).partition(b"\n")[2])
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    "changed",
    [
        {"texts": []},
        {"texts": "x"},
        {"definitions": [[["users", -1]]]},
        {"definitions": [[["users", 1], ["orders", 0]]]},
        {"definitions": [[["users", 0], ["users", 1]]]},
        {"definitions": []},
        {"observation": None},
        {"observation": {"about": {}, "observed_s": 1, "shards": []}},
        {"more": 1},
    ],
    ids=str,
)
def test_what_is_sealed_and_makes_no_sense_is_refused(changed: dict[str, object]) -> None:
    assert code_of(sealed({**body_of(), **changed})) == "observation-malformed"


NOW_S = SimClock().now_s()


def observed(files: Files, shards: Shards, region: str, key: bytes | None = None) -> Files:
    """A folder with the observation of one region."""
    folder, keyspace = Files(), files.keyspace()
    part = in_region(environment(keyspace), region)
    outcome = observe_region(world(shards), keyspace, part, writer=folder, key=key)
    assert outcome.path is None or list(folder.content) == [outcome.path]
    return folder


def planned_from(
    files: Files,
    folder: Files,
    *,
    now_s: float = NOW_S,
    environ: Mapping[str, str] = MappingProxyType({}),
) -> PlanOutcome:
    keyspace = files.keyspace()
    chosen = environment(keyspace)
    keys = keys_of(environ, [region.name for region in chosen.regions])
    seen = read_fleet(folder, keyspace, chosen, keys=keys, now_s=now_s)
    nowhere: World = replace(world(Shards({})), shards=seen)
    return plan_keyspace(
        nowhere,
        keyspace,
        chosen,
        protected=None,
        created_at="2026-01-02T03:04:05Z",
        tool_version="0",
    )


def both(files: Files, shards: Shards) -> Files:
    eu, us = observed(files, shards, "eu"), observed(files, shards, "us")
    return Files({**eu.content, **us.content})


@pytest.fixture
def fleet() -> tuple[Files, Shards]:
    live = dict.fromkeys(NAMES, STATES[0]) | {NAMES[4]: STATES[1]}
    return repository(spec=spec_of(REGIONS)), fleet_of(live)


@pytest.mark.invariant("RG-12")
def test_a_plan_from_observations_is_the_plan_from_the_shards(fleet: tuple[Files, Shards]) -> None:
    files, shards = fleet
    there, here = planned(files, shards), planned_from(files, both(files, shards))
    assert there.refusals == here.refusals == ()
    assert there.plan is not None
    assert here.plan is not None
    assert without_words(here.plan.core) == without_words(there.plan.core)
    assert here.plan.plan_id == there.plan.plan_id


@pytest.mark.invariant("RG-12")
def test_a_region_without_a_file_is_a_region_nobody_saw(fleet: tuple[Files, Shards]) -> None:
    files, shards = fleet
    outcome = planned_from(files, observed(files, shards, "eu"))
    assert outcome.plan is None
    assert {found.shard for found in outcome.refusals} == set(REGIONS["us"])
    assert {found.code for found in outcome.refusals} == {"region-not-observed"}


@pytest.mark.invariant("RG-12")
def test_a_region_with_a_shard_that_does_not_answer_writes_no_file(
    fleet: tuple[Files, Shards],
) -> None:
    files, shards = fleet
    shards.shown[f"db-{NAMES[1]}"] = None
    keyspace = files.keyspace()
    folder = Files()
    part = in_region(environment(keyspace), "eu")
    outcome: ObserveOutcome = observe_region(world(shards), keyspace, part, writer=folder, key=None)
    assert outcome.path is None
    assert [found.shard for found in outcome.refusals] == [NAMES[1]]
    assert folder.content == {}


def refusal_from(files: Files, folder: Files, *, now_s: float = NOW_S) -> str:
    with pytest.raises(Refused) as refused:
        planned_from(files, folder, now_s=now_s)
    return refused.value.problems[0].code


@pytest.mark.invariant("RG-12")
@pytest.mark.threat("TM-REGION-2")
def test_a_file_of_another_time_is_refused(fleet: tuple[Files, Shards]) -> None:
    files, shards = fleet
    folder = both(files, shards)
    assert (
        refusal_from(files, folder, now_s=NOW_S + OBSERVATION_AGE_S_MAX + 1) == "observation-stale"
    )
    assert refusal_from(files, folder, now_s=NOW_S - 120) == "observation-stale"
    assert planned_from(files, folder, now_s=NOW_S + OBSERVATION_AGE_S_MAX - 1).refusals == ()


@pytest.mark.invariant("RG-12")
@pytest.mark.threat("TM-REGION-2")
def test_a_file_that_lies_in_anothers_place_is_refused(fleet: tuple[Files, Shards]) -> None:
    files, shards = fleet
    folder = both(files, shards)
    eu, us = sorted(folder.content)
    swapped = Files({eu: folder.content[us], us: folder.content[eu]})
    assert refusal_from(files, swapped) == "observation-of-another"


@pytest.mark.invariant("RG-12")
@pytest.mark.threat("TM-REGION-2")
def test_a_file_by_another_version_of_the_spec_is_refused(fleet: tuple[Files, Shards]) -> None:
    files, shards = fleet
    folder = both(files, shards)
    files.content["specs/shop.yaml"] += b"# another\n"
    assert refusal_from(files, folder) == "observation-of-another"


def test_observations_of_an_environment_without_regions_are_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        planned_from(repository(), Files())
    assert refused.value.problems[0].code == "regions-none"


def test_a_command_for_a_region_works_on_its_part_alone(fleet: tuple[Files, Shards]) -> None:
    files, _ = fleet
    loaded = Loaded(root=Path(), tree=files, keyspaces={"shop": files.keyspace()})
    (found,) = loaded.each(
        None, (), lambda _, part: tuple(shard.name for shard in part.shards), region="us"
    )
    assert found == REGIONS["us"]


@pytest.mark.invariant("RG-11")
@pytest.mark.parametrize("text", ["", "x" * 31])
def test_a_key_that_is_empty_or_could_be_guessed_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        key_from(text)
    assert refused.value.problems[0].code == "observation-key-short"
    assert text not in str(refused.value) or not text
    assert key_from(None) is None
    assert key_from("x" * 32) == b"x" * 32


@pytest.mark.invariant("PG-6")
def test_the_account_of_a_program_is_not_to_be_found_by_trying_names() -> None:
    """A digest of few things that somebody may guess is as good as their name."""
    own, foreign = Account(user="app", host="%"), Account(user="batch_login", host="10.1.2.3")
    others = tuple(
        OtherObject(kind=ObjectKind.VIEW, name=account.user, definition="", definer=account.digest)
        for account in (own, foreign)
    )
    access = replace(
        RICH.access or ShardAccess(database="d", privileges=None),
        accounts=frozenset({own.digest, foreign.digest}),
        definers=(DefinerRights(account=own.digest, privileges=None),),
    )
    seen = replace(SEEN, shards=(replace(RICH, others=others, access=access),))
    for definers, told in (((), 0), ((own.digest,), 1)):
        content = dump_observation(seen, None, definers)
        assert foreign.digest.encode() not in content
        assert content.count(own.digest.encode()) == told
        (found,) = load_observation(content, "f", None).shards
        assert [one.definer for one in found.others][1] == ANOTHER_DEFINER
