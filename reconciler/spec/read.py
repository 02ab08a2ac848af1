"""Text of a spec file -> `SpecFile`, or everything that is wrong with it, at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

from reconciler.errors import InvalidInput, Location, Problem, Refused
from reconciler.limits import FILE_PROBLEMS_MAX
from reconciler.model.file_problems import first_problems
from reconciler.spec.build import build_spec
from reconciler.spec.checks import check_spec, leads_outside
from reconciler.spec.deployments import with_deployments
from reconciler.spec.listed_shards import with_listed_shards, without_listed_shards
from reconciler.spec.model import ReviewRule, SpecFile
from reconciler.spec.structure import Flaw, find_flaws, sound_part
from reconciler.spec.tree import FileTree
from reconciler.spec.yaml_text import Document, read_yaml

_FORMAT_VERSION = 1


def read_spec(text: str, path: str, tree: FileTree | None = None) -> SpecFile:
    """`tree` holds the lists of shards that the spec names. Raise InvalidInput (Refused where a
    path leads out of the repository) with all problems."""
    return spec_from_document(spec_document(text, path, tree))


def spec_document(text: str, path: str, tree: FileTree | None = None) -> Document:
    """With lists of shards written out, and deployments as environments, as everything but an
    editor of its text wants it. Raises what reading a list does."""
    return with_deployments(with_listed_shards(read_yaml(text, path), tree))


def review_rules(text: str, path: str) -> dict[str, ReviewRule]:
    """By environment, and nothing else of it; whatever the lists say that it names. Raises
    InvalidInput or Refused for a spec that cannot be read."""
    document = with_deployments(without_listed_shards(read_yaml(text, path)))
    return {found.name: found.review for found in spec_from_document(document).environments}


def spec_from_document(document: Document) -> SpecFile:
    newer = _newer_format(document)
    if newer is not None:
        raise InvalidInput(newer)
    if document.faults:  # what else is wrong with such an environment, nobody could tell
        raise InvalidInput(*first_problems(document.faults, document.path))
    flaws = find_flaws(document)
    sound = sound_part(document, flaws)
    problems = first_problems(_problems(document, flaws, sound), document.path)
    if problems:
        refused = leads_outside(sound)
        raise (Refused if refused else InvalidInput)(*sorted(problems, key=_place))
    assert isinstance(document.value, dict)
    return build_spec(document.value, document.path, document.deployments)


def _problems(
    document: Document, flaws: tuple[Flaw, ...], sound: Mapping[str, Any]
) -> Iterator[Problem]:
    """Each once. The rules between the parts are for parts whose shape is known to be sound, which
    nobody knows where there are more flaws than were looked for."""
    told = set()
    checked = check_spec(document, sound) if len(flaws) <= FILE_PROBLEMS_MAX else ()
    for problem in chain((flaw.problem for flaw in flaws), checked):
        if (same := _once_for_all(document, problem)) not in told:
            told.add(same)
            yield problem


def _once_for_all(document: Document, problem: Problem) -> Problem:
    """What every deployment has from its environment is wrong once."""
    message = problem.message
    for whole, members in document.deployments.items():
        for member in members:
            message = message.replace(member, whole)
    return replace(problem, message=message)


def _newer_format(document: Document) -> Problem | None:
    version = document.value.get("version") if isinstance(document.value, dict) else None
    if not isinstance(version, int) or version <= _FORMAT_VERSION:
        return None
    return Problem(
        code="spec-newer-format",
        message=f"the spec is of format {version}; this reconciler reads format {_FORMAT_VERSION}",
        recovery="use a reconciler that reads the format, or write the spec in the older one",
        where=document.where(("version",)),
    )


def _place(problem: Problem) -> tuple[bool, int, int, str]:
    where = problem.where or Location(path="")
    is_of_no_line = where.line is None  # that there are more comes last
    return (is_of_no_line, where.line or 0, where.column or 0, problem.message)
