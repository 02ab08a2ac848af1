"""`reconciler show`."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.presenting import presentation
from reconciler.cli.streams import show as show_text
from reconciler.edges.files.working_tree import read_file
from reconciler.limits import PLAN_BYTES_MAX
from reconciler.plan.codec import load_plan
from reconciler.plan.validate import check_core
from reconciler.report.render import show_report, show_split_report
from reconciler.reshard.plan.check import check_split_core
from reconciler.reshard.plan.codec import load_split_plan


@click.command()
@click.argument("plan_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@options.output("text", "json", "markdown")
def show(plan_file: Path, output: str) -> None:
    """Show a plan file (PLAN_FILE is a .plan.json or a .split.json) as a person reads it.

    The file is checked by itself; whether it fits the fleet is for `verify` to say.
    """
    if plan_file.suffix == ".sql":
        plan = plan_file.with_suffix(".json")
        raise click.BadParameter(f"{plan_file} is for reading as it is; show {plan}, beside it.")
    content = read_file(plan_file, bytes_max=PLAN_BYTES_MAX)
    if plan_file.name.endswith(".split.json"):
        split = load_split_plan(content, str(plan_file))
        check_split_core(split.core)
        show_text(show_split_report(split, presentation(output)))
        return
    found = load_plan(content, str(plan_file))
    check_core(found.core)
    show_text(show_report(found, presentation(output)))
