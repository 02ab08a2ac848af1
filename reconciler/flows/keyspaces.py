"""Several keyspaces in one command: each with its own verdict, none stopping another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from reconciler.errors import InvalidInput, Problem, ReconcilerError, UsageError, nearest
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.spec.model import Environment, SpecFile


class HasSpec(Protocol):
    """What was read of a keyspace: its spec at least."""

    @property
    def spec(self) -> SpecFile: ...


Files = TypeVar("Files", bound=HasSpec)
Outcome = TypeVar("Outcome")


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
) -> list[Outcome | KeyspaceFailed]:
    """Outcomes in the order of names. Without names: every keyspace that has the environment, and
    every one whose spec cannot be read, because nobody knows what it would have said."""
    outcomes: list[Outcome | KeyspaceFailed] = []
    for keyspace in _chosen(loaded, environment, asked):
        try:
            outcomes.append(_run_one(loaded[keyspace], environment, work))
        except ReconcilerError as error:
            outcomes.append(
                KeyspaceFailed(
                    environment=environment,
                    keyspace=keyspace,
                    problems=error.problems,
                    exit_code=error.exit_code,
                )
            )
    return outcomes


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
    return sorted(set(asked)) or [
        keyspace
        for keyspace, files in sorted(loaded.items())
        if isinstance(files, ReconcilerError) or files.spec.environment(environment)
    ]


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
