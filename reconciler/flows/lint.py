"""`lint`: everything that is wrong in the files, and what somebody will be sorry for, without a
look at any server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.errors import InvalidInput, Location, Problem, ReconcilerError
from reconciler.flows.keyspaces import no_specs
from reconciler.flows.lint_ground import keyspace_of
from reconciler.limits import DEFINITION_BYTES_MAX, SPEC_BYTES_MAX
from reconciler.lint.baseline import baseline_keys, baseline_text
from reconciler.lint.edits import edited
from reconciler.lint.judge import Key, judge
from reconciler.lint.model import Edit
from reconciler.outcomes.files import LintOutcome
from reconciler.ports.files import BranchedHistory, FileWriter
from reconciler.spec.load import DesiredFiles, LoadedKeyspace, load_keyspaces, load_repository
from reconciler.spec.text import text_of
from reconciler.spec.tree import FileTree, has_file
from reconciler.spec.yaml_text import read_yaml

Repository = Mapping[str, DesiredFiles | ReconcilerError]


def lint_files(tree: FileTree, before: FileTree | None = None) -> tuple[LintOutcome, ...]:
    """One for each keyspace. With `before`, the files as they were, rules tell of tables that have
    changed since. Raises InvalidInput where there is none."""
    old = load_repository(before) if before is not None else None
    outcomes = tuple(_outcome(one, tree, old) for one in load_keyspaces(tree))
    if not outcomes:
        raise no_specs()
    return outcomes


def lint_work(
    tree: FileTree, history: BranchedHistory, ref: str
) -> tuple[tuple[LintOutcome, ...], str | None]:
    """What the work that `ref` names has changed since it left the protected branch, and the commit
    at which it did. On the protected branch itself, with nothing changed, every table; and where
    there is no such branch."""
    tip, head = history.protected_tip(), history.resolve(ref)
    start = history.fork_point(tip, head) if tip else None
    if start is None:
        return lint_files(tree), None
    outcomes = lint_files(tree, history.tree(start))
    if start == head and not any(outcome.looked_at for outcome in outcomes):
        return lint_files(tree), None
    return outcomes, start


def lint_change(files: DesiredFiles, tree: FileTree, before: Repository) -> LintOutcome:
    """What rules say of the tables of one keyspace that differ from `before`, which is what all
    keyspaces were; of a keyspace that was none, of every table."""
    return _judged(files, tree, len(files.files), before.get(files.spec.keyspace))


def branch_start(history: BranchedHistory, ref: str) -> Repository | None:
    """What the keyspaces were when the work that `ref` names left the protected branch; None where
    there is no such branch."""
    tip = history.protected_tip()
    start = history.fork_point(tip, history.resolve(ref)) if tip else None
    return load_repository(history.tree(start)) if start is not None else None


def fix_files(
    tree: FileTree, outcomes: Sequence[LintOutcome], writer: FileWriter
) -> tuple[str, ...]:
    """Make every edit that a remark brings; the paths of the files that were written, sorted."""
    edits: dict[str, list[Edit]] = {}
    for outcome in outcomes:
        for remark in outcome.remarks:
            edits.setdefault(remark.path, []).extend(remark.edits)
    written = sorted(path for path, found in edits.items() if found)
    for path in written:
        content = tree.read(path, bytes_max=DEFINITION_BYTES_MAX)
        writer.write(path, edited(content.decode(), edits[path]).encode())
    return tuple(written)


def write_baselines(outcomes: Sequence[LintOutcome], writer: FileWriter) -> tuple[str, ...]:
    """What rules find now, to the files that the specs name. Raises InvalidInput for a keyspace
    whose spec names none, before anything is written."""
    missing = [outcome.keyspace for outcome in outcomes if outcome.baseline is None]
    if missing:
        raise InvalidInput(*map(_no_baseline_named, missing))
    paths = []
    for outcome in outcomes:
        if outcome.baseline is not None and not outcome.problems:
            remarks = (*outcome.remarks, *outcome.listed)
            writer.write(outcome.baseline, baseline_text(remarks).encode())
            paths.append(outcome.baseline)
    return tuple(paths)


def _outcome(keyspace: LoadedKeyspace, tree: FileTree, old: Repository | None) -> LintOutcome:
    files = keyspace.result
    if isinstance(files, ReconcilerError):
        return LintOutcome(keyspace=keyspace.name, tables=keyspace.tables, problems=files.problems)
    return _judged(files, tree, keyspace.tables, old.get(keyspace.name) if old else None)


def _judged(
    files: DesiredFiles, tree: FileTree, tables: int, before: DesiredFiles | ReconcilerError | None
) -> LintOutcome:
    name, settings = files.spec.keyspace, files.spec.lint
    try:
        known = baseline_of(tree, settings.baseline)
    except ReconcilerError as error:
        return LintOutcome(keyspace=name, tables=tables, problems=error.problems)
    judgement = judge(
        keyspace_of(files),
        settings,
        baseline=known,
        before=keyspace_of(before) if isinstance(before, DesiredFiles) else None,
    )
    return LintOutcome(
        keyspace=name,
        tables=tables,
        looked_at=judgement.tables,
        remarks=judgement.remarks,
        listed=judgement.listed,
        excepted=judgement.excepted,
        unused=judgement.unused,
        baseline=settings.baseline,
    )


def baseline_of(tree: FileTree, path: str | None) -> frozenset[Key]:
    """A file that is not there lists nothing: it is about to be written. Raises InvalidInput."""
    if path is None or not has_file(tree, path):
        return frozenset()
    text = text_of(tree.read(path, bytes_max=SPEC_BYTES_MAX), path)
    keys = baseline_keys(read_yaml(text, path).value)
    if keys is None:
        raise InvalidInput(
            Problem(
                code="lint-baseline-unreadable",
                message=f"{path} is not a list of what lint found",
                recovery="write it again: `reconciler lint --write-baseline`",
                where=Location(path=path),
            )
        )
    return keys


def _no_baseline_named(keyspace: str) -> Problem:
    return Problem(
        code="lint-baseline-unnamed",
        message=f"the spec of {keyspace} names no file for what lint finds today",
        recovery="add `lint: {baseline: specs/NAME.baseline}` to the spec",
    )
