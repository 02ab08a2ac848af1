"""Everything that is asked before an apply may connect to anything, and again before each wave.

What a spec sends its logins to is for reviewers to say: the ledger, the shards and the environment
that comes first are reached only once git, and the forge where there is one, have answered for the
spec itself (GT-1). Every path comes through here (GD-9).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from reconciler.errors import Problem, ReconcilerError, Refused
from reconciler.flows.keyspaces import HasSpec
from reconciler.guard.model import Refusal
from reconciler.guard.review.git import (
    Review,
    ReviewFacts,
    SpecReviewFacts,
    review_refusals,
    spec_review_refusals,
)
from reconciler.limits import SPEC_BYTES_MAX
from reconciler.plan.files import read_plan
from reconciler.plan.model import MadeFromFiles, Plan
from reconciler.ports.files import History
from reconciler.spec.load import DesiredFiles, load_keyspace
from reconciler.spec.model import Environment
from reconciler.spec.text import digest_of, text_of
from reconciler.spec.tree import FileTree

Gate = Callable[[Plan], tuple[Refusal, ...]]
SpecGate = Callable[[], tuple[Refusal, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gates:
    """Each says every reason not to go on, any number of times; a kind that refuses ends the
    asking."""

    plan: tuple[Gate, ...] = ()
    """Of git and the forge: was the plan reviewed? What it was made from holds the spec."""

    spec: tuple[SpecGate, ...] = ()
    """Of git and the forge: was the spec reviewed? Asked where no plan was made from it."""

    fleet: tuple[Gate, ...] = ()
    """Of servers that the spec names: is the environment that comes first as git says?"""

    @property
    def are_of_a_forge(self) -> bool:
        return bool(self.plan and self.spec)


def gate_refusals(gates: Gates, files: DesiredFiles, plan: Plan | None) -> tuple[Refusal, ...]:
    """Empty only if every gate lets the apply in. Servers are asked last, when it is known that the
    spec which names them was reviewed."""
    return refusals_of_review(gates, files, plan) or refusals_of_fleet(gates, plan)


def refusals_of_review(gates: Gates, files: DesiredFiles, plan: Plan | None) -> tuple[Refusal, ...]:
    """Empty only if git, and the forge where there is one, let it connect (GT-1)."""
    return tuple(_of_plan(gates, files, plan)) or tuple(_of_spec(gates, files, plan))


def refusals_of_fleet(gates: Gates, plan: Plan | None) -> tuple[Refusal, ...]:
    """Empty only if it is the turn of the plan. Asked once the spec is known to be reviewed."""
    if plan is None:
        return ()
    return tuple(refusal for gate in gates.fleet for refusal in gate(plan))


def _of_plan(gates: Gates, files: DesiredFiles, plan: Plan | None) -> Iterator[Refusal]:
    if plan is not None:
        for gate in gates.plan:
            yield from gate(plan)


def _of_spec(gates: Gates, files: DesiredFiles, plan: Plan | None) -> Iterator[Refusal]:
    if plan is None or not was_made_from(plan, files):
        for gate in gates.spec:
            yield from gate()


def was_made_from(plan: Plan, files: DesiredFiles) -> bool:
    """Whoever approved the plan approved this very spec, and the lists that it names."""
    made_from = {(found.path, found.sha256) for found in plan.core.inputs}
    return bool(files.spec_digests) and made_from.issuperset(files.spec_digests)


def with_those_of_git(gates: Gates, history: History, commit: str, files: DesiredFiles) -> Gates:
    """What the protected branch of the clone says comes first."""
    path = files.spec.path

    def plan_gate(plan: Plan) -> tuple[Refusal, ...]:
        found = review_facts(history, commit, plan.core, path, partial(_plan_id_in, plan=plan))
        return review_refusals(plan.plan_id, found)

    def spec_gate() -> tuple[Refusal, ...]:
        return spec_gate_of_git(history, commit, files)

    return replace(gates, plan=(plan_gate, *gates.plan), spec=(spec_gate, *gates.spec))


def spec_gate_of_git(history: History, commit: str, files: DesiredFiles) -> tuple[Refusal, ...]:
    """Empty only if the protected branch holds the very spec of `files`, with the lists that it
    names, and `commit` is in it."""
    path, tip = files.spec.path, history.protected_tip()
    if tip is None:
        facts = SpecReviewFacts(commit=commit, tip=None, commit_is_merged=False, is_at_tip=False)
    else:
        facts = SpecReviewFacts(
            commit=commit,
            tip=tip,
            commit_is_merged=history.contains(tip, commit),
            is_at_tip=_are_there(history.tree(tip), files.spec_digests),
        )
    return spec_review_refusals(path, facts)


def cluster_gate(
    history: History,
    commit: str,
    files: DesiredFiles,
    environment: Environment,
    review: Review,
) -> None:
    """For an apply that must ask a cluster whether shards are being moved: nothing goes where the
    spec leads before the spec was found reviewed (GT-1). Raises Refused."""
    if review is Review.NONE or environment.vitess is None:
        return
    refusals = spec_gate_of_git(history, commit, files)
    if refusals:
        raise Refused(
            *(
                Problem(code=one.code, message=one.message, recovery=one.recovery)
                for one in refusals
            )
        )


def ledger_gate(
    open_history: Callable[[], History],
    files: DesiredFiles,
    environment: Environment,
    review: Review,
) -> None:
    """For those who look at a ledger, or ask something of an apply, from a working tree: the spec
    that names it is the one on the protected branch, unless no review is asked for or the spec
    names none. Raises Refused if it is not."""
    if review is Review.NONE or environment.ledger is None:
        return
    history = open_history()
    path, tip = files.spec.path, history.protected_tip()
    if tip is None or not _are_there(history.tree(tip), files.spec_digests):
        raise Refused(_not_on_branch(path, tip))


def ledger_address_gate(
    open_history: Callable[[], History], files: HasSpec, environment: Environment
) -> None:
    """For those who plan a change of the spec itself, and must ask the ledger for it: only one that
    the protected branch names for this environment is opened (SP-74). Raises Refused."""
    if environment.ledger is None:
        return
    history = open_history()
    tip = history.protected_tip()
    if tip is None or _ledger_at(history.tree(tip), files, environment) != environment.ledger:
        raise Refused(
            Problem(
                code="ledger-not-merged",
                message=f"{files.spec.path} names a ledger for {environment.name} that the"
                " protected branch does not: a login would go where nobody has reviewed it",
                recovery="have the ledger's address merged first, in a change of its own, or name"
                " the branch with --protected-branch",
            )
        )


def _ledger_at(tree: FileTree, files: HasSpec, environment: Environment) -> str | None:
    """None for a spec that cannot be read: it names no ledger."""
    try:
        found = load_keyspace(tree, files.spec.path).spec.environment(environment.name)
    except ReconcilerError:
        return None
    return found.ledger if found else None


def _not_on_branch(path: str, tip: str | None) -> Problem:
    where = "there is no protected branch that holds it" if tip is None else "another one is there"
    return Problem(
        code="spec-not-merged",
        message=f"{path} says where the ledger is, and is not the spec of the protected branch:"
        f" {where}",
        recovery="use a checkout of the protected branch (`git switch main`), or name the branch"
        " with --protected-branch; in a sandbox, use --review none",
    )


def _are_there(tree: FileTree, digests: Iterable[tuple[str, str]]) -> bool:
    return all(_digest_at(tree, path) == digest for path, digest in digests)


def _digest_at(tree: FileTree, path: str) -> str | None:
    """None equals no digest of a file that was read."""
    try:
        return digest_of(text_of(tree.read(path, bytes_max=SPEC_BYTES_MAX), path))
    except ReconcilerError:
        return None


def review_facts(
    history: History,
    commit: str,
    reviewed: MadeFromFiles,
    spec_path: str,
    plan_id_in: Callable[[FileTree], str | None],
) -> ReviewFacts:
    """Of a plan of any kind; `plan_id_in` is the id of the plan in its place in a tree."""
    tip = history.protected_tip()
    if tip is None:
        return ReviewFacts(commit=commit, tip=None, commit_is_merged=False, tip_plan_id=None)
    tree = history.tree(tip)
    return ReviewFacts(
        commit=commit,
        tip=tip,
        commit_is_merged=history.contains(tip, commit),
        tip_plan_id=plan_id_in(tree),
        # At the tip itself the check of the inputs says more.
        moved_on=_moved_on(tree, reviewed, spec_path) if tip != commit else (),
    )


def _plan_id_in(tree: FileTree, plan: Plan) -> str | None:
    """A plan at the tip that cannot be read is not this plan."""
    try:
        found = read_plan(tree, plan.core.environment, plan.core.keyspace)
    except Refused:
        return None
    return found.plan_id if found else None


def _moved_on(tree: FileTree, reviewed: MadeFromFiles, spec_path: str) -> tuple[str, ...]:
    """Files that cannot be read are not those of the plan."""
    try:
        now = load_keyspace(tree, spec_path).digests
    except ReconcilerError:
        return (spec_path,)
    made_from = {(found.path, found.sha256) for found in reviewed.inputs}
    return tuple(sorted({path for path, _ in made_from.symmetric_difference(now)}))
