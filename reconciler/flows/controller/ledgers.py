"""The ledgers of all places, each with the lease that says who leads there.

Each is asked beside the loop, in a thread of its own and once at a time: one that does not answer
holds up neither the others nor the loop.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from reconciler.controller.model import Place, Recorded, Wanted
from reconciler.errors import Problem, Refused
from reconciler.flows.controller.leadership import Leadership
from reconciler.flows.controller.limits import LEADER_BEAT_S, LEDGER_CLOSED_S, LEDGER_READ_S
from reconciler.flows.controller.problems import problem_of
from reconciler.flows.controller.record import Drivers, read_record
from reconciler.flows.controller.world import ControllerWorld
from reconciler.flows.keyspaces import Loaded
from reconciler.outcomes.controller import Leads, TurnFailed
from reconciler.ports.clock import WorkEnded
from reconciler.ports.controller import ControllerLease
from reconciler.ports.ledger import Ledger
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment

_PREFIX = "ledger "

_Found = dict[Place, Recorded]


@dataclass(frozen=True, slots=True)
class _Named:
    """A spec that names a ledger, for one of its environments."""

    files: DesiredFiles
    environment: Environment
    commit: str


@dataclass(slots=True)
class _OneLedger:
    """`named` are all that name it, and `places` theirs. What the thread that asks touches is
    `ledger`, `leadership` and `drivers`, and only while `is_asked`."""

    named: tuple[_Named, ...]
    places: tuple[Place, ...] = ()
    ledger: Ledger | None = None
    leadership: Leadership | None = None
    drivers: Drivers | None = None
    is_asked: bool = False
    asked_s: float = float("-inf")
    read_s: float = float("-inf")
    reads: frozenset[Place] = frozenset()
    problem: Problem | None = None

    @property
    def leads(self) -> bool:
        return self.leadership is not None and self.leadership.leads


@dataclass(slots=True)
class WatchedLedgers:
    """`recorded` has the places that were read since they were forgotten."""

    world: ControllerWorld
    recorded: _Found = field(default_factory=dict)
    _ledgers: dict[str, _OneLedger] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)  # of work in the pool -> of the ledger
    _asked: int = 0
    _told: int = 0

    @property
    def led(self) -> frozenset[Place]:
        return frozenset(p for one in self._ledgers.values() if one.leads for p in one.places)

    @property
    def unread(self) -> frozenset[Place]:
        """Those whose ledger did not answer when it was last asked, or was not asked yet."""
        silent = (one for one in self._ledgers.values() if one.problem or one.ledger is None)
        return frozenset(place for one in silent for place in one.places)

    def ledger_of(self, place: Place) -> Ledger | None:
        """Also for another thread than the loop's."""
        every = list(self._ledgers.values())
        return next((one.ledger for one in every if place in one.places), None)

    def turn(
        self, loaded: Loaded, commit: str, wanted: tuple[Wanted, ...], *, wants_to_lead: bool
    ) -> None:
        """Ask each ledger for which it is time. Who does not want to lead takes no lease."""
        self._name(loaded, commit, wanted)
        now_s = self.world.clock.monotonic_s()
        for key, one in self._ledgers.items():
            pause_s = LEADER_BEAT_S if one.ledger or not one.problem else LEDGER_CLOSED_S
            if not one.is_asked and now_s - one.asked_s >= pause_s:
                one.is_asked, one.asked_s = True, now_s
                is_time = now_s - one.read_s >= LEDGER_READ_S
                one.reads = frozenset(one.places) if is_time else frozenset()
                self._asked += 1
                name = f"{_PREFIX}{self._asked}"
                self._names[name] = key
                self.world.pool.start(name, partial(self._ask, one, one.reads, wants_to_lead))
        self._tell_leading()

    def takes(self, ended: WorkEnded) -> bool:
        """Take in what a ledger said; False for other work."""
        if not ended.name.startswith(_PREFIX):
            return False
        one = self._ledgers.get(self._names.pop(ended.name))
        if one is None:
            return True  # no spec names it any more
        one.is_asked = False
        if ended.error is not None:
            self._failed(one, problem_of(ended.error))
        else:
            assert isinstance(ended.value, dict)
            self._answered(one, ended.value)
        return True

    def forget(self, place: Place) -> None:
        """Something was done there: what was read before, or is being read, says nothing."""
        self.recorded.pop(place, None)
        for one in self._ledgers.values():
            if place in one.places:
                one.reads -= {place}
                one.read_s = float("-inf")

    def give_up(self) -> None:
        for one in self._ledgers.values():
            if one.leadership is not None:
                one.leadership.give_up()

    def _name(self, loaded: Loaded, commit: str, wanted: tuple[Wanted, ...]) -> None:
        """Which ledgers there are, by the specs; one that none names any more is left."""
        named: dict[str, list[tuple[Place, _Named]]] = {}
        for each in wanted:
            if (by := _named(loaded, commit, each.place)) is not None:
                key = self.world.ledgers.key(by.environment)
                named.setdefault(key, []).append((each.place, by))
        for key in self._ledgers.keys() - named.keys():
            if (left := self._ledgers.pop(key)).leadership is not None:
                left.leadership.give_up()
        for key, found in named.items():
            named_by = tuple(by for _, by in found)
            one = self._ledgers.setdefault(key, _OneLedger(named_by))
            one.named, one.places = named_by, tuple(place for place, _ in found)
        everywhere = {place for one in self._ledgers.values() for place in one.places}
        for place in self.recorded.keys() - everywhere:
            del self.recorded[place]

    def _ask(self, one: _OneLedger, reads: frozenset[Place], wants_to_lead: bool) -> _Found:
        """In a thread of its own. Raises what the ledger raises."""
        if one.ledger is None or one.leadership is None:
            one.ledger, lease = self._open(one.named)
            one.leadership = Leadership(lease, self.world.clock, self.world.holder)
        one.leadership.turn(wants=wants_to_lead)
        if one.drivers is None:
            one.drivers = Drivers(self.world.clock)
        return {place: read_record(one.ledger, place, one.drivers) for place in sorted(reads)}

    def _open(self, named: tuple[_Named, ...]) -> tuple[Ledger, ControllerLease]:
        """As the first of them names it that was reviewed (RG-52). Raises as the first one does
        where none was."""
        refused: Refused | None = None
        for by in named:
            try:
                return self.world.ledgers.open(by.files, by.environment, by.commit)
            except Refused as unreviewed:
                refused = refused or unreviewed
        assert refused is not None, "somebody names it"
        raise refused

    def _answered(self, one: _OneLedger, found: _Found) -> None:
        if one.reads:
            one.read_s = one.asked_s
        self.recorded |= {place: said for place, said in found.items() if place in one.reads}
        one.problem = one.leadership.problem if one.leadership else None

    def _failed(self, one: _OneLedger, problem: Problem) -> None:
        """Told once, as long as it stays the same."""
        for place in one.places:
            self.recorded.pop(place, None)
        if one.problem != problem:
            name = one.named[0].environment.name
            self.world.tell(TurnFailed(f"the ledger of {name}", problem))
        one.problem = problem

    def _tell_leading(self) -> None:
        if (leading := len(self.led)) != self._told:
            self._told = leading
            self.world.tell(Leads(leading))


def _named(loaded: Loaded, commit: str, place: Place) -> _Named | None:
    files = loaded.sound.get(place.keyspace)
    environment = files.spec.environment(place.environment) if files else None
    return _Named(files, environment, commit) if files and environment else None
