"""What a job says on the forge besides the reports: where nothing had to be looked at, or could."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.limits import COMMENT_BYTES_MAX
from reconciler.outcomes.drift import DriftOutcome
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.plan import PlanOutcome
from reconciler.report.drift_words import is_clean
from reconciler.report.fit import Part, fit
from reconciler.report.forge_words import NO_SCHEMA_CHANGE
from reconciler.report.markdown.blocks import CAUTION, GOOD, title
from reconciler.report.markdown.drift import drift_markdown
from reconciler.report.markdown.plan import sketch_markdown
from reconciler.report.neutral import code_span, fenced, marker, prose

DRIFT_ISSUE_TITLE = "Schema drift"


def unchanged_comment(environment: str, keyspace: str) -> str:
    """Takes the place of a plan that an earlier state of the pull request had."""
    heading = title(GOOD, keyspace, environment, NO_SCHEMA_CHANGE)
    return f"{marker('change', environment, keyspace)}\n{heading}\n"


def unchanged_summary() -> str:
    return f"### {GOOD} {NO_SCHEMA_CHANGE}\n"


def given_up_summary(given_up: Sequence[tuple[str, str]]) -> str:
    """`given_up` are (keyspace, environment); loud, because their shards are in no plan."""
    lines = (
        f"- {code_span(keyspace)} in {code_span(environment)}" for keyspace, environment in given_up
    )
    return (
        f"### {CAUTION} in no spec any more\n\n" + "\n".join(lines) + "\n\nTheir shards keep their"
        " tables, and nothing plans for them or looks at them after the merge.\n"
    )


def fork_summary(
    keyspaces: Sequence[str],
    number: int,
    outcomes: Sequence[PlanOutcome | KeyspaceFailed],
    *,
    limit_bytes: int,
) -> str:
    """What follows for a pull request whose job is not given what it would need, and the plans that
    could be made all the same."""
    names = ", ".join(map(code_span, keyspaces))
    command = (
        f"git fetch origin pull/{number}/head:review-{number}\ngit push origin review-{number}"
    )
    parts = (
        Part(
            text=f"### {CAUTION} {names}: a schema change from a fork\n\n"
            "Jobs of forks get no secrets, so nothing was compared with the live fleet, and this"
            " check stays red on purpose. A plan shown here leads from the files of the base branch"
            " to these files: what would run if the fleet is as git says."
        ),
        Part(
            text="**What happens next:** a maintainer who has read the change brings it into this"
            " repository, opens a pull request from there, and runs `reconciler plan --write` on"
            f" it:\n\n{fenced(command, 'sh')}"
        ),
    )
    said = fit(parts, limit_bytes)
    room = limit_bytes - len(f"{said}\n".encode())
    return f"{said}\n{sketch_markdown(outcomes, limit_bytes=room)}" if outcomes else said


def break_glass_issue(
    *, environment: str, commit: str, actor: str, approved_by: Sequence[str], reason: str, run: str
) -> str:
    """Loud, and there before the first statement is sent."""
    lines = (
        f"<!-- reconciler break-glass {commit} -->",
        f"### {CAUTION} Applied without the review that was asked for",
        "",
        f"- Environment: {code_span(environment)}",
        f"- Commit: {code_span(commit)}",
        f"- Started by: {code_span(actor)}",
        f"- Let in by: {', '.join(map(code_span, approved_by))}",
        f"- Reason: {prose(reason)}",
        f"- Run: {run}",
        "",
        "Every other gate was asked as always. Read what was run, then close this issue.",
    )
    return "\n".join(lines) + "\n"


def drift_issue(outcomes: Sequence[DriftOutcome | KeyspaceFailed], run: str) -> str:
    """One issue for all keyspaces; those that need a person first, so that a cut loses the rest."""
    ordered = sorted(outcomes, key=lambda o: (_is_clean(o), o.environment, o.keyspace))
    first_line, last_line = "<!-- reconciler drift-issue -->", f"\nLast looked at by {run}\n"
    room = COMMENT_BYTES_MAX - len(f"{first_line}\n{last_line}".encode())
    return f"{first_line}\n{drift_markdown(ordered, limit_bytes=room)}{last_line}"


def _is_clean(outcome: DriftOutcome | KeyspaceFailed) -> bool:
    return isinstance(outcome, DriftOutcome) and is_clean(outcome)
