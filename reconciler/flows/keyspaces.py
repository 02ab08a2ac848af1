"""Several keyspaces in one command: each with its own verdict, none stopping another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from reconciler.errors import InvalidInput, Problem, ReconcilerError, UsageError, nearest
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.spec.keyspace_order import in_order
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment, SpecFile
from reconciler.spec.regions import in_region
from reconciler.spec.tree import FileTree


class HasSpec(Protocol):
    """What was read of a keyspace: its spec at least."""

    @property
    def spec(self) -> SpecFile: ...


Files = TypeVar("Files", bound=HasSpec)
Outcome = TypeVar("Outcome")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The repository as one tree shows it; a keyspace that could not be read is its error."""

    root: Path
    tree: FileTree
    keyspaces: Mapping[str, DesiredFiles | ReconcilerError]

    @property
    def sound(self) -> dict[str, DesiredFiles]:
        """The keyspaces that could be read."""
        return {
            name: files for name, files in self.keyspaces.items() if isinstance(files, DesiredFiles)
        }

    def environments(self, asked: Sequence[str]) -> list[str]:
        """Those asked for, or all of the specs. With every spec broken there is no name, and what
        is wrong must still be said of something. Raises UsageError for a name that no spec has,
        unless one that cannot be read may have it: of nothing, nothing would be wrong (GD-10)."""
        if len(self.sound) == len(self.keyspaces):
            for name in asked:
                choose_environment(self.keyspaces, name)
        named = {each.name for files in self.sound.values() for each in files.spec.environments}
        return sorted(set(asked) or named) or ["(none)"]

    def each(
        self,
        environment: str | None,
        asked: Sequence[str],
        work: Callable[[DesiredFiles, Environment], Outcome],
        *,
        region: str | None = None,
    ) -> list[Outcome | KeyspaceFailed]:
        """With `region`, on that region's part of the environment (RG-2)."""
        chosen = choose_environment(self.keyspaces, environment)

        def on_part(files: DesiredFiles, whole: Environment) -> Outcome:
            return work(files, in_region(whole, region) if region is not None else whole)

        return for_each_keyspace(self.keyspaces, chosen, asked, on_part, region=region)


def choose_environment(loaded: Mapping[str, Files | ReconcilerError], asked: str | None) -> str:
    """The environment asked for, or the only one there is. Raises UsageError."""
    names = sorted(
        {
            environment.name
            for files in loaded.values()
            if not isinstance(files, ReconcilerError)
            for environment in files.spec.environments
        }
    )
    if asked is not None:
        if asked in names or not names:
            return asked
        raise _unknown("environment-unknown", "environment", asked, names)
    if len(names) == 1:
        return names[0]
    if not names:
        broken = [files for files in loaded.values() if isinstance(files, ReconcilerError)]
        if broken:
            raise InvalidInput(*(problem for error in broken for problem in error.problems))
        raise no_specs()
    raise UsageError(
        Problem(
            code="environment-not-chosen",
            message=f"there are several environments: {', '.join(names)}",
            recovery="name one with --environment",
        )
    )


def for_each_keyspace(
    loaded: Mapping[str, Files | ReconcilerError],
    environment: str,
    asked: Sequence[str],
    work: Callable[[Files, Environment], Outcome],
    *,
    region: str | None = None,
) -> list[Outcome | KeyspaceFailed]:
    """Outcomes in the order of names, but each keyspace behind those that its spec puts before it
    (RG-73); `region` is whose part is worked on. Without names: every
    keyspace that has the environment, and every one whose spec cannot be read, because nobody knows
    what it would have said."""
    outcomes: list[Outcome | KeyspaceFailed] = []
    for keyspace in _chosen(loaded, environment, asked):
        try:
            outcomes.append(_run_one(loaded[keyspace], environment, work))
        except ReconcilerError as error:
            outcomes.append(_failed(environment, keyspace, error, region))
    return outcomes


def one_after_another(
    environment: str, keyspace: str, *works: Callable[[], Outcome]
) -> tuple[Outcome | KeyspaceFailed, ...]:
    """What one keyspace has to be done about it; what ends badly keeps nothing behind it back."""
    return tuple(_contained(environment, keyspace, work) for work in works)


def _contained(
    environment: str, keyspace: str, work: Callable[[], Outcome]
) -> Outcome | KeyspaceFailed:
    try:
        return work()
    except ReconcilerError as error:
        return _failed(environment, keyspace, error)


def _failed(
    environment: str, keyspace: str, error: ReconcilerError, region: str | None = None
) -> KeyspaceFailed:
    return KeyspaceFailed(
        environment=environment,
        keyspace=keyspace,
        problems=error.problems,
        exit_code=error.exit_code,
        region=region,
    )


def flattened(
    found: Iterable[Sequence[Outcome] | KeyspaceFailed],
) -> list[Outcome | KeyspaceFailed]:
    """Of keyspaces about each of which several things were done."""
    return [
        outcome
        for outcomes in found
        for outcome in ((outcomes,) if isinstance(outcomes, KeyspaceFailed) else outcomes)
    ]


def _run_one(
    files: Files | ReconcilerError, environment: str, work: Callable[[Files, Environment], Outcome]
) -> Outcome:
    if isinstance(files, ReconcilerError):
        raise files
    found = files.spec.environment(environment)
    if found is None:
        raise UsageError(
            Problem(
                code="environment-unknown",
                message=f"{files.spec.path} has no environment {environment!r}",
                recovery="add it to the spec, or name another with --environment",
            )
        )
    return work(files, found)


def _chosen(
    loaded: Mapping[str, Files | ReconcilerError], environment: str, asked: Sequence[str]
) -> list[str]:
    for name in asked:
        if name not in loaded:
            raise _unknown("keyspace-unknown", "keyspace", name, sorted(loaded))
    chosen = asked or [
        keyspace
        for keyspace, files in loaded.items()
        if isinstance(files, ReconcilerError) or files.spec.environment(environment)
    ]
    sound = {n: found for n, found in loaded.items() if not isinstance(found, ReconcilerError)}
    return in_order(chosen, {name: files.spec.after for name, files in sound.items()})


def no_specs() -> InvalidInput:
    return InvalidInput(
        Problem(
            code="no-specs",
            message="there is no spec: no specs/*.yaml in this folder",
            recovery="go to the folder that holds specs/, or name it with -C; where there is none"
            " yet, `reconciler init` makes one from a live fleet",
        )
    )


def _unknown(code: str, what: str, name: str, known: Sequence[str]) -> UsageError:
    likely = nearest(name, known)
    hint = f"did you mean {likely!r}?" if likely else f"there are: {', '.join(known) or 'none'}"
    return UsageError(Problem(code=code, message=f"there is no {what} {name!r}", recovery=hint))
