"""What a job says on the forge besides the reports, with sample values."""

from __future__ import annotations

from reconciler.report.markdown.ci import break_glass_issue, fork_comment, unchanged_comment

RUN = "https://forge.example/acme/shop/actions/runs/7"

# Name, when it is said, and the Markdown of it.
FORGE_MESSAGES: tuple[tuple[str, str, str], ...] = (
    (
        "forge-unchanged",
        "A pull request whose earlier state had a plan touches the schema no more.",
        unchanged_comment("production", "commerce"),
    ),
    (
        "forge-fork",
        "A pull request from a fork touches the schema.",
        fork_comment(["commerce"], 12),
    ),
    (
        "forge-break-glass",
        "An apply was let past the approvals: the issue that tells of it.",
        break_glass_issue(
            environment="production",
            commit="1f0c" * 10,
            actor="ada",
            approved_by=["ben"],
            reason="checkout is down and the reviewers are asleep",
            run=RUN,
        ),
    ),
)
