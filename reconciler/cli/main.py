"""The command and its verbs, and the boundary where every error becomes a message and a code.

A verb's module is imported when the verb is used, and reports when there is an error to show:
`--help` must not pay for database drivers.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches

import click

from reconciler import __version__
from reconciler.cli.streams import Remarks, remark, show, standard_error
from reconciler.errors import ReconcilerError
from reconciler.outcomes.exit_code import ExitCode

# In the order of use, as --help lists them: verb -> (attribute `module:command`, help line).
VERBS: dict[str, tuple[str, str]] = {
    "init": ("init:init", "Write a spec and schema files from a live fleet."),
    "pull": ("pull:pull", "Refresh the schema files from the live fleet."),
    "lint": ("lint:lint", "Check specs and schema files without any server."),
    "observe": ("observe:observe", "Look at a region's shards, for a plan made elsewhere."),
    "plan": ("plan:plan", "Work out and prove what every shard needs; change nothing."),
    "show": ("show:show", "Show a plan file as a person reads it."),
    "verify": ("verify:verify", "Check that the committed plan is what would run now."),
    "apply": ("apply:apply", "Run the reviewed plan, shard by shard in waves, or nothing."),
    "status": ("status:status", "Show applies: what runs, where, and what it waits for."),
    "audit": ("audit:audit", "List applies: whose change, who approved it, how it ended."),
    "stop": ("stop:stop", "Ask a running apply to start nothing new."),
    "release": ("release:release", "Let a waiting apply go on to its next wave."),
    "throttle": ("throttle:throttle", "Hold the copies of a running apply up, or let them go on."),
    "resume": ("apply:resume", "Go on with an apply that stopped part of the way."),
    "cancel": ("cancel:cancel", "End an unfinished apply; nothing is undone."),
    "retry": ("retry:retry", "Have what failed or was stopped go on: an apply, a split."),
    "abandon": ("abandon:abandon", "Give a split up, before its cutover."),
    "routes": ("routes:routes", "Say who owns which keys, for applications and splits."),
    "advise": ("advise:advise", "Propose a split of a shard that is too full or too busy."),
    "drift": ("drift:drift", "Find where the live fleet has left git."),
    "report": ("report:report", "Write a small site of all keyspaces, to look at."),
    "clean": ("clean:clean", "Plan the removal of tables that engines have left."),
    "doctor": ("doctor:doctor", "Check settings, connections and privileges."),
    "ci": ("ci:ci", "The same commands, as jobs of GitHub Actions run them."),
    "run": ("run_controller:run", "Apply what is merged, by itself, and look for drift."),
    "rollout": ("rollout:rollout", "Begin, ask and show rollouts over regions, kept by Temporal."),
    "worker": ("worker:worker", "Take a share in the rollouts that Temporal keeps."),
    "scratch": ("scratch:scratch", "Fetch a server to try definitions on; show or end those kept."),
    "sandbox": ("sandbox:sandbox", "A local sharded fleet on real MySQL servers."),
    "schema": ("schema:schema", "Print the JSON Schema of spec files."),
}


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """A verb that is nearly one gets a hint, as an option does."""
        if args and args[0] not in VERBS and (close := get_close_matches(args[0], VERBS, n=1)):
            ctx.fail(f"No such command {args[0]!r}. Did you mean {close[0]!r}?")
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module, _, attribute = VERBS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(f"reconciler.cli.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list comes from VERBS: it must not import every verb."""
        with formatter.section("Commands"):
            formatter.write_dl([(verb, line) for verb, (_, line) in VERBS.items()])


@click.command(
    cls=_Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="reconciler")
@click.option(
    "-C",
    "folder",
    type=click.Path(exists=True, file_okay=False),
    help="Change to this folder first, as git and make do.",
)
def reconciler(folder: str | None) -> None:
    """Keep the schema of a sharded MySQL fleet equal to what git says.

    A spec and one CREATE TABLE file per table say what every shard should be. `plan` proves what
    would run and writes it for review; `apply` runs exactly that, or nothing; `drift` finds where
    live has left git.

    Exit codes: 0 fine, 1 error, 2 changes or drift found, 3 refused by a guard, 4 partial or
    outcome unknown, 64 usage.
    """
    if folder is not None:
        os.chdir(folder)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; nothing escapes but a killed process."""
    log, remarks = logging.getLogger("reconciler"), Remarks()
    log.addHandler(remarks)
    try:
        code = reconciler.main(args=list(arguments), prog_name="reconciler", standalone_mode=False)
    except click.ClickException as usage:
        usage.show(file=standard_error())
        return ExitCode.USAGE
    except click.Abort:
        remark("interrupted")
        return ExitCode.ERROR
    except BrokenPipeError:
        # The reader of our output has gone, e.g. `reconciler plan | head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.ERROR
    except Exception as error:
        return _report(error, arguments)
    finally:
        log.removeHandler(remarks)
    return int(code) if isinstance(code, int) else ExitCode.FINE


def _report(error: Exception, arguments: Sequence[str]) -> int:
    if isinstance(error, ReconcilerError):
        _show_problems(error)
        if _is_for_a_program(arguments):
            from reconciler.report.json import failure_json

            show(failure_json(error))
        return error.exit_code
    if os.environ.get("RECONCILER_TRACEBACK"):
        raise error
    # Text of a foreign exception may hold a host, a user or a password (PL-12): only its kind and
    # place are shown.
    remark(
        f"error: this is a bug in reconciler: {type(error).__name__} at {_place(error)}"
        " [internal-error]\n"
        "  next: report it with the command line that was used; RECONCILER_TRACEBACK=1 shows where"
        " it came from, and may show secrets"
    )
    return ExitCode.ERROR


def _is_for_a_program(arguments: Sequence[str]) -> bool:
    """Whoever asked for JSON gets JSON, also where no verb came to a result."""
    pairs = zip(arguments, [*arguments[1:], ""], strict=True)
    return any(
        option in ("--output=json", "-ojson") or (option in ("--output", "-o") and value == "json")
        for option, value in pairs
    )


def _show_problems(error: ReconcilerError) -> None:
    from reconciler.cli.style import style_for
    from reconciler.report.compose.opening import problems_document
    from reconciler.report.write.text import write_text

    told = write_text(problems_document(error.problems), style_for(sys.stderr))
    remark(told.rstrip("\n"))


def _place(error: Exception) -> str:
    trace = error.__traceback__
    place = "an unknown place"
    while trace is not None:
        code = trace.tb_frame.f_code
        if "reconciler" in code.co_filename:
            module = code.co_filename.rpartition("reconciler/")[2]
            place = f"{module}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
