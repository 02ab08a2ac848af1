"""What a job says on the forge in one line: statuses, deployments, the chat, the log.

These places show text as it is, or read a syntax of their own; so names are shown on one line, and
for a chat neutralised (RP-6).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import assert_never

from reconciler.errors import Problem
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict
from reconciler.outcomes.drift import DriftOutcome
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.lowered import Lowered, LoweredRule, OtherOwners
from reconciler.outcomes.plan import VerifyOutcome, VerifyState
from reconciler.outcomes.progress import RolloutStarted, RolloutWaits
from reconciler.outcomes.split import SplitApplyOutcome, SplitVerifyOutcome
from reconciler.plan import words
from reconciler.plan.model import Plan
from reconciler.plan.visible import visible_line
from reconciler.report.apply_words import verdict as apply_verdict
from reconciler.report.drift_words import is_clean, verdict
from reconciler.report.limits import STATUS_CHARS_MAX
from reconciler.report.next_steps import is_verified, verify_verdict
from reconciler.report.progress import progress_line
from reconciler.report.reason_words import reason_words
from reconciler.report.refusals import failed_verdict
from reconciler.report.split_words import driven_verdict, split_verdict
from reconciler.report.summary import changes_line, short_id, summarise
from reconciler.reshard.actions import TickEnd
from reconciler.spec.model import ReviewRule

NO_SCHEMA_CHANGE = "no schema change"

FORK_LINE = (
    "a schema change from a fork: it has no secrets, so nothing was compared with the fleet;"
    " a maintainer takes it into this repository, see the job's summary [fork-not-verified]"
)

NOT_STALE = "not stale any more"

_STALE = "stale: "
_PLAN_COMMIT = "Schema plan made by CI"

# A chat's own syntax: <!channel>, &amp;, @everyone.
_CHAT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "@\u2060"})


def nothing_of_region(environment: str, region: str) -> str:
    place = f"region {visible_line(region)} of {visible_line(environment)}"
    return f"{place}: the change is about no keyspace there, and no shard was looked at"


def given_up_line(keyspace: str, environment: str) -> str:
    """Of what a pull request takes out of the specs."""
    return (
        f"warning: {visible_line(keyspace)} in {visible_line(environment)} is in no spec any more:"
        " its shards keep their tables, and nothing plans for them or looks at them after the merge"
    )


LOWERS_THE_RULE = "lowers the review rule"


def lowered_line(lowered: Lowered) -> str:
    return f"warning: {LOWERS_THE_RULE}: {visible_line(lowered_words(lowered))}"


def lowered_words(lowered: Lowered) -> str:
    """What was asked for, and what is asked for instead."""
    match lowered:
        case LoweredRule():
            about = f"{lowered.environment} in {lowered.spec_path}"
            after = rule_words(lowered.after) if lowered.after else "nothing, it is gone"
            return f"{about} asked for {rule_words(lowered.before)}, now for {after}"
        case OtherOwners():
            more = f" (and {lowered.alike - 1:,} more)" if lowered.alike > 1 else ""
            now = " ".join(lowered.after) or "nobody"
            return f"{lowered.path}{more} was owned by {' '.join(lowered.before)}, now by {now}"
        case _:
            assert_never(lowered)


def rule_words(rule: ReviewRule) -> str:
    owners = " and code owners" if rule.code_owners else ""
    return f"{words.count(rule.approvals, 'approval')}{owners}"


def lowering_status(description: str) -> str:
    return _cut(f"{LOWERS_THE_RULE}; {description}")


def verify_status(
    outcomes: Sequence[VerifyOutcome | SplitVerifyOutcome | KeyspaceFailed],
) -> str:
    """The description of a commit status: what is wrong first, because it may be cut."""
    ordered = sorted(outcomes, key=lambda o: (_is_good(o), o.keyspace))
    return _cut("; ".join(f"{o.keyspace}: {_verified(o)}" for o in ordered))


def apply_status(outcomes: Sequence[ApplyOutcome | SplitApplyOutcome | KeyspaceFailed]) -> str:
    ordered = sorted(outcomes, key=lambda o: (_is_completed(o), o.keyspace))
    return _cut("; ".join(f"{o.keyspace}: {_applied(o)}" for o in ordered))


def past_failures_line(outcome: ApplyOutcome) -> str:
    return (
        f"{outcome.keyspace}: shards failed, and keep no wave behind this one from beginning: the"
        " spec goes on past failures, or somebody has released them"
    )


def stale_status(stale: Iterable[tuple[Plan, Sequence[str]]]) -> str:
    """Of a pull request's plans of one environment, each with the shards that have moved."""
    said = [
        f"plan {short_id(plan.plan_id)} of {plan.core.keyspace},"
        f" {len(shards):,} of {words.count(len(plan.core.shards), 'shard')} have moved"
        for plan, shards in stale
    ]
    return _cut(f"{_STALE}{'; '.join(said)}; plan again")


def is_stale_status(description: str) -> bool:
    """Whether `stale_status` wrote it."""
    return description.startswith(_STALE)


def pull_request_line(number: int, environment: str, said: str) -> str:
    return f"pull request #{number}, {visible_line(environment)}: {said}"


def committed_line(commit: str, branch: str) -> str:
    return f"committed {commit[:12]} to {visible_line(branch)}"


def untold_line(what: str, problem: Problem) -> str:
    """Whether something could be said on the forge decides nothing."""
    return f"warning: {what} could not be written: {problem}"


def deployment_words(keyspace: str, plan_id: str) -> str:
    return _cut(f"schema of {keyspace}, plan {short_id(plan_id)}")


def break_glass_title(environment: str) -> str:
    return f"Applied to {visible_line(environment)} without review"


def break_glass_line(issue: int) -> str:
    return f"warning: --break-glass: approvals are not asked for; issue #{issue} tells why"


def plan_commit_message(plan_ids: Sequence[str]) -> str:
    """The subject of the commit in which a job leaves plans, or takes away what is left over."""
    if not plan_ids:
        return f"{_PLAN_COMMIT}: nothing to do"
    return _cut(f"{_PLAN_COMMIT}: {', '.join(map(short_id, plan_ids))}")


def is_plan_commit(message: str) -> bool:
    """Whether `plan_commit_message` wrote it."""
    return message.startswith(f"{_PLAN_COMMIT}: ")


def apply_news_text(
    event: RolloutStarted | RolloutWaits, place: tuple[str, str | None], run_url: str
) -> str:
    """'14:05:09 commerce apply 17 starts: … (production)', and where to read more."""
    where = ", region ".join(filter(None, place))
    line = f"{progress_line(event)} ({where})"
    return _in_chat([line], run_url)


def apply_ended_text(
    outcome: ApplyOutcome | SplitApplyOutcome | KeyspaceFailed, run_url: str
) -> str:
    """'commerce in production: plan 5d10ea88f422, paused, 1 of 4 shards completed: wave 2 waits for
    a person to release it', and where to read more."""
    region = None if isinstance(outcome, SplitApplyOutcome) else outcome.region
    where = f"{outcome.environment}, region {region}" if region else outcome.environment
    line = f"{outcome.keyspace} in {where}: {_ended(outcome)}"
    return _in_chat([line], run_url)


def _ended(outcome: ApplyOutcome | SplitApplyOutcome | KeyspaceFailed) -> str:
    if not isinstance(outcome, ApplyOutcome):
        return _applied(outcome)
    because = reason_words(outcome.reason)
    return f"{_planned(outcome)}{apply_verdict(outcome)}{f': {because}' if because else ''}"


def chat_text(outcomes: Sequence[DriftOutcome | KeyspaceFailed], run_url: str) -> str:
    """A line for each keyspace that needs a person, and where to read more."""
    lines = [
        f"{o.keyspace} in {o.environment}: "
        + (failed_verdict(o) if isinstance(o, KeyspaceFailed) else verdict(o))
        for o in outcomes
        if isinstance(o, KeyspaceFailed) or not is_clean(o)
    ]
    return _in_chat(lines, run_url)


def _in_chat(lines: Sequence[str], run_url: str) -> str:
    """`run_url` '' where there is no such place."""
    told = [visible_line(line).translate(_CHAT) for line in lines]
    return "\n".join([*told, run_url] if run_url else told)


def _verified(outcome: VerifyOutcome | SplitVerifyOutcome | KeyspaceFailed) -> str:
    if isinstance(outcome, KeyspaceFailed):
        return failed_verdict(outcome)
    if isinstance(outcome, SplitVerifyOutcome):
        return split_verdict(outcome)
    plan = f"plan {short_id(outcome.plan.plan_id)}" if outcome.plan else "no plan"
    match outcome.state:
        case VerifyState.VERIFIED:
            assert outcome.plan is not None, "verified against a plan"
            return f"{plan} verified, {changes_line(summarise(outcome.plan.core))}"
        case VerifyState.REFUSED:
            return f"{plan}, {verify_verdict(outcome)}"
        case VerifyState.NO_CHANGE | VerifyState.APPLIED | VerifyState.UNPLANNED:
            return verify_verdict(outcome)
        case _:
            assert_never(outcome.state)


def _applied(outcome: ApplyOutcome | SplitApplyOutcome | KeyspaceFailed) -> str:
    if isinstance(outcome, KeyspaceFailed):
        return failed_verdict(outcome)
    if isinstance(outcome, SplitApplyOutcome):
        return driven_verdict(outcome)
    return f"{_planned(outcome)}{outcome.verdict}"


def _planned(outcome: ApplyOutcome) -> str:
    return f"plan {short_id(outcome.plan.plan_id)}, " if outcome.plan else ""


def _is_good(outcome: VerifyOutcome | SplitVerifyOutcome | KeyspaceFailed) -> bool:
    return not isinstance(outcome, KeyspaceFailed) and is_verified(outcome.state)


def _is_completed(outcome: ApplyOutcome | SplitApplyOutcome | KeyspaceFailed) -> bool:
    if isinstance(outcome, SplitApplyOutcome):
        return outcome.how is TickEnd.DONE
    return isinstance(outcome, ApplyOutcome) and outcome.verdict is ApplyVerdict.COMPLETED


def _cut(text: str) -> str:
    shown = visible_line(text)
    return shown if len(shown) <= STATUS_CHARS_MAX else f"{shown[: STATUS_CHARS_MAX - 1]}…"
