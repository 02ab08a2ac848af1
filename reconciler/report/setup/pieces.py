"""Parts of jobs that the workflows of a setup share."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.report.setup.model import Setup
from reconciler.report.workflow import TOLD_IN_CHAT, check_out, env, quoted

Pairs = tuple[tuple[str, str], ...]

CHAT: Pairs = tuple(TOLD_IN_CHAT.items())

_HERE = "{host: 127.0.0.1, port: 3306, user: root, password: scratch}"


def runs_on(about: Setup) -> str:
    labels = ", ".join(map(quoted, about.runner))
    return f"    runs-on: {labels if len(about.runner) == 1 else f'[{labels}]'}"


def scratch_service(about: Setup) -> Iterator[str]:
    """A server that is this job's alone; its password is nobody's secret."""
    if about.scratch in ("auto", "spec"):
        return
    flavor = "mariadb" if "mariadb" in about.scratch else "mysql"
    ping = "mariadb-admin" if flavor == "mariadb" else "mysqladmin"
    yield "    services:"
    yield "      scratch:"
    yield "        # The series of the fleet's servers: definitions are read, plans proven on it."
    yield f"        image: {about.scratch}"
    yield "        env:"
    yield f"          {flavor.upper()}_ROOT_PASSWORD: scratch"
    yield "        ports:"
    yield "          - 127.0.0.1:3306:3306"
    yield "        options: >-"
    yield f'          --health-cmd="{ping} ping --host=127.0.0.1 --password=scratch"'
    yield "          --health-interval=2s --health-retries=60"


def checked_out() -> Iterator[str]:
    yield "    steps:"
    yield from check_out()


def queue(indent: str) -> Iterator[str]:
    """No run that waits is ever cancelled."""
    yield f"{indent}cancel-in-progress: false"
    yield f"{indent}queue: max"


def step(
    about: Setup,
    name: str,
    given: Pairs,
    reads: tuple[str, ...],
    *,
    condition: tuple[str, ...] = (),
    more: Pairs = (),
) -> Iterator[str]:
    """`given` are inputs of the action, as YAML, `reads` variables of specs, `more` of its own."""
    yield f"      - name: {name}"
    if condition:
        yield "        if: >-"
        yield from (f"          {line}" for line in condition)
    yield f"        uses: {about.action}"
    yield "        with:"
    if about.directory != ".":
        given = (*given, ("directory", quoted(about.directory)))
    yield from (f"          {key}: {value}" for key, value in given)
    more = (*_scratch(about), *more)
    if more and not reads:
        yield "        env:"
    yield from env(reads)
    yield from (f"          {key}: {value}" for key, value in more)


def _scratch(about: Setup) -> Pairs:
    if about.scratch == "spec":
        return ()
    return (("RECONCILER_SCRATCH", "auto" if about.scratch == "auto" else quoted(_HERE)),)
