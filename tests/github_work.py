"""A repository on the hub, Ada's clone of it, and what an apply of its main branch refuses with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import git

from reconciler.edges.github.client import GithubClient
from reconciler.edges.github.forge import GithubForge
from reconciler.edges.github.main_line import GitMainLine
from reconciler.errors import Refused
from reconciler.flows.forge.review import ReviewQuestion, review_proof
from reconciler.plan.codec import dump_plan
from reconciler.plan.model import Plan
from reconciler.plan.readable import render_readable_sql
from reconciler.spec.model import ReviewRule
from tests.github_double.hub import ADA, NOTHING, Hub, User
from tests.github_double.server import TOKEN, Double, serving
from tests.sample_plans import sample_plan

PLAN = sample_plan()
OTHER_PLAN = sample_plan(changing=("-40",), matching=("40-80", "80-c0", "c0-"))
JSON, SQL = "plans/production/commerce.plan.json", "plans/production/commerce.plan.sql"
TABLE = "schemas/commerce/users.sql"


@dataclass
class Work:
    """A hub with a first commit, and Ada's clone of it."""

    hub: Hub
    double: Double
    ada: git.Repo
    folder: Path

    def commit(self, **files: str | bytes) -> None:
        commit_files(self.ada, {name.replace("__", "/"): text for name, text in files.items()})

    def commit_plan(self, plan: Plan = PLAN) -> None:
        commit_files(self.ada, plan_files(plan))

    def branch(self, name: str = "feature") -> None:
        self.ada.git.fetch("origin")
        self.ada.git.checkout("-B", name, "origin/main")

    def push(self, name: str = "feature", user: User | None = ADA, *, force: bool = False) -> None:
        self.hub.pushed(user, self.ada, name, force=force)

    def proposed(self, plan: Plan = PLAN, name: str = "feature") -> int:
        """A pull request of Ada's with a plan in it."""
        self.branch(name)
        self.commit_plan(plan)
        self.push(name)
        return self.hub.opened(ADA, name)

    def refused(self, plan: Plan = PLAN, rule: ReviewRule | None = None, at: str = "") -> list[str]:
        """The codes that an apply of the tip of main refuses with."""
        return self.asked(plan, rule, at)()

    def asked(
        self, plan: Plan = PLAN, rule: ReviewRule | None = None, at: str = ""
    ) -> Callable[[], list[str]]:
        """One job's gate, to be asked as often as the job does."""
        clone = git.Repo.clone_from(
            str(self.hub.bare.git_dir), self.folder / f"job{len(self.double.calls)}"
        )
        question = ReviewQuestion(
            plan=plan,
            commit=at or clone.head.commit.hexsha,
            branch="main",
            spec_path="specs/commerce.yaml",
            schema_dir="schemas/commerce",
            rule=rule or ReviewRule(),
        )
        client = GithubClient(api_url=self.double.url, token=TOKEN)
        forge = GithubForge(client, "acme/shop", run_id="7")
        line = GitMainLine(Path(clone.working_dir))

        def codes() -> list[str]:
            try:
                return [refusal.code for refusal in review_proof(forge, line, question)]
            except Refused as unclear:
                return [problem.code for problem in unclear.problems]

        return codes


def commit_files(repo: git.Repo, files: Mapping[str, str | bytes]) -> None:
    root = Path(repo.working_dir)
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content.encode() if isinstance(content, str) else content)
    repo.git.add("--all")
    repo.git.commit("-m", "work")


def plan_files(plan: Plan) -> dict[str, str | bytes]:
    return {JSON: dump_plan(plan), SQL: render_readable_sql(plan.core)}


@contextmanager
def working(folder: Path) -> Iterator[Work]:
    template, files = _begun()
    for name, content in files.items():
        place = folder / name
        if content is None:
            place.mkdir(parents=True, exist_ok=True)
            continue
        own = content.replace(template, bytes(folder)) if place.name == "config" else content
        place.write_bytes(own)
    hub = Hub(folder)
    hub.moved(ADA, "main", NOTHING, "branch_creation")
    with serving(hub) as double:
        yield Work(hub, double, git.Repo(folder / "ada"), folder)


@cache
def _begun() -> tuple[bytes, Mapping[str, bytes | None]]:
    """The files of a hub with a first commit, which take eight processes to make, and the folder
    that they were made in; None: a folder."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        hub = Hub(folder)
        ada = hub.workplace("ada")
        ada.git.checkout("-B", "main")
        commit_files(ada, {"README.md": "shop", TABLE: "--"})
        hub.pushed(ADA, ada, "main")
        found = sorted(path for path in folder.rglob("*") if "hooks" not in path.parts)
        files = {
            str(path.relative_to(folder)): None if path.is_dir() else path.read_bytes()
            for path in found
        }
    return name.encode(), files
