"""Text of a spec file -> `SpecFile`, or everything that is wrong with it, at once."""

from __future__ import annotations

from reconciler.errors import InvalidInput, Location, Problem, Refused
from reconciler.spec.build import build_spec
from reconciler.spec.checks import check_spec
from reconciler.spec.model import SpecFile
from reconciler.spec.structure import find_flaws, sound_part
from reconciler.spec.yaml_text import Document, read_yaml

_FORMAT_VERSION = 1


def read_spec(text: str, path: str) -> SpecFile:
    """Raise InvalidInput (Refused where a path leads out of the repository) with all problems."""
    document = read_yaml(text, path)
    return spec_from_document(document)


def spec_from_document(document: Document) -> SpecFile:
    newer = _newer_format(document)
    if newer is not None:
        raise InvalidInput(newer)
    flaws = find_flaws(document)
    problems = [flaw.problem for flaw in flaws]
    problems += check_spec(document, sound_part(document, flaws))
    if problems:
        refused = any(problem.code == "path-outside-repository" for problem in problems)
        raise (Refused if refused else InvalidInput)(*sorted(set(problems), key=_place))
    assert isinstance(document.value, dict)
    return build_spec(document.value, document.path)


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


def _place(problem: Problem) -> tuple[int, int, str]:
    where = problem.where or Location(path="")
    return (where.line or 0, where.column or 0, problem.message)
