"""`pull` and `init`: from the live fleet to files. The largest group of equal shards is the model.

A file whose meaning is live's already is left as its author wrote it. Every other one is read back
from a scratch server before it is written: what no file can say is told by name, for a plan of it
would not be empty, and pulling again would not make it so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.ddl.default_less import default_less_columns
from reconciler.ddl.definition.file import DefinitionFile, read_definition_file
from reconciler.ddl.definition.program_file import ProgramFile, said_of_events_by
from reconciler.ddl.definition.program_files import read_program_file
from reconciler.ddl.definition.table_with_triggers import table_with_triggers
from reconciler.ddl.programs.kinds import file_text
from reconciler.ddl.render import create_table_sql
from reconciler.errors import InvalidInput, Location, Problem, ReconcilerError, Refused, Unavailable
from reconciler.flows.pulled_vschema import pulled_vschema
from reconciler.guard.grouping import grouped_problems
from reconciler.limits import DEFINITION_BYTES_MAX, SPEC_BYTES_MAX
from reconciler.model.object_id import ObjectId, ObjectKind, table_id
from reconciler.model.observation import Observation, ObservedShard
from reconciler.model.programs import (
    FOLDERS,
    LIKE_TABLES,
    MANAGED_AS,
    WITH_BODIES,
    CreatedWith,
    Trigger,
)
from reconciler.observe.desired import ReadBack, read_back
from reconciler.observe.programs import bodies_usually_created_with, usually_created_with
from reconciler.observe.quarantine import check_scratch_apart, with_what_has_ended
from reconciler.observe.retiring import check_settled
from reconciler.observe.sequences import sequences_for
from reconciler.observe.shards import (
    DefinitionReader,
    SeenShard,
    look_through,
    objects_of,
    observe,
)
from reconciler.observe.topology import with_shards
from reconciler.outcomes.files import FileGap, GapKind, PullOutcome
from reconciler.ports.files import FileWriter
from reconciler.ports.world import World
from reconciler.spec.load import DesiredFiles, load_tables, spec_paths
from reconciler.spec.model import Environment, SpecFile
from reconciler.spec.names import definition_path, program_path
from reconciler.spec.read import read_spec
from reconciler.spec.text import text_of
from reconciler.spec.tree import FileTree


@dataclass(frozen=True, slots=True, kw_only=True)
class Specified:
    """A keyspace whose spec can be read. `existing` are its schema files, None if they cannot all
    be read as definitions; `paths` are those of every .sql file there, in `tree`."""

    tree: FileTree
    spec: SpecFile
    existing: DesiredFiles | None
    paths: tuple[str, ...]


def specified_in(tree: FileTree) -> Mapping[str, Specified | ReconcilerError]:
    """Every keyspace of specs/, however broken its schema files are; a spec that cannot be read
    goes by its path."""
    found: dict[str, Specified | ReconcilerError] = {}
    for path in spec_paths(tree):
        try:
            text = text_of(tree.read(path, bytes_max=SPEC_BYTES_MAX), path)
            spec = read_spec(text, path, tree)
        except ReconcilerError as error:
            found[path] = error
            continue
        try:
            existing = _existing(tree, path)
        except Unavailable as error:
            found[spec.keyspace] = error
            continue
        paths = _every_path(tree, spec)
        found[spec.keyspace] = Specified(tree=tree, spec=spec, existing=existing, paths=paths)
    return dict(sorted(found.items()))


def _existing(tree: FileTree, path: str) -> DesiredFiles | None:
    """None for files that are not sound: they will be. Raises Unavailable for what could not be
    read: over that nothing is written."""
    try:
        return load_tables(tree, path)
    except (InvalidInput, Refused):
        return None


def _every_path(tree: FileTree, spec: SpecFile) -> tuple[str, ...]:
    """Of the managed kinds alone: no file of another kind is ever removed (PG-1)."""
    managed = (folder for kind, folder in FOLDERS.items() if spec.policy.manages(kind))
    folders = (spec.schema_dir, *(f"{spec.schema_dir}/{folder}" for folder in managed))
    return tuple(path for folder in folders for path in _sql_paths(tree, folder))


def _sql_paths(tree: FileTree, directory: str) -> tuple[str, ...]:
    entries = tree.list_directory(directory) or ()
    return tuple(f"{directory}/{entry.name}" for entry in entries if entry.name.endswith(".sql"))


def pull_keyspace(
    world: World,
    files: Specified,
    environment: Environment,
    writer: FileWriter,
    *,
    source: str | None = None,
) -> PullOutcome:
    """Make the files say what live is: `source`, or a shard of the largest group of equal ones.
    Raises Refused if any shard was not seen whole: a partial view must never remove a file
    (PL-10)."""
    # No file is to say how far the rows of one shard have counted.
    check_settled(environment)
    observations = observe(world, with_shards(world, environment))
    vschema = pulled_vschema(world.keyspaces, files.tree, files.spec, environment)
    tables = _own_tables(files, observations)
    events = said_of_events_by(files.existing.programs) if files.existing is not None else {}
    reader = DefinitionReader(files.spec.policy, counters={}, tables=tables, events=events)
    look = look_through(observations, reader)
    look = with_what_has_ended(look, environment, world.clock.now_s())
    if look.obstacles:
        raise Refused(*grouped_problems(look.obstacles))
    groups = _groups(look.seen)
    model = _model(groups, source, environment)
    check_scratch_apart(environment)
    world.scratch.keep_off({seen.observation.server for seen in look.seen})
    settings = model.observation.settings
    usual = usually_created_with(world.scratch, settings) if model.programs else None
    has_bodies = any(about.kind in WITH_BODIES for about in model.programs)
    of_bodies = bodies_usually_created_with(world.scratch, settings) if has_bodies else None
    wanted = _files(files, model, usual, of_bodies)
    read = _read_back(world, wanted, reader, model)
    kept = _kept(world, files, wanted, reader, model, read)
    written = sorted(file.path for file in wanted if file.path not in kept)
    for file in wanted:
        if file.path not in kept:
            writer.write(file.path, file.text.encode())
    removed = sorted(set(files.paths) - {file.path for file in wanted} - kept)
    for path in removed:
        writer.remove(path)
    if vschema is not None and not vschema.is_there:
        writer.write(vschema.path, vschema.text.encode())
        written = sorted([*written, vschema.path])
    elif vschema is not None:
        kept |= {vschema.path}
    alike = next(group for group in groups if model in group)
    return PullOutcome(
        environment=environment.name,
        keyspace=files.spec.keyspace,
        source=model.shard,
        alike=tuple(seen.shard for seen in alike),
        others=tuple(s.shard for group in groups if group is not alike for s in group),
        written=tuple(written),
        unchanged=tuple(sorted(kept)),
        removed=tuple(removed),
        gaps=tuple(_gaps(wanted, read, model)),
        quarantine=environment.quarantine,
        unmanaged=tuple(sorted(one.object_id for one in model.schema.others)),
    )


def _own_tables(files: Specified, observations: Iterable[Observation]) -> set[str]:
    """Tables beside which an engine may have made others: git's, and live ones with a name that no
    engine gives."""
    own = {*_paths_of_tables(files)}
    for seen in observations:
        if isinstance(seen, ObservedShard):
            own |= {table for table, _ in seen.definitions if not table.startswith("_")}
    return own


def _groups(seen: tuple[SeenShard, ...]) -> list[tuple[SeenShard, ...]]:
    """Shards of equal fingerprints, the largest group first, else in the order of the shards."""
    groups: dict[tuple[tuple[ObjectId, str], ...], list[SeenShard]] = {}
    for shard in seen:
        groups.setdefault(tuple(sorted(shard.fingerprints.items())), []).append(shard)
    return sorted((tuple(group) for group in groups.values()), key=lambda group: -len(group))


def _model(
    groups: list[tuple[SeenShard, ...]], source: str | None, environment: Environment
) -> SeenShard:
    if source is None:
        return groups[0][0]
    at_rest = next((one for one in environment.quarantine if one.shard == source), None)
    if at_rest is not None:
        raise Refused(
            Problem(
                code="shard-at-rest",
                message=f"shard {source} is in quarantine until {at_rest.until}"
                f" ({at_rest.reason}): nobody looks at it",
                recovery="take another shard, or take this one out of `quarantine` first",
            )
        )
    for group in groups:
        for seen in group:
            if seen.shard == source:
                return seen
    raise Refused(
        Problem(
            code="shard-unknown",
            message=f"there is no shard {source!r} in this environment",
            recovery=f"take one of {', '.join(s.shard for group in groups for s in group)}",
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A schema file as live would have it; `behind` are the triggers in the file of a table."""

    about: ObjectId
    path: str
    text: str
    behind: tuple[ObjectId, ...] = ()


def _files(
    files: Specified,
    model: SeenShard,
    usual: CreatedWith | None,
    of_bodies: CreatedWith | None,
) -> tuple[_Wanted, ...]:
    version = model.observation.settings.version
    paths, program_paths = _paths_of_tables(files), _paths_of_programs(files)
    every = (read.value for _, read in sorted(model.programs.items()))
    triggers = [one for one in every if isinstance(one, Trigger)]
    wanted: list[_Wanted] = []
    taken: dict[str, str] = {}
    for table, read in sorted(model.definitions.items()):
        path = paths.get(table) or definition_path(files.spec.schema_dir, table)
        for name in (path.lower(), table.lower()):
            if name in taken:
                raise Refused(_two_tables_one_file(taken[name], table, files.spec.path))
        taken |= {path.lower(): table, table.lower(): table}
        text = create_table_sql(read.table, version) + ";\n"
        own = [one for one in triggers if one.table == table]
        text = table_with_triggers(text, own, of_bodies)
        behind = tuple(one.object_id for one in own)
        wanted.append(_Wanted(about=table_id(table), path=path, text=text, behind=behind))
    for about, program in sorted(model.programs.items()):
        if about.kind is ObjectKind.TRIGGER:
            continue
        name = about.name
        path = program_paths.get(about) or program_path(
            files.spec.schema_dir, about, {*taken, *map(str.lower, program_paths.values())}
        )
        names = (path.lower(), *([name.lower()] if about.kind in LIKE_TABLES else []))
        for taken_name in names:
            if taken_name in taken:
                raise Refused(_two_tables_one_file(taken[taken_name], name, files.spec.path))
        taken |= dict.fromkeys(names, name)
        text = file_text(program.value, of_bodies if about.kind in WITH_BODIES else usual)
        wanted.append(_Wanted(about=about, path=path, text=text))
    return tuple(wanted)


def _two_tables_one_file(one: str, other: str, spec_path: str) -> Problem:
    """One would be written over the other, here or where a file system ignores case; and a plan of
    files that say both is refused."""
    return Problem(
        code="tables-in-one-file",
        message=f"tables {one!r} and {other!r} would be in one file, or in two whose names differ"
        " by case alone",
        recovery="rename one of the tables or the file that is in its way, or leave one out by"
        f" `ignore_tables` in {spec_path}; nothing was written",
        where=Location(path=spec_path),
    )


def _paths_of_tables(files: Specified) -> Mapping[str, str]:
    return {file.table: file.path for file in files.existing.files} if files.existing else {}


def _paths_of_programs(files: Specified) -> Mapping[ObjectId, str]:
    """Apart from those of tables: what was a table may be a view by now."""
    return {one.object_id: one.path for one in files.existing.programs} if files.existing else {}


def _read_back(
    world: World, wanted: Iterable[_Wanted], reader: DefinitionReader, model: SeenShard
) -> ReadBack:
    """What the files will be read as, before they are written."""
    sound: list[DefinitionFile] = []
    programs: list[ProgramFile] = []
    problems: dict[ObjectId, Problem] = {}
    for file in wanted:
        try:
            if (kind := MANAGED_AS.get(file.about.kind)) is not None:
                programs.append(read_program_file(kind, file.text, file.path))
            else:
                sound.append(read_definition_file(file.text, file.path))
                programs += sound[-1].triggers
        except InvalidInput as refused:
            problems[file.about] = refused.problems[0]
    settings, others = model.observation.settings, model.observation.others
    if not sound and not programs:
        return ReadBack(definitions={}, problems=problems)
    texts = [*(file.statement for file in sound), *(one.rest for one in programs)]
    sequences = sequences_for(others, texts)
    found = read_back(world.scratch, sound, settings, reader, sequences, programs)
    return replace(found, problems={**found.problems, **problems})


def _kept(
    world: World,
    files: Specified,
    wanted: Iterable[_Wanted],
    reader: DefinitionReader,
    model: SeenShard,
    read: ReadBack,
) -> frozenset[str]:
    """Existing files that mean what live is, or all of it that a file can say, or are to the letter
    what would be written."""
    equal = {file.path for file in wanted if _is_there(files, file)}
    if files.existing is None:
        return frozenset(equal)
    settings, others = model.observation.settings, model.observation.others
    existing = files.existing.files
    programs = files.existing.programs
    texts = [*(file.statement for file in existing), *(one.rest for one in programs)]
    sequences = sequences_for(others, texts)
    found = read_back(world.scratch, existing, settings, reader, sequences, programs)
    there = objects_of(found.definitions, found.programs)
    written = objects_of(read.definitions, read.programs)
    live = model.fingerprints
    same = {
        about
        for about, definition in there.items()
        if about in live
        and definition.fingerprint
        in (live[about], written[about].fingerprint if about in written else None)
    }
    held: dict[str, set[ObjectId]] = {file.path: {table_id(file.table)} for file in existing}
    for one in programs:
        held.setdefault(one.path, set()).add(one.object_id)
    to_hold = {file.path: {file.about, *file.behind} for file in wanted}
    return frozenset(
        equal
        | {p for p, abouts in held.items() if abouts <= same and abouts == to_hold.get(p, abouts)}
    )


def _is_there(files: Specified, wanted: _Wanted) -> bool:
    if wanted.path not in files.paths:
        return False
    try:
        return files.tree.read(wanted.path, bytes_max=DEFINITION_BYTES_MAX) == wanted.text.encode()
    except (InvalidInput, Refused):
        return False  # a file as it should not be


def _gaps(wanted: Iterable[_Wanted], read: ReadBack, model: SeenShard) -> Iterator[FileGap]:
    """Tables that the file they are to have does not say."""
    version = model.observation.settings.version
    for file in wanted:
        programs = (file.about,) if file.about.kind in MANAGED_AS else file.behind
        for about in programs:
            yield from _gap_of_program(replace(file, about=about), read, model)
        if file.about.kind in MANAGED_AS:
            continue
        table = file.about.name
        live = model.definitions[table]
        problem, found = read.problems.get(file.about), read.definitions.get(table)
        if found is not None and found.fingerprint == live.fingerprint:
            continue
        gap = FileGap(kind=GapKind.READ_OTHERWISE, table=file.about.name, path=file.path)
        columns = tuple(column.name for column in default_less_columns(live.table, version))
        if problem is not None:
            yield replace(gap, kind=GapKind.NOT_TAKEN, problem=problem)
        elif columns:
            yield replace(gap, kind=GapKind.NO_DEFAULT, columns=columns)
        else:
            yield replace(gap, live=live.text, read_back=found.text if found else "")


def _gap_of_program(file: _Wanted, read: ReadBack, model: SeenShard) -> Iterator[FileGap]:
    """A program whose definer is another account than the spec names is one of these."""
    live, found = model.programs[file.about], read.programs.get(file.about)
    if found is not None and found.fingerprint == live.fingerprint:
        return
    gap = FileGap(kind=GapKind.READ_OTHERWISE, table=file.about.name, path=file.path)
    problem = read.problems.get(file.about)
    if problem is not None:
        yield replace(gap, kind=GapKind.NOT_TAKEN, problem=problem)
    else:
        yield replace(gap, live=live.text, read_back=found.text if found else "")
