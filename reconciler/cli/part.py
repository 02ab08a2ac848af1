"""The options by which one part of a plan is asked for: a wave, in a region or on all shards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from reconciler.rollout.part_order import PART_PROTOCOL, PartOrder
from reconciler.rollout.waves import WaveChoice

Command = TypeVar("Command", bound=Callable[..., Any])


class Wave(click.ParamType[WaveChoice | int]):
    """Words of `WaveChoice`, or the number of a wave."""

    name = "wave"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> WaveChoice | int:
        if value in [choice.value for choice in WaveChoice]:
            return WaveChoice(value)
        if not (isinstance(value, str) and value.isascii() and value.isdigit() and int(value)):
            self.fail(f"{value!r} is neither a wave's number nor all, canary or rest", param, ctx)
        return int(value)


def part(command: Command) -> Command:
    """`plan_id` and `protocol`: what whoever gives the order takes the plan and the order for."""
    for option in (
        click.option(
            "--protocol",
            type=int,
            default=PART_PROTOCOL,
            show_default=True,
            help="What the order means, for whoever gives orders; another one is refused.",
        ),
        click.option(
            "--plan",
            "plan_id",
            metavar="PLAN_ID",
            help="Refuse if the reviewed plan is another one.",
        ),
    ):
        command = option(command)
    return command


def order_of(
    wave: WaveChoice | int,
    region: str | None,
    plan_id: str | None = None,
    protocol: int = PART_PROTOCOL,
) -> PartOrder | None:
    """None where no single wave is asked for. Raises UsageError for a region without one: what
    else runs meanwhile, and in which order, its machine cannot know (RG-22)."""
    if isinstance(wave, int):
        return PartOrder(wave=wave, plan_id=plan_id, protocol=protocol)
    if region is not None:
        raise click.UsageError("--region goes with the number of a wave, such as --wave 1.")
    if plan_id is not None or protocol != PART_PROTOCOL:
        raise click.UsageError("--plan and --protocol go with the number of a wave.")
    return None
