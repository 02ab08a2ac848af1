"""Which proof of review `--review` asks for, of a part and of a rollout over regions."""

from __future__ import annotations

from pathlib import Path

from reconciler.cli.part_proofs import ProofAt, proof_by_git
from reconciler.guard.review.git import Review

# Where nobody names the branch that a forge is asked about.
USUAL_BRANCH = "main"


def proof_by(
    review: str, repo: Path, branch: str | None, actor: str, token_file: Path | None
) -> ProofAt:
    """As --review says; `actor` is who asks. The library of HTTP is loaded where a forge is asked:
    workers stay in memory. Raises UsageError for a forge that cannot be asked."""
    if review == Review.GIT:
        return proof_by_git(repo, branch)
    from reconciler.cli.github_access import JobElsewhere, github_access
    from reconciler.cli.github_proof import proof_by_github

    github = github_access(token_file)
    return proof_by_github(
        JobElsewhere(github=github, repo=repo, branch=branch or USUAL_BRANCH, actor=actor)
    )
