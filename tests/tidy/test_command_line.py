"""Every verb is told of, and asking for help costs no driver."""

from __future__ import annotations

import re
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from reconciler.cli.main import VERBS, reconciler
from tests.series import series
from tests.tidy.source import PACKAGE, ROOT

HEAVY = ("pymysql", "sqlalchemy", "git", "github", "jsonschema", "requests", "rich", "yaml")
# What some fleets and some verbs need, and is asked for when they do.
FOR_SOME = ("sqlalchemy", "git", "github", "requests", "prometheus_client", "stamina")


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_is_in_the_readme(verb: str) -> None:
    assert re.search(rf"\b{verb}\b", (ROOT / "README.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_is_listed_and_has_help_of_its_own(verb: str) -> None:
    listed = CliRunner().invoke(reconciler, ["--help"]).output
    assert re.search(rf"^  {verb} +{re.escape(VERBS[verb][1])}", listed, re.MULTILINE)
    own = CliRunner().invoke(reconciler, [verb, "--help"])
    assert own.exit_code == 0
    assert own.output.startswith(f"Usage: reconciler {verb}")


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_of_a_verb_says_what_it_does(verb: str) -> None:
    command = reconciler.get_command(click.Context(reconciler), verb)
    assert command is not None
    silent = [
        option.name
        for one in (command, *getattr(command, "commands", {}).values())
        for option in one.params
        if isinstance(option, click.Option) and not option.help
    ]
    assert silent == []


def test_no_line_of_a_list_of_commands_is_cut_off() -> None:
    for group in ("ci", "sandbox"):
        assert (
            "..."
            not in CliRunner()
            .invoke(reconciler, [group, "--help"])
            .output.partition("Commands:")[2]
        )


def test_a_verb_that_is_nearly_one_gets_a_hint() -> None:
    ended = CliRunner().invoke(reconciler, ["aply"])
    assert "Did you mean 'apply'?" in ended.output


@pytest.mark.parametrize(
    ("arguments", "unneeded"),
    series([(["--help"], HEAVY), (["plan", "--help"], FOR_SOME), (["drift", "--help"], FOR_SOME)]),
)
def test_a_verb_imports_no_driver_that_it_may_not_need(
    arguments: list[str], unneeded: tuple[str, ...]
) -> None:
    """What `--help` costs is what it imports, and what a verb costs before it does anything."""
    program = (
        "import sys\n"
        "from reconciler.cli.main import run\n"
        f"code = run({arguments!r})\n"
        f"print(sorted(sys.modules.keys() & {set(unneeded)!r}), file=sys.stderr)\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr.strip() == "[]"
    assert "Options:" in done.stdout


def test_a_plan_loads_nothing_that_few_plans_need() -> None:
    left_alone = {
        *FOR_SOME,
        "rich",
        "reconciler.cli.observed",
        "reconciler.flows.revert",
        "reconciler.flows.split.plan",
    }
    done = subprocess.run(
        [sys.executable, "-c", "import sys, reconciler.cli.planning; print(*sys.modules)"],
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert left_alone.intersection(done.stdout.split()) == set()
