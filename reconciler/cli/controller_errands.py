"""What `reconciler run` has carried out, and where that is told: in its log, or on the forge.

Either is the same flow that the verb of a person, or the job of a forge, goes through; nothing is
decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from reconciler.cli.ci_wire import JobRollouts
from reconciler.cli.gates import ledger_gate_of
from reconciler.cli.github_access import GithubAccess, JobElsewhere
from reconciler.cli.presenting import presentation
from reconciler.cli.splits import standing
from reconciler.cli.streams import remark, show
from reconciler.cli.wire import Worlds
from reconciler.controller.model import Place
from reconciler.edges.files.history import GitHistory
from reconciler.edges.github.notices import GithubNotices
from reconciler.edges.meanwhile import told_meanwhile
from reconciler.errors import Refused
from reconciler.flows.apply import ApplyRequest, ApplyWorld, apply_keyspace
from reconciler.flows.forge.apply import ApplyJobRequest, run_merged
from reconciler.flows.forge.drift import DriftFiles, Outcomes, look_for_drift, tell_drift
from reconciler.flows.forge.job import ForgeJob
from reconciler.flows.forge.merged import begin_merged
from reconciler.flows.forge.news import News, Teller, tell_ended
from reconciler.flows.forge.unrepeated import Said, UnrepeatedNotices
from reconciler.flows.gates import Gates
from reconciler.flows.keyspace_order import left_alone_before, order_gates
from reconciler.flows.keyspaces import Loaded
from reconciler.flows.predecessors import Predecessors, proof_of_git
from reconciler.flows.split.reached import look_of
from reconciler.guard.model import problem_from
from reconciler.guard.review.git import Review
from reconciler.outcomes.apply import ApplyOutcome
from reconciler.outcomes.drift import DriftOutcome
from reconciler.outcomes.ends import drift_code
from reconciler.outcomes.exit_code import ExitCode
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.progress import ProgressEvent
from reconciler.outcomes.split import SplitApplyOutcome
from reconciler.ports.world import World
from reconciler.report.forge_words import chat_text
from reconciler.report.render import apply_report, drift_report
from reconciler.rollout.behest import Behest
from reconciler.spec.load import DesiredFiles, load_repository
from reconciler.spec.model import Environment

OnProgress = Callable[[Place, ProgressEvent], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrandWiring:
    """What both kinds share: the clone, the protected branch's name, and who is told."""

    repo: Path
    branch: str
    holder: str
    interrupts: Callable[[], int]
    on_progress: OnProgress
    chat: Callable[[str], None] | None

    def load(self, commit: str) -> Loaded:
        tree = GitHistory(self.repo, self.branch).tree(commit)
        return Loaded(root=self.repo.resolve(), tree=tree, keyspaces=load_repository(tree))


class GitErrands:
    """Implements Errands with the protected branch of git as the proof of review; what comes of
    each is told in the log, and in the chat."""

    def __init__(self, wiring: ErrandWiring) -> None:
        self._wiring = wiring
        self._said = Said()

    def apply(self, place: Place, commit: str, *, is_again: bool) -> ApplyOutcome | KeyspaceFailed:
        wiring = self._wiring
        history = GitHistory(wiring.repo, wiring.branch)
        gate = ledger_gate_of(wiring.repo, Review.GIT, wiring.branch)
        loaded, teller = wiring.load(commit), self._teller(("apply", place))
        request = ApplyRequest(
            commit=commit, review=Review.GIT, holder=wiring.holder, behest=Behest.NOBODY
        )
        with Worlds(loaded.root) as worlds:

            def work(files: DesiredFiles, chosen: Environment) -> ApplyOutcome:
                def look_at(of: DesiredFiles, before: Environment) -> tuple[World, Environment]:
                    first = standing(worlds, of, before, gate)
                    return look_of(worlds, first), first.environment

                before = Predecessors(
                    loaded=loaded.keyspaces,
                    tree=loaded.tree,
                    proof=proof_of_git(history, commit),
                    look_of=look_at,
                    ledger_of=worlds.lasting_ledger_of,
                    checks=worlds.checks(),
                )
                world = ApplyWorld(
                    history=history,
                    gates=Gates(fleet=order_gates(before, files, chosen)),
                    left_alone_before=left_alone_before(before, files, chosen),
                    connect=lambda: worlds.apply_connections_of(chosen, wiring.interrupts),
                )
                return self._followed(place, teller, world, files, chosen, request)

            (outcome,) = loaded.each(place.environment, (place.keyspace,), work)
        tell_ended(teller, outcome)
        self._show(place, "apply", apply_report([outcome], presentation("text", loaded.keyspaces)))
        return outcome

    def look_for_drift(
        self, place: Place, commit: str, every: frozenset[Place]
    ) -> DriftOutcome | KeyspaceFailed:
        loaded = self._wiring.load(commit)
        with Worlds(loaded.root) as worlds:
            found = look_for_drift(loaded, worlds, place.environment, (place.keyspace,))
        (outcome,) = found
        self._show(place, "drift", drift_report(found, presentation("text", loaded.keyspaces)))
        if drift_code(outcome) is not ExitCode.FINE:
            self._teller(place).tell(chat_text(found, ""))
        return outcome

    def check_spec(self, files: DesiredFiles, environment: Environment, commit: str) -> None:
        """The loop reads the tip of the protected branch, and that is the proof."""

    def _followed(
        self,
        place: Place,
        teller: Teller,
        world: ApplyWorld,
        files: DesiredFiles,
        chosen: Environment,
        request: ApplyRequest,
    ) -> ApplyOutcome:
        """With its news, as a job of CI tells them."""
        news = News(teller, chosen)
        with told_meanwhile(news.tell, news.tell) as notify:

            def on_event(event: ProgressEvent) -> None:
                for tell in (partial(self._wiring.on_progress, place), news.note, notify):
                    tell(event)

            return apply_keyspace(world, files, chosen, request, on_progress=on_event)

    def _teller(self, about: Hashable) -> Teller:
        chat = self._wiring.chat
        told = _unrepeated(chat, self._said, about) if chat is not None else None
        return Teller(chat=told, remark=remark)

    def _show(self, place: Place, verb: str, report: str) -> None:
        if self._said.is_new((verb, place), report):
            self._said.note((verb, place), report)
            show(report)


@dataclass(slots=True)
class GithubErrands:
    """Implements Errands with the forge's record as the proof of review, and told as the jobs of
    CI tell: the same comments, statuses, deployments, and one issue about the drift of all."""

    wiring: ErrandWiring
    github: GithubAccess
    _said: Said = field(default_factory=Said)
    _found: dict[Place, DriftOutcome | KeyspaceFailed] = field(default_factory=dict)

    def apply(self, place: Place, commit: str, *, is_again: bool) -> ApplyOutcome | KeyspaceFailed:
        chat = self.wiring.chat
        told = _unrepeated(chat, self._said, ("apply", place)) if chat else None
        job = replace(self._job(commit, is_again=is_again), chat=told)
        asked = ApplyJobRequest(
            environment=place.environment, status_of=place.keyspace, behest=Behest.NOBODY
        )
        begin = partial(self._begin_rollouts, place)
        outcomes, _ = run_merged(job, [place.keyspace], asked, begin)
        # Where shards are being replaced nothing is begun: what is left is of the schema.
        return next(one for one in outcomes if not isinstance(one, SplitApplyOutcome))

    def look_for_drift(
        self, place: Place, commit: str, every: frozenset[Place]
    ) -> DriftOutcome | KeyspaceFailed:
        """The issue is about all places: until each was looked at, it stays as it is."""
        job = self._job(commit, is_again=False)
        loaded = job.load(commit)
        check = partial(self.check_spec, commit=commit)
        (refused,) = loaded.each(place.environment, (place.keyspace,), check)
        with Worlds(job.root) as worlds:
            outcome: DriftOutcome | KeyspaceFailed | None = refused
            if outcome is None:
                (outcome,) = look_for_drift(loaded, worlds, place.environment, (place.keyspace,))
            self._found[place] = outcome
            self._found = {one: self._found[one] for one in sorted(self._found) if one in every}
            if self._found.keys() == every:
                found: Outcomes = list(self._found.values())
                chat = self.wiring.chat
                tell_drift(
                    job,
                    loaded,
                    worlds,
                    found,
                    [place.environment],
                    files=DriftFiles(),
                    chat=_unrepeated(chat, self._said, "drift") if chat else None,
                )
        return outcome

    def check_spec(self, files: DesiredFiles, environment: Environment, commit: str) -> None:
        """Raises Refused for a spec without its approvals: nothing that it names is connected to,
        for the logins of this process may change shards (GT-1). As an apply asks: whoever approved
        the plan approved the spec that it was made from."""
        job = self._job(commit, is_again=False)
        merged = begin_merged(job, "run", environment.name, "push")
        if refusals := merged.proof(files, environment):
            raise Refused(*map(problem_from, refusals))

    @contextmanager
    def _begin_rollouts(self, place: Place) -> Iterator[JobRollouts]:
        with Worlds(self.wiring.repo.resolve()) as worlds:
            tell = partial(self.wiring.on_progress, place)
            yield JobRollouts(worlds, self.wiring.interrupts, tell)

    def _job(self, commit: str, *, is_again: bool) -> ForgeJob:
        github, wiring = self.github, self.wiring
        notices = GithubNotices(github.client, github.repository, author=github.author)
        jobs = JobElsewhere(
            github=github, repo=wiring.repo, branch=wiring.branch, actor=wiring.holder
        )
        return jobs.job(commit, lambda: UnrepeatedNotices(notices, self._said), is_again=is_again)


def _unrepeated(chat: Callable[[str], None], said: Said, about: Hashable) -> Callable[[str], None]:
    """What the chat has read it need not read every few hours."""

    def tell(text: str) -> None:
        if said.is_new(("chat", about), text):
            chat(text)
            said.note(("chat", about), text)

    return tell
