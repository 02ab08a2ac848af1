"""What a report says about single places, for formats that mark lines: annotations and SARIF."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import assert_never

from reconciler.ddl.definition.places import object_lines
from reconciler.errors import Location, Problem, ReconcilerError
from reconciler.guard.grouping import reasons_of, unreachable_of
from reconciler.guard.model import Obstacle, refusal_from
from reconciler.lint.judge import key_of
from reconciler.lint.model import Remark, Severity
from reconciler.lint.rules import BY_NAME
from reconciler.model.object_id import ObjectId
from reconciler.model.shadow_tables import ShadowMark, shadow_kind
from reconciler.outcomes.apply import ApplyOutcome
from reconciler.outcomes.doctor import CheckMark, DoctorOutcome
from reconciler.outcomes.drift import DriftOutcome, ShardMark
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.files import LintOutcome, PullOutcome
from reconciler.outcomes.plan import PlanOutcome, VerifyOutcome, VerifyState
from reconciler.outcomes.split import SplitApplyOutcome, SplitPlanOutcome, SplitVerifyOutcome
from reconciler.plan import words
from reconciler.plan.model import Plan
from reconciler.report import apply_words, drift_words
from reconciler.report.addresses import in_path
from reconciler.report.in_job import in_a_job
from reconciler.report.order import sorted_problems, sorted_shards
from reconciler.report.refusals import unsaid_places
from reconciler.report.summary import is_not_allowed
from reconciler.spec.load import DesiredFiles


class Level(StrEnum):
    """SARIF's words; GitHub's workflow commands have another one for a note."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`where` is a place in the user's repository, None where no file is to blame. `about` names
    what it is found of, whatever is said of it and wherever that stands; () where nothing has a
    name."""

    level: Level
    code: str
    message: str
    where: Location | None = None
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFile:
    """Where a table is defined: its CREATE TABLE, and by lower-case name what it is made of; or a
    view, whose names no table has."""

    path: str
    line: int = 1
    objects: Mapping[str, int] = field(default_factory=dict)

    def place(self, objects: Sequence[str]) -> Location:
        """The line of the first one that stands in the file; else, for what is there no more, that
        of the table."""
        lines = (self.objects.get(name.lower()) for name in objects)
        return Location(path=self.path, line=next(filter(None, lines), self.line))


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaFiles:
    """Where a finding belongs: by (keyspace, table), and the keyspace's spec. `shown_at` is where a
    forge shows files as they are in this commit, '' where none does."""

    tables: Mapping[tuple[str, str], TableFile] = field(default_factory=dict)
    specs: Mapping[str, str] = field(default_factory=dict)
    shown_at: str = ""

    def url_of(self, where: Location) -> str:
        """'' where no forge shows files."""
        if not self.shown_at:
            return ""
        line = f"#L{where.line}" if where.line is not None else ""
        return f"{self.shown_at}/{in_path(where.path)}{line}"

    def place(
        self, keyspace: str, table: str | None, objects: Sequence[str] = ()
    ) -> Location | None:
        file = self.tables.get((keyspace, table)) if table else None
        if file is not None:
            return file.place(objects)
        spec = self.specs.get(keyspace)
        return Location(path=spec, line=1) if spec else None


NO_FILES = SchemaFiles()


def schema_files(loaded: Mapping[str, DesiredFiles | ReconcilerError]) -> SchemaFiles:
    sound = {name: files for name, files in loaded.items() if isinstance(files, DesiredFiles)}
    return SchemaFiles(
        specs={name: files.spec.path for name, files in sound.items()},
        tables={
            (name, file.table): TableFile(
                path=file.path, line=file.first_line, objects=object_lines(file)
            )
            for name, files in sound.items()
            for file in files.files
        }
        | {
            (name, program.name): TableFile(path=program.path, line=program.first_line)
            for name, files in sound.items()
            for program in files.programs
        },
    )


LEVELS = {
    Severity.ERROR: Level.ERROR,
    Severity.WARNING: Level.WARNING,
    Severity.INFO: Level.NOTE,
}

Reportable = (
    PlanOutcome
    | VerifyOutcome
    | DriftOutcome
    | ApplyOutcome
    | SplitPlanOutcome
    | SplitVerifyOutcome
    | SplitApplyOutcome
    | LintOutcome
    | PullOutcome
    | DoctorOutcome
    | KeyspaceFailed
)


def findings_of(outcomes: Sequence[Reportable], files: SchemaFiles) -> tuple[Finding, ...]:
    return tuple(finding for outcome in outcomes for finding in _of_one(outcome, files))


def findings_in_job(outcomes: Sequence[Reportable], files: SchemaFiles) -> tuple[Finding, ...]:
    """Of applies, for readers who can start a job again, and may run no command themselves."""
    return tuple(
        replace(finding, message=in_a_job(finding.message, (outcome.keyspace, outcome.environment)))
        if isinstance(outcome, ApplyOutcome | KeyspaceFailed)
        else finding
        for outcome in outcomes
        for finding in _of_one(outcome, files)
    )


def _of_one(outcome: Reportable, files: SchemaFiles) -> Iterator[Finding]:
    match outcome:
        case KeyspaceFailed():
            yield from map(_problem, sorted_problems(outcome.problems))
        case LintOutcome():
            yield from _lint(outcome)
        case PlanOutcome():
            yield from _reasons(outcome.keyspace, outcome.refusals, files)
            yield from _hazards(outcome.plan, files)
            yield from _lint(outcome.lint)
        case VerifyOutcome():
            yield from _reasons(outcome.keyspace, outcome.refusals, files)
            if outcome.state is VerifyState.UNPLANNED:
                yield from _hazards(outcome.plan, files)
            yield from _lint(outcome.lint)
        case DriftOutcome():
            yield from _reasons(outcome.keyspace, outcome.refusals, files)
            yield from _drift(outcome, files)
            yield from _lint(outcome.lint)
        case ApplyOutcome():
            yield from _apply(outcome, files)
        case SplitPlanOutcome() | SplitVerifyOutcome() | SplitApplyOutcome():
            yield from _reasons(outcome.keyspace, outcome.refusals, files)
        case DoctorOutcome():
            yield from _doctor(outcome)
        case PullOutcome():
            pass  # what differs is for a plan to say
        case _:
            assert_never(outcome)


def _problem(problem: Problem) -> Finding:
    message = f"{problem.message}; next: {problem.recovery}"
    return Finding(level=Level.ERROR, code=problem.code, message=message, where=problem.where)


def _lint(outcome: LintOutcome | None) -> Iterator[Finding]:
    """By itself, or beside a plan or drift, neither of which ends otherwise for it."""
    if outcome is not None:
        yield from map(_problem, sorted_problems(outcome.problems))
        yield from map(_remark, outcome.remarks)


def _remark(remark: Remark) -> Finding:
    reason = BY_NAME[remark.rule].reason
    return Finding(
        level=LEVELS[remark.severity],
        code=remark.rule,
        message=f"{remark.about} {remark.message}: {reason}",
        where=Location(path=remark.path, line=remark.line, column=remark.column),
        about=key_of(remark)[1:],
    )


def _reasons(
    keyspace: str,
    obstacles: Sequence[Obstacle],
    files: SchemaFiles,
) -> Iterator[Finding]:
    for refusal in reasons_of(obstacles):
        unsaid = ", ".join(f"{noun} {name}" for noun, name in unsaid_places(refusal))
        text = f"{f'{unsaid}: ' if unsaid else ''}{refusal.message}; next: {refusal.recovery}"
        objects = (refusal.object,) if refusal.object else ()
        place = files.place(keyspace, _name(refusal.object_id), objects)
        about = (keyspace, str(refusal.object_id), *objects) if refusal.object_id else ()
        yield Finding(level=Level.ERROR, code=refusal.code, message=text, where=place, about=about)
    for refusal in map(refusal_from, unreachable_of(obstacles)):
        text = f"{refusal.message}; next: {refusal.recovery}"
        yield Finding(level=Level.ERROR, code=refusal.code, message=text)


def _hazards(plan: Plan | None, files: SchemaFiles) -> Iterator[Finding]:
    """Each danger once, however many change sets bring it; those nobody has allowed are errors."""
    if plan is None:
        return
    told: set[tuple[str, str, str]] = set()
    for _, statement in words.planned_statements(plan.core):
        for hazard in statement.hazards:
            key = (str(statement.object_id), hazard.kind, hazard.object)
            if key in told or not hazard.needs_permission:
                continue
            told.add(key)
            refused = is_not_allowed(plan.core.policy, statement.object_id, hazard)
            yield Finding(
                level=Level.ERROR if refused else Level.WARNING,
                code=hazard.kind,
                message=f"{statement.object_id}: {hazard.kind} {hazard.object}: {hazard.reason}"
                f" ({'not allowed by policy' if refused else 'allowed by policy'})",
                where=files.place(plan.core.keyspace, statement.object_id.name, (hazard.object,)),
                about=(plan.core.keyspace, *key),
            )


def _drift(outcome: DriftOutcome, files: SchemaFiles) -> Iterator[Finding]:
    total = drift_words.shards_total(outcome)
    for group in drift_words.sorted_groups(outcome.groups):
        which = f"{outcome.keyspace}, {drift_words.shards_of(group, total)}"
        match group.mark:
            case ShardMark.DRIFTED:
                for difference in drift_words.sorted_differences(group):
                    text = f"{which}, {difference.object_id.titled}: {difference.what}"
                    place = files.place(
                        outcome.keyspace, difference.object_id.name, difference.objects
                    )
                    yield Finding(
                        level=Level.ERROR,
                        code=group.mark,
                        message=text,
                        where=place,
                        about=(outcome.keyspace, str(difference.object_id), *difference.objects),
                    )
            case ShardMark.UNREACHABLE | ShardMark.PENDING_APPLY | ShardMark.QUARANTINED:
                text = f"{which}: {group.reason or drift_words.MEANINGS[group.mark]}"
                is_lost = group.mark is ShardMark.UNREACHABLE
                level = Level.ERROR if is_lost else Level.WARNING
                place = files.place(outcome.keyspace, None)
                yield Finding(
                    level=level,
                    code=group.mark,
                    message=text,
                    where=place,
                    about=(outcome.keyspace, *sorted_shards(group.shards)),
                )
            case ShardMark.MATCHING | ShardMark.UNMANAGED:
                pass
            case _:
                assert_never(group.mark)
    if outcome.vschema is not None and outcome.vschema.mark is not ShardMark.MATCHING:
        mark = outcome.vschema.mark
        yield Finding(
            level=Level.WARNING if mark is ShardMark.PENDING_APPLY else Level.ERROR,
            code=mark,
            message=f"{outcome.keyspace}, the VSchema: {drift_words.MEANINGS[mark]}",
            where=files.place(outcome.keyspace, None),
            about=(outcome.keyspace, "vschema"),
        )
    for shadow in outcome.untidy:
        shards = words.shard_set(sorted_shards(shadow.shards), total)
        what = f"{shadow_kind(shadow.name)} {shadow.name}"
        said = drift_words.SHADOW_MEANINGS[shadow.mark]
        yield Finding(
            level=Level.ERROR if shadow.mark is ShadowMark.FOREIGN else Level.WARNING,
            code=shadow.mark,
            message=f"{outcome.keyspace}, {shards}, {what}: {said}",
            where=files.place(outcome.keyspace, None),
            about=(outcome.keyspace, shadow.name),
        )


def _apply(outcome: ApplyOutcome, files: SchemaFiles) -> Iterator[Finding]:
    first = apply_words.first_problem(outcome.problem, outcome.shards, outcome.finalizers)
    if first is not None:
        shard, problem = first
        is_said = problem.message.startswith((f"shard {shard}, ", f"shard {shard}: "))
        owner = f"shard {shard}: " if shard and not is_said else ""
        text = f"{owner}{problem.message}; next: {problem.recovery}"
        yield Finding(level=Level.ERROR, code=problem.code, message=text, where=problem.where)
    yield from _reasons(outcome.keyspace, outcome.refusals, files)


def _doctor(outcome: DoctorOutcome) -> Iterator[Finding]:
    levels = {CheckMark.FAILED: Level.ERROR, CheckMark.WARNING: Level.WARNING}
    for finding in outcome.findings:
        if finding.mark in levels:
            text = f"{outcome.keyspace}: {finding.subject}: {finding.message}"
            message = f"{text}; next: {finding.recovery}" if finding.recovery else text
            about = (outcome.keyspace, finding.subject)
            yield Finding(level=levels[finding.mark], code="doctor", message=message, about=about)


def _name(object_id: ObjectId | None) -> str | None:
    return object_id.name if object_id else None
