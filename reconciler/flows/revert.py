"""`plan --revert`: the files of before a plan, so that the way back is a plan like any other.

Nothing is undone behind the reviewers' backs: the schema files are taken back, a plan is derived
from them, proven, reviewed and applied. What a change destroyed does not come back with its column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.ddl.default_less import default_less_columns
from reconciler.ddl.definition.table_with_triggers import table_with_triggers, triggers_of_file
from reconciler.ddl.fingerprint import schema_fingerprint
from reconciler.ddl.programs.accounts import read_account
from reconciler.ddl.programs.kinds import file_text, read_program
from reconciler.ddl.programs.trigger import read_trigger
from reconciler.ddl.read import read_table
from reconciler.ddl.render import create_table_sql
from reconciler.errors import InvalidInput, Problem, Refused
from reconciler.flows.deploy_way_back import deploy_ways_back
from reconciler.flows.reconcile_pass import Pass, begin_pass
from reconciler.flows.way_back import ways_back
from reconciler.model.object_id import ObjectKind
from reconciler.model.policy import HazardKind, Policy
from reconciler.model.programs import MANAGED_AS, Security, Sequence
from reconciler.model.schema import Table
from reconciler.model.server import Flavor, ServerVersion
from reconciler.plan.model import ChangeSet, ObjectBefore, Plan, PlanCore
from reconciler.ports.files import FileWriter
from reconciler.ports.ledger import Ledger
from reconciler.ports.world import World
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment
from reconciler.spec.names import definition_path, program_path
from reconciler.spec.text import digest_of
from reconciler.spec.vschema_file import vschema_path
from reconciler.vschema.model import VSchemaChangeKind

# What a statement of the plan took away for good; the other hazards leave the rows as they were.
_IRREVERSIBLE = frozenset(
    {
        HazardKind.DROP_TABLE,
        HazardKind.DROP_COLUMN,
        HazardKind.DROP_PARTITION,
        HazardKind.DROP_HISTORY,
        HazardKind.NARROW_TYPE,
        HazardKind.CHANGE_VALUES,
    }
)


# What says in which shard a row is.
_SPREADS_ROWS = frozenset(
    {VSchemaChangeKind.CHANGE_VINDEX, VSchemaChangeKind.CHANGE_PRIMARY_VINDEX}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reverted:
    """`written` and `removed` are paths, none where the files were taken back before; `lost` says
    in words what cannot be brought back, `ways` what can be had of tables that an engine has
    copied. `takes_back` is the plan's id; None: other files were changed since they were taken
    back, and it takes a look whether all of them lead there."""

    written: tuple[str, ...]
    removed: tuple[str, ...]
    lost: tuple[str, ...]
    ways: tuple[str, ...] = ()
    takes_back: str | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """For who reads the plan of the way back."""
        lost = (f"cannot be undone: {lost}" for lost in self.lost)
        return (*lost, *(f"way back: {way}" for way in self.ways))


def revert_files(
    world: World,
    plan: Plan,
    files: DesiredFiles,
    environment: Environment,
    writer: FileWriter,
    *,
    open_ledger: Callable[[], Ledger],
) -> Reverted:
    """Write the before-definitions of the plan's largest change set, and the VSchema as it was. The
    ledger is asked only where the plan had tables copied; without it, what can be had of them is
    not known. Files that were taken back before stay as they are: the plan of the way back is asked
    for again where the first one was refused. Raises Refused if the files have moved on since:
    going back would take later changes along unseen."""
    cleaned = {one.name for one in plan.core.cleans}
    touched_names = {t.object_id.name for found in plan.core.change_sets for t in found.touched}
    if touched_names <= cleaned and not plan.core.vschema:
        raise InvalidInput(
            Problem(
                code="nothing-to-revert",
                message=f"plan {plan.plan_id} changes nothing that a file says",
                recovery="name a plan that was applied: `reconciler status --history`",
            )
        )
    begun = begin_pass(world, files, environment)
    before = _files_of_before(plan.core, files)
    texts = {} if before.is_there(files) else before.texts
    if texts:
        _check_latest(begun, plan, files)
    is_all = bool(texts) or before.is_all_since(plan.core, files)
    for path, text in texts.items():
        if text is None:
            writer.remove(path)
        else:
            writer.write(path, text.encode())
    return Reverted(
        written=tuple(path for path, text in texts.items() if text is not None),
        removed=tuple(path for path, text in texts.items() if text is None),
        lost=tuple(dict.fromkeys((*_lost(plan.core), *before.unsaid))),
        ways=_ways(world, begun, plan, open_ledger),
        takes_back=plan.plan_id if is_all else None,
    )


def _check_latest(begun: Pass, plan: Plan, files: DesiredFiles) -> None:
    if schema_fingerprint(begun.desired_fingerprints) != plan.core.after or _has_moved(plan, files):
        raise Refused(
            Problem(
                code="plan-is-not-the-latest",
                message=f"the schema files do not end where plan {plan.plan_id} ends: something was"
                " changed after it",
                recovery="take the later changes back first, the latest one before the others",
            )
        )


def _ways(
    world: World, begun: Pass, plan: Plan, open_ledger: Callable[[], Ledger]
) -> tuple[str, ...]:
    database, now_s = begun.environment.planetscale, world.clock.now_s()
    if database is None:
        return ways_back(begun, plan, open_ledger, world.keyspaces, now_s=now_s)
    assert world.deploys is not None, "the keyspace is at PlanetScale"
    return deploy_ways_back(plan, database, open_ledger, world.deploys, now_s=now_s)


def _has_moved(plan: Plan, files: DesiredFiles) -> bool:
    """Of the VSchema; a plan that did not change it does not say what it was."""
    if not plan.core.vschema:
        return False
    wanted = files.vschema.vschema.fingerprint if files.vschema else None
    return wanted != plan.core.vschema[-1].after


@dataclass(frozen=True, slots=True)
class _Before:
    """By path, the file's text of before the plan, None where there was none; `unsaid` is what no
    file can say of it."""

    texts: Mapping[str, str | None]
    unsaid: tuple[str, ...]

    def is_there(self, files: DesiredFiles) -> bool:
        found = dict(files.digests)
        return all(
            found.get(path) == (None if text is None else digest_of(text))
            for path, text in self.texts.items()
        )

    def is_all_since(self, core: PlanCore, files: DesiredFiles) -> bool:
        """Whether no other file was changed since the plan, but for the spec: it may have to permit
        what the way back does."""
        own = {*self.texts, *dict(files.spec_digests)}
        then = {one.path: one.sha256 for one in core.inputs if one.path not in own}
        return then == {path: digest for path, digest in files.digests if path not in own}


def _files_of_before(core: PlanCore, files: DesiredFiles) -> _Before:
    cleaned = {one.name for one in core.cleans}  # what an engine left was never a file's
    paths = {file.table: file.path for file in files.files}
    program_paths = {file.object_id: file.path for file in files.programs}
    taken = {path.lower() for path in program_paths.values()}
    texts: dict[str, str | None] = {}
    unsaid: list[str] = []
    with_triggers = _TablesOfBefore(core, files)
    for touched in _touched(core):
        table = touched.object_id.name
        if touched.object_id.kind is ObjectKind.TRIGGER:
            unsaid += _rights_unsaid(touched, files.spec.policy)
            continue
        if (about := touched.object_id).kind in MANAGED_AS:
            path = program_paths.get(about) or program_path(files.spec.schema_dir, about, taken)
            taken.add(path.lower())
            texts[path] = _program_of_before(touched)
            unsaid += _rights_unsaid(touched, files.spec.policy)
            continue
        if table in cleaned:
            continue
        path = paths.get(table) or definition_path(files.spec.schema_dir, table)
        texts[path] = None
        if touched.definition is not None:
            version = _version(core)
            before = read_table(touched.definition, version)
            text = create_table_sql(before, version) + ";\n"
            texts[path] = with_triggers.text(table, text)
            unsaid += _unsaid(before, version)
    for file in files.files:
        if file.path not in texts and file.table in with_triggers.changed:
            texts[file.path] = with_triggers.text(file.table, file.own_text)
    if core.vschema:
        texts[vschema_path(files.spec.schema_dir)] = core.vschema[0].found
    return _Before(texts, tuple(unsaid))


class _TablesOfBefore:
    """Files of tables with the triggers of before the plan; `changed` are those whose triggers it
    has touched."""

    def __init__(self, core: PlanCore, files: DesiredFiles) -> None:
        now = {one.name: one for file in files.files for one in triggers_of_file(file)}
        self._triggers = dict(now)
        self.changed: set[str] = set()
        for touched in _touched(core):
            if touched.object_id.kind is not ObjectKind.TRIGGER:
                continue
            name = touched.object_id.name
            there = self._triggers.pop(name, None)
            if touched.definition is not None:
                self._triggers[name] = read_trigger(touched.definition, name)
            both = (there, self._triggers.get(name))
            self.changed |= {one.table for one in both if one is not None}

    def text(self, table: str, own_text: str) -> str:
        triggers = [one for one in self._triggers.values() if one.table == table]
        return table_with_triggers(own_text, triggers, usual=None)


def _program_of_before(touched: ObjectBefore) -> str | None:
    """To the letter as the shards had it, with what their servers keep of its making."""
    if touched.definition is None:
        return None
    return file_text(read_program(touched.object_id, touched.definition), usual=None)


def _rights_unsaid(touched: ObjectBefore, policy: Policy) -> Iterator[str]:
    """Whose rights a program had is the spec's to say, which is not taken back here."""
    if touched.definition is None:
        return
    program = read_program(touched.object_id, touched.definition)
    if isinstance(program, Sequence):
        yield f"{touched.object_id}: if it was dropped, its value is gone, and it starts anew"
        return
    if program.security is Security.INVOKER:
        return
    named = policy.account_of(touched.object_id.kind)
    account = read_account(named or "")
    if account is not None and program.definer == account.digest:
        return
    rights = f"the file gives it those of {named}" if account else "the spec names no account now"
    yield (
        f"{touched.object_id.titled}: it had the rights of another account than the spec names, and"
        f" {rights}; to have the old ones back, take `definer` in the spec back as well"
    )


def _touched(core: PlanCore) -> tuple[ObjectBefore, ...]:
    """By the largest change set."""
    model = max(core.change_sets, key=lambda found: len(found.shards), default=None)
    return model.touched if model is not None else ()


def _unsaid(table: Table, version: ServerVersion) -> Iterator[str]:
    for column in default_less_columns(table, version):
        yield (
            f"table {table.name}, {column.name}: it had no default at all, which no file says; the"
            " file means DEFAULT NULL"
        )


def _lost(core: PlanCore) -> Iterator[str]:
    for change_set in core.change_sets:
        yield from _lost_by(change_set)
    yield from _spread_otherwise(core)
    if len(core.change_sets) > 1:
        yield (
            "shards started from different states; all of them go back to the one that most shards"
            " had"
        )


def _spread_otherwise(core: PlanCore) -> Iterator[str]:
    for step in core.vschema:
        for change in step.changes:
            if change.kind in _SPREADS_ROWS:
                yield (
                    f"the VSchema, {change.object_id.titled}: rows written since are where the"
                    " plan's vindex put them, and the one before it does not find them there"
                )


def _lost_by(change_set: ChangeSet) -> Iterator[str]:
    for statement in change_set.statements:
        for hazard in statement.hazards:
            if hazard.kind in _IRREVERSIBLE:
                yield (
                    f"{statement.object_id.titled}, {hazard.object}: {hazard.kind} destroyed values"
                    " that no statement brings back"
                )


def _version(core: PlanCore) -> ServerVersion:
    """Definitions are printed alike within a release series."""
    flavor, _, numbers = core.server.partition(",")[0].partition(" ")
    major, minor = numbers.split(".")
    return ServerVersion(Flavor(flavor), int(major), int(minor), 0)
