"""`init`: a spec and its files from a live fleet, proven by the plan that follows from them.

A fleet without a single table gets its spec all the same: its first files are written by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reconciler.errors import Problem, Refused
from reconciler.flows.plan import plan_keyspace
from reconciler.flows.pull import Specified, pull_keyspace
from reconciler.outcomes.files import PullOutcome
from reconciler.outcomes.plan import PlanOutcome
from reconciler.plan.files import has_file
from reconciler.ports.files import FileWriter
from reconciler.ports.world import World
from reconciler.spec.load import load_keyspace
from reconciler.spec.model import Environment
from reconciler.spec.read import read_spec
from reconciler.spec.tree import FileTree


def found_keyspace(
    world_of: Callable[[Environment], World],
    spec_text: str,
    keyspace: str,
    environment_name: str,
    *,
    tree: FileTree,
    writer: FileWriter,
    source: str | None,
) -> tuple[PullOutcome, PlanOutcome | None]:
    """Nothing is written until the whole fleet was seen; the spec is written last but one step, so
    that the plan reads what is in the files. No plan where there is no table. Raises Refused where
    there is a spec already."""
    path = f"specs/{keyspace}.yaml"
    if has_file(tree, path):
        raise Refused(
            Problem(
                code="spec-exists",
                message=f"{path} exists already",
                recovery="use `reconciler pull` to refresh its schema files, or remove it first",
            )
        )
    spec = read_spec(spec_text, path)
    if tree.list_directory(spec.schema_dir):
        raise Refused(
            Problem(
                code="schema-directory-exists",
                message=f"{spec.schema_dir} holds files already",
                recovery="remove them, or write a spec for them by hand and use `reconciler pull`",
            )
        )
    environment = spec.environment(environment_name)
    assert environment, "the draft was made for this environment"
    world = world_of(environment)
    specified = Specified(tree=tree, spec=spec, existing=None, paths=())
    pulled = pull_keyspace(world, specified, environment, writer, source=source)
    tables = [path for path in pulled.written if path.endswith(".sql")]
    if pulled.others and not tables:
        raise Refused(_bare_model(pulled.source))
    writer.write(path, spec_text.encode())
    founded = replace(pulled, written=(path, *pulled.written), spec=path)
    if not tables:
        return founded, None
    planned = plan_keyspace(
        world,
        load_keyspace(tree, path),
        environment,
        protected=None,
        created_at="",
        tool_version="",
    )
    return founded, planned


def _bare_model(shard: str) -> Problem:
    return Problem(
        code="model-without-tables",
        message=f"shard {shard} was taken as the model and has no table, while others have some",
        recovery="name a shard that has the tables with --from",
    )
