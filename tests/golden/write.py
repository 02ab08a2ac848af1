"""Writes `docs/messages.md` and the golden reports: `python -m tests.golden.write`.

Read what changed before it is committed: these files are what people see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from reconciler.edges.files.working_tree import WorkingTree
from reconciler.flows.forge.setup import SetupRequest, files_of
from reconciler.flows.forge.workflow import checks_of, requests_of, workflow_of
from reconciler.flows.keyspaces import Loaded
from reconciler.plan.readable import render_readable_sql
from reconciler.report.checks_workflow import checks_workflow
from reconciler.report.compose.control import control_document
from reconciler.report.findings import SchemaFiles, TableFile
from reconciler.report.progress import progress_line
from reconciler.report.render import Format, Presentation
from reconciler.report.requests_workflow import requests_workflow
from reconciler.report.workflow import rollout_workflow
from reconciler.report.write.markdown import write_markdown
from reconciler.report.write.neutral import fenced
from reconciler.report.write.text import write_text
from reconciler.spec.load import load_repository
from tests.golden.advise_scenarios import ADVICE
from tests.golden.forge_messages import FORGE_LINES, FORGE_MESSAGES
from tests.golden.plan_scenarios import MORE_PLANS
from tests.golden.planetscale_scenarios import PLANETSCALE
from tests.golden.rollout_scenarios import ROLLOUTS
from tests.golden.route_scenarios import ROUTES
from tests.golden.samples import DIVERGENT
from tests.golden.scenarios import CONTROL, PROGRESS, SECTIONS, Scenario
from tests.golden.split_scenarios import SPLITS
from tests.golden.step_scenarios import STEP_PROGRESS, STEPS, VSCHEMA_DRIFT
from tests.golden.vschema_scenarios import BOTH_STEPS, VSCHEMAS

HERE = Path(__file__).parent
DOCS = HERE.parent.parent / "docs"
MESSAGES = DOCS / "messages.md"
WORKFLOW = DOCS / "rollout-workflow.yml"
REQUESTS = DOCS / "requests-workflow.yml"
CHECKS = DOCS / "checks-workflow.yml"
SPLIT_REQUESTS = DOCS / "split-requests-workflow.yml"
CASES = HERE.parent / "cases"
SETUP, SETUP_EXAMPLE = DOCS / "examples" / "github", CASES / "setup"

ACTION = f"OWNER/reconciler@{'0123456789' * 4}"
IMAGE = f"mysql:8.4@sha256:{'0123456789abcdef' * 4}"
FILES = SchemaFiles(
    tables={
        ("commerce", table): TableFile(path=f"schemas/commerce/{table}.sql", line=3, objects=lines)
        for table, lines in (("coupons", {}), ("orders", {"note": 7}), ("users", {"email": 6}))
    },
    specs={"commerce": "specs/commerce.yaml"},
)
SUFFIXES = {
    Format.TEXT: "txt",
    Format.MARKDOWN: "md",
    Format.JSON: "json",
    Format.GITHUB: "github.txt",
    Format.SARIF: "sarif",
}

ALL_SECTIONS = (
    *SECTIONS,
    ("plan, and what shards are like meanwhile", MORE_PLANS),
    ("plan, where the VSchema changes", VSCHEMAS),
    ("apply and status, where the VSchema changes", STEPS),
    ("drift of the VSchema", VSCHEMA_DRIFT),
    ("plan and status of a keyspace at PlanetScale", PLANETSCALE),
    ("routes", ROUTES),
    ("advise", ADVICE),
    ("the split of a shard", SPLITS),
    ("rollouts over regions", ROLLOUTS),
)
SCENARIOS = tuple(scenario for _, scenarios in ALL_SECTIONS for scenario in scenarios)

# One report of each kind says enough about formats for programs.
IN_JSON = (
    "plan-divergent",
    "plan-mixed-window",
    "plan-quarantine",
    "status-quarantine",
    "drift-all-marks",
    "apply-failed",
    "apply-swapped",
    "verify-refused",
    "status-running",
    "rollout-running",
    "status-soaking",
    "apply-vschema-failed",
    "status-vschema-waits",
    "drift-vschema-drifted",
    "plan-vschema",
    "routes-closed",
    "routes-owner",
    "advise-proposed",
    "lint-remarks",
)
IN_GITHUB = (
    "plan-not-allowed",
    "plan-lint",
    "verify-refused",
    "drift-all-marks",
    "drift-vschema-drifted",
    "lint-problems",
    "lint-remarks",
)

_INTRODUCTION = """# Messages

Every report of `reconciler`, with sample values. Written by `python -m tests.golden.write`; a test
fails when this file is not what the program says today.

Each report is shown as text. The same values in Markdown (for pull requests, issues and job
summaries), JSON, GitHub's workflow commands and SARIF are in `tests/golden/`."""


def golden_files() -> dict[Path, Callable[[], str]]:
    """Of every file that this command writes, what makes its content."""
    files: dict[Path, Callable[[], str]] = {MESSAGES: _all_messages}
    for scenario in SCENARIOS:
        for form in _formats(scenario):
            path = HERE / f"{scenario.name}.{SUFFIXES[form]}"
            files[path] = partial(_report, scenario, form)
    for name, _, message in FORGE_MESSAGES:
        files[HERE / f"{name}.md"] = partial(write_markdown, message)
    for path, content in (_workflows() | _setup()).items():
        files[path] = partial(str, content)
    files[HERE / "readable.plan.sql"] = _readable
    files[HERE / "readable-vschema.plan.sql"] = partial(render_readable_sql, BOTH_STEPS.core)
    return files


def _formats(scenario: Scenario) -> Iterator[Format]:
    yield from (Format.TEXT, Format.MARKDOWN)
    if scenario.name in IN_JSON:
        yield Format.JSON
    if scenario.name in IN_GITHUB:
        yield from (Format.GITHUB, Format.SARIF)


def _report(scenario: Scenario, form: Format) -> str:
    return scenario.report(Presentation(format=form, files=FILES, tool_version="0.1.0"))


def _workflows() -> dict[Path, str]:
    """Of the example specs, as `ci workflow` writes them at the top of a repository."""
    by_regions = _loaded(CASES / "workflows")
    of_one_fleet = _loaded(CASES / "workflows-of-one-fleet")
    given: dict[str, Any] = {"action": ACTION, "branch": "main", "below": ""}
    asked = requests_of(by_regions, (), None, scratch_image=None, **given)
    of_splits = requests_of(of_one_fleet, (), None, scratch_image=IMAGE, **given)
    return {
        WORKFLOW: rollout_workflow(workflow_of(by_regions, (), None, **given)),
        REQUESTS: requests_workflow(asked),
        SPLIT_REQUESTS: requests_workflow(of_splits),
        CHECKS: checks_workflow(checks_of(by_regions, None, scratch_image=IMAGE, **given)),
    }


def _setup() -> dict[Path, str]:
    """Of the example spec, as `ci setup` writes them; beside each other, not where GitHub looks."""
    loaded = _loaded(SETUP_EXAMPLE)
    asked = SetupRequest(
        action=ACTION,
        branch="main",
        owners=("@organisation/schema",),
        on_call=("@organisation/on-call", "@somebody"),
        scratch=IMAGE,
        glass="production",
    )
    files = files_of(loaded, asked, below="", top=loaded.tree)
    return {SETUP / Path(path).name: content for path, content in files.contents.items()}


def _loaded(root: Path) -> Loaded:
    tree = WorkingTree(root)
    return Loaded(root=root, tree=tree, keyspaces=load_repository(tree))


def _readable() -> str:
    return render_readable_sql(DIVERGENT.core)


def _all_messages() -> str:
    return "\n\n".join(_messages()) + "\n"


def _messages() -> Iterator[str]:
    yield _INTRODUCTION
    for title, scenarios in ALL_SECTIONS:
        yield f"## {title}"
        for scenario in scenarios:
            yield f"### {scenario.name}"
            yield f"{scenario.when} [In Markdown](../tests/golden/{scenario.name}.md)."
            yield fenced(_report(scenario, Format.TEXT).rstrip("\n"), "text")
    yield "## apply, while it runs"
    yield fenced("\n".join(map(progress_line, (*PROGRESS, *STEP_PROGRESS))), "text")
    yield "## stop, release and cancel"
    yield fenced(write_text(control_document(CONTROL)).rstrip("\n"), "text")
    yield "## On the forge"
    for name, when, message in FORGE_MESSAGES:
        yield f"### {name}"
        yield when
        # The one mark that ends in a selector, which is escaped where it comes from outside.
        shown = fenced(write_markdown(message).rstrip("\n"), "markdown")
        yield shown.replace("⚠\\ufe0f", "⚠\ufe0f")
    yield "### In one line: statuses, deployments, commits, the log, a chat"
    yield "\n\n".join(f"{when}:\n\n{fenced(text, 'text')}" for when, text in FORGE_LINES)
    yield "## The readable plan beside the plan file"
    yield fenced(_readable().rstrip("\n"), "sql")


def main() -> None:
    for path, made in golden_files().items():
        path.write_text(made(), encoding="utf-8")


if __name__ == "__main__":
    main()
