"""Several keyspaces in one command: each with its own verdict, none stopping another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Protocol, TypeVar

from reconciler.errors import InvalidInput, Problem, ReconcilerError, UsageError, nearest
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.spec.deployments import deployments_of, same_place
from reconciler.spec.keyspace_order import all_before, in_order
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
        meant = (deployments_named(self.keyspaces, name) or [name] for name in asked)
        asked = [name for names in meant for name in names]
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
        """With `region`, on that region's part of the environment (RG-2). Where it lists
        deployments, on each of them, in their order."""
        chosen = choose_environment(self.keyspaces, environment)

        def on_part(files: DesiredFiles, whole: Environment) -> Outcome:
            return work(files, in_region(whole, region) if region is not None else whole)

        outcomes = []
        for name, keyspaces in self._turns(chosen, asked):
            outcomes += for_each_keyspace(self.keyspaces, name, keyspaces, on_part, region=region)
        return outcomes

    def within(
        self,
        environment: str,
        asked: Sequence[str],
        work: Callable[[DesiredFiles, Environment], Outcome],
    ) -> list[Outcome | KeyspaceFailed]:
        """On the environment of this very name, whatever another keyspace lists under it: for who
        goes over `environments`."""
        choose_environment(self.keyspaces, environment)
        return for_each_keyspace(self.keyspaces, environment, asked, work)

    def _turns(self, chosen: str, asked: Sequence[str]) -> list[tuple[str, Sequence[str]]]:
        """The environments to work on, and the keyspaces of each; () stands for all."""
        names = deployments_named(self.keyspaces, chosen)
        if not names:
            return [(chosen, asked)]
        specs = {name: files.spec for name, files in self.sound.items()}
        meant = [one for one in asked or specs if one in specs]
        turns: list[tuple[str, Sequence[str]]] = [
            (name, [one for _, one in places])
            for name, places in groupby(_places(names, meant, specs), key=itemgetter(0))
        ]
        placed = {one for _, keyspaces in turns for one in keyspaces}
        # What cannot be read, or was asked for and has none of them, is said once.
        unreadable = [name for name in self.keyspaces if name not in specs]
        if rest := [one for one in asked or unreadable if one not in placed]:
            turns.insert(0, (chosen, rest))
        return turns


def _places(
    names: Sequence[str], meant: Sequence[str], specs: Mapping[str, SpecFile]
) -> list[tuple[str, str]]:
    """What these keyspaces have in these environments. One deployment is done with in all keyspaces
    before the next, but nothing goes before what its own spec puts before it: a keyspace that is
    not divided may come after one that is, or before it (RG-73)."""
    after = {name: spec.after for name, spec in specs.items()}
    before: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for name in names:
        for one in in_order(meant, after):
            if (found := specs[one].environment(name)) is None:
                continue
            before[name, one] = {(earlier, one) for earlier in found.earlier}
            for other in all_before(one, after, itself=False) & specs.keys():
                before[name, one] |= {(e.name, other) for e in same_place(specs[other], found)}
    ordered: dict[tuple[str, str], None] = {}
    while known := len(before) - len(ordered):
        for place, first in before.items():
            if all(one in ordered or one not in before for one in first):
                ordered.setdefault(place)
        assert len(before) - len(ordered) < known, "the order of keyspaces was checked"
    return list(ordered)


def deployments_named(loaded: Mapping[str, Files | ReconcilerError], environment: str) -> list[str]:
    """The environments that are meant by the name of one that lists deployments, each behind those
    that any spec puts before it; none where it is an environment as any other."""
    specs = [found.spec for found in loaded.values() if not isinstance(found, ReconcilerError)]
    earlier: dict[str, set[str]] = {}
    for spec in specs:
        for one in deployments_of(spec, environment):
            earlier.setdefault(one.name, set()).update(one.earlier)
    if earlier and any(spec.environment(environment) for spec in specs):
        earlier[environment] = set()  # a keyspace that lists none there
    return in_order(earlier, {name: sorted(before) for name, before in earlier.items()})


def one_environment(
    loaded: Mapping[str, Files | ReconcilerError],
    asked: str | None,
    keyspaces: Sequence[str] | None,
    verb: str,
) -> str:
    """As `choose_environment`, for what is done in one fleet. Raises UsageError where the name
    stands for several in these keyspaces, or in all where none is named; None where the verb takes
    no keyspaces."""
    chosen = choose_environment(loaded, asked)
    meant = {name: loaded[name] for name in keyspaces or () if name in loaded} or loaded
    several = [name for name in deployments_named(meant, chosen) if name != chosen]
    if not several:
        return chosen
    undivided = [
        name
        for name, found in meant.items()
        if keyspaces is not None
        and not isinstance(found, ReconcilerError)
        and found.spec.environment(chosen)
    ]
    alone = f"; or name only keyspaces that have none: {', '.join(undivided)}" if undivided else ""
    raise UsageError(
        Problem(
            code="deployment-not-chosen",
            message=f"{chosen} has several deployments, and {verb} is of one",
            recovery=f"name it with --environment: {', '.join(several)}{alone}",
        )
    )


def choose_environment(loaded: Mapping[str, Files | ReconcilerError], asked: str | None) -> str:
    """The environment asked for, or the only one there is; one that lists deployments goes by its
    own name. Raises UsageError."""
    every = [
        environment
        for files in loaded.values()
        if not isinstance(files, ReconcilerError)
        for environment in files.spec.environments
    ]
    names = sorted({environment.deployment_of or environment.name for environment in every})
    if asked is not None:
        if asked in {*names, *(environment.name for environment in every)} or not names:
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
