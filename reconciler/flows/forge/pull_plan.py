"""`ci pull --pr N`: the plan that a job made, for authors who cannot reach the fleet."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.plan.codec import load_plan
from reconciler.plan.files import PLANS_DIRECTORY
from reconciler.plan.validate import check_plan
from reconciler.ports.files import FileWriter
from reconciler.ports.forge import Forge
from reconciler.reshard.plan.check import check_split_plan
from reconciler.reshard.plan.codec import load_split_plan


def pull_plan(
    forge: Forge, fetch: Callable[[str], Mapping[str, bytes]], number: int, writer: FileWriter
) -> tuple[str, ...]:
    """The files written. `fetch` gives what a job of a commit left, by path below plans/; every
    file is checked as `verify` would check it before any is written. Raises Refused for a plan
    that is not sound, and where no job has left one."""
    fetched = fetch(forge.pull_request(number).head_commit)
    for path, content in fetched.items():
        if path.endswith(".json"):
            _check(path, content, _text_of(fetched[f"{path.removesuffix('.json')}.sql"]))
    for path, content in sorted(fetched.items()):
        writer.write(f"{PLANS_DIRECTORY}/{path}", content)
    return tuple(f"{PLANS_DIRECTORY}/{path}" for path in sorted(fetched))


def _check(path: str, content: bytes, readable_sql: str) -> None:
    """Of a schema's plan, or of a move's."""
    environment, _, name = path.partition("/")
    shown = f"{PLANS_DIRECTORY}/{path}"
    if name.endswith(".split.json"):
        check_split_plan(
            load_split_plan(content, shown),
            environment=environment,
            keyspace=name.removesuffix(".split.json"),
            readable_sql=readable_sql,
        )
        return
    check_plan(
        load_plan(content, shown),
        environment=environment,
        keyspace=name.removesuffix(".plan.json"),
        readable_sql=readable_sql,
    )


def _text_of(content: bytes) -> str:
    return content.decode(errors="replace")  # then it is not what any plan is bound to
