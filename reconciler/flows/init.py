"""`init`: a spec and its files from a live fleet, proven by the plan that follows from them.

A fleet without a single table gets its spec all the same: its first files are written by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from reconciler.errors import Problem, Refused
from reconciler.flows.plan import plan_keyspace
from reconciler.flows.pull import Specified, pull_keyspace
from reconciler.outcomes.files import PullOutcome
from reconciler.outcomes.plan import PlanOutcome
from reconciler.ports.files import FileWriter
from reconciler.ports.world import World
from reconciler.spec.draft import EDITORS_SCHEMA
from reconciler.spec.load import load_keyspace
from reconciler.spec.model import Environment, SpecFile
from reconciler.spec.read import read_spec
from reconciler.spec.structure import spec_schema_text
from reconciler.spec.tree import FileTree, has_file


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
    that the plan reads what is in the files. No plan where there is no table. What was written is
    taken back where the plan cannot be made. Raises Refused where there is a spec already."""
    path = f"specs/{keyspace}.yaml"
    if has_file(tree, path):
        raise Refused(
            Problem(
                code="spec-exists",
                message=f"{path} exists already",
                recovery="use `reconciler pull` to refresh its schema files, or remove it first",
            )
        )
    spec = read_spec(spec_text, path, tree)
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
    written = _Written(writer)
    try:
        return _found(world, spec, spec_text, environment, tree, written, source)
    except BaseException:
        written.undo()
        raise


@dataclass
class _Written:
    """A writer that can take back what it wrote: a spec that stays behind keeps the next try from
    beginning."""

    writer: FileWriter
    paths: list[str] = field(default_factory=list)

    def write(self, path: str, content: bytes) -> None:
        writer = self.writer
        self.paths.append(path)
        writer.write(path, content)

    def remove(self, path: str) -> None:
        self.writer.remove(path)

    def undo(self) -> None:
        for path in self.paths:
            self.writer.remove(path)


def _found(
    world: World,
    spec: SpecFile,
    spec_text: str,
    environment: Environment,
    tree: FileTree,
    writer: FileWriter,
    source: str | None,
) -> tuple[PullOutcome, PlanOutcome | None]:
    path = spec.path
    specified = Specified(tree=tree, spec=spec, existing=None, paths=())
    pulled = pull_keyspace(world, specified, environment, writer, source=source)
    tables = [path for path in pulled.written if path.endswith(".sql")]
    if pulled.others and not tables:
        raise Refused(_bare_model(pulled.source))
    writer.write(path, spec_text.encode())
    beside = () if has_file(tree, EDITORS_SCHEMA) else (EDITORS_SCHEMA,)
    for schema in beside:  # one for all keyspaces
        writer.write(schema, spec_schema_text().encode())
    founded = replace(pulled, written=(path, *beside, *pulled.written), spec=path)
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
