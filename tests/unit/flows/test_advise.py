"""A split is proposed from what lasted, as an edit of the spec; what was not seen is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from reconciler.edges.ledger.sql import SqlLedger
from reconciler.errors import Problem, Refused, Unavailable
from reconciler.flows.advise import AdviseWorld, advise
from reconciler.outcomes.advise import AdviseOutcome
from reconciler.outcomes.ends import advise_code
from reconciler.outcomes.exit_code import ExitCode
from reconciler.reshard.key_functions.function import Value
from reconciler.reshard.key_samples import SampledTable
from reconciler.reshard.limits import ADVICE_LOOKS
from reconciler.reshard.loads import Measured, StatementCount
from reconciler.spec.model import ShardSpec
from tests.offline_fleet import SPEC, STATES, environment, fleet, repository, world
from tests.sample_splits import new_job
from tests.sim.fleet import SimClock
from tests.sim.run import close_ledgers, memory_ledger

HOUR_S = 3_600.0
RULES = "    reshard: {ceilings: {size: 1KiB, statements_per_second: 50}}\n"
LISTED = '    shards: ["-80", "80-"]\n'
SHOP = (
    SPEC.replace(
        "keyspace: shop\n",
        "keyspace: shop\nkey_function: numeric\ntables: {users: {shard_by: id}}\n",
    ).rpartition("    shards: {count: 2}\n")[0]
    + LISTED
    + RULES
)
EVEN = tuple(range(0, 1 << 63, 1 << 52))


@dataclass
class Loads:
    """`ShardLoads`: shard `-80` has `size_bytes` and is asked `rate` times a second."""

    clock: SimClock
    size_bytes: int | None = 4_096
    rate: int = 1
    values: tuple[Value, ...] = EVEN
    broken: Problem | None = None
    sampled: list[SampledTable] = field(default_factory=list)

    def measure(self, shards: Sequence[ShardSpec], *, parallel: int) -> list[Measured]:
        return [self._measured(shard.name) for shard in shards]

    def _measured(self, shard: str) -> Measured:
        up_s = int(self.clock.now_s()) - 999_000
        rate = self.rate if shard == "-80" else 1
        size = self.size_bytes if shard == "-80" else 512
        return Measured(
            shard=shard,
            size_bytes=size,
            rows=7,
            statements=StatementCount(count=rate * up_s, up_s=up_s),
            unseen=() if size is not None else (f"shard {shard}: it was not told",),
        )

    def sample(self, shard: ShardSpec, tables: Sequence[SampledTable]) -> tuple[Value, ...]:
        assert shard.name == "-80"
        self.sampled += tables
        if self.broken is not None:
            raise Unavailable(self.broken)
        return self.values


@pytest.fixture
def ledger() -> Iterator[SqlLedger]:
    yield memory_ledger()
    close_ledgers()


class Stand:
    """A keyspace that is looked at by the hour."""

    def __init__(self, ledger: SqlLedger, spec: str = SHOP, live: str = STATES[0]) -> None:
        self.ledger = ledger
        self.spec = spec
        self.clock = SimClock()
        self.loads = Loads(self.clock)
        self.shards = fleet(live)

    def look(self) -> AdviseOutcome:
        files = repository(spec=self.spec).keyspace()
        look = world(self.shards)
        look.clock.sleep(self.clock.now - look.clock.now_s())
        advised = AdviseWorld(
            look=look, loads=self.loads, looks=self.ledger.looks, jobs=self.ledger.split_jobs
        )
        found = advise(advised, files, environment(files), spec_text=self.spec)
        self.clock.sleep(HOUR_S)
        return found

    def looks(self, times: int = ADVICE_LOOKS + 1) -> AdviseOutcome:
        """The first one has no rate yet."""
        return [self.look() for _ in range(times)][-1]


@pytest.mark.invariant("SP-9")
def test_what_lasted_is_proposed_as_an_edit_of_the_spec(ledger: SqlLedger) -> None:
    stand = Stand(ledger)
    early = [stand.look() for _ in range(ADVICE_LOOKS)]
    assert [one.proposal for one in early] == [None] * ADVICE_LOOKS
    assert early[-1].declined == (("-80", "beyond its ceiling in 2 looks in a row, of 3"),)
    assert stand.loads.sampled == []
    found = stand.look()
    assert found.proposal is not None
    assert found.proposal.targets == ("-40", "40-80")
    assert found.edit is not None
    assert [line for line in found.edit if line[0] in "+-"][2:] == [
        f"-{LISTED.rstrip()}",
        '+    shards: ["-40", "40-80", "80-"]',
        '+    retiring: ["-80"]',
    ]
    assert [table.index for table in stand.loads.sampled] == ["PRIMARY"]
    assert found.loads[0].statements_per_s == 1.0
    assert advise_code(found) is ExitCode.DIFFERENCES
    assert advise_code(early[-1]) is ExitCode.FINE


@pytest.mark.invariant("SP-9")
def test_a_busy_shard_is_one_as_well(ledger: SqlLedger) -> None:
    stand = Stand(ledger)
    stand.loads.size_bytes, stand.loads.rate = 512, 60
    found = stand.looks()
    assert found.proposal is not None
    assert found.proposal.reasons == ("60 statements a second, of at most 50",)


@pytest.mark.invariant("SP-9")
def test_what_was_not_measured_is_told_and_proposes_nothing(ledger: SqlLedger) -> None:
    stand = Stand(ledger)
    stand.loads.size_bytes, stand.loads.rate = None, 60
    found = stand.looks()
    assert found.proposal is None
    assert found.unseen == (("it was not told", ("-80",)),)
    assert advise_code(found) is ExitCode.REFUSED


@pytest.mark.invariant("SP-9")
def test_nothing_is_proposed_while_a_split_lives(ledger: SqlLedger) -> None:
    stand = Stand(ledger)
    stand.looks()
    stand.ledger.routes.adopt(
        "production", "shop", key_function="numeric", shards=("-80", "80-"), by="a", now_s=1.0
    )
    stand.ledger.split_jobs.open(new_job("shop"), holder="a", now_s=1.0)
    assert stand.look().declined == (("-80", "shards of the keyspace are being replaced"),)


def test_one_key_that_is_half_the_shard_is_no_place_to_cut(ledger: SqlLedger) -> None:
    stand = Stand(ledger)
    stand.loads.values = (7,) * len(EVEN)
    found = stand.looks()
    assert found.proposal is None
    assert "one key, which no bound divides" in dict(found.declined)["-80"]


def test_rows_that_cannot_be_sampled_are_a_problem_by_name(ledger: SqlLedger) -> None:
    stand = Stand(ledger)
    stand.loads.broken = Problem(code="shard-timeout", message="too slow", recovery="wait")
    found = stand.looks()
    assert [problem.code for problem in found.problems] == ["shard-timeout"]
    assert advise_code(found) is ExitCode.REFUSED
    stand.shards.shown["db--80"] = None
    assert [problem.code for problem in stand.look().problems] == ["shard-unreachable"]


def test_a_table_that_is_classed_nowhere_is_told_by_name(ledger: SqlLedger) -> None:
    stand = Stand(ledger)
    notes = STATES[0].replace("users", "notes")
    stand.shards.shown["db--80"] = {"users": STATES[0], "notes": notes}
    found = stand.looks()
    assert [problem.code for problem in found.problems] == ["split-table-unclassed"]


def test_without_ceilings_shards_are_measured_and_nothing_is_beyond_one(ledger: SqlLedger) -> None:
    stand = Stand(ledger, SHOP.replace(RULES, ""))
    stand.loads.size_bytes = None
    found = stand.look()
    assert (found.declined, found.unseen, len(found.loads)) == ((), (), 2)
    assert advise_code(found) is ExitCode.FINE


def test_a_spec_without_a_key_function_is_refused(ledger: SqlLedger) -> None:
    with pytest.raises(Refused, match="does not say which function"):
        Stand(ledger, SPEC).look()
