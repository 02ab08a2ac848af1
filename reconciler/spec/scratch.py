"""A `scratch` setting that stands by itself, where no spec is around it: read as a spec's own."""

from __future__ import annotations

from dataclasses import replace

from reconciler.errors import InvalidInput, Location, Problem
from reconciler.model.yaml_flow import in_yaml
from reconciler.spec.model import Connection
from reconciler.spec.read import spec_from_document
from reconciler.spec.scratch_image import ScratchAtHand, ScratchImage, StartedScratch
from reconciler.spec.yaml_text import Value, read_yaml

_AT = "environments.here."


def scratch_of(value: Value, path: str) -> Connection | StartedScratch | None:
    """None: `auto`. Raises InvalidInput with all that is wrong with it, said of `path`."""
    around = {
        "version": 1,
        "keyspace": "here",
        "schema": "schemas/here",
        "environments": {
            "here": {
                "connection": {"host": "shards.invalid", "database": "here", "user": "here"},
                "shards": ["-"],
                "scratch": value,
            }
        },
    }
    try:
        spec = spec_from_document(read_yaml(in_yaml(around), path))
    except InvalidInput as error:
        raise InvalidInput(*(_of_itself(problem, path) for problem in error.problems)) from None
    return spec.environments[0].scratch


def not_kept(scratch: Connection | StartedScratch | None) -> Connection | ScratchImage | None:
    """The same, ended with its command."""
    match scratch:
        case ScratchImage():
            return replace(scratch, keep_s=0)
        case ScratchAtHand():
            return None
        case _:
            return scratch


def _of_itself(problem: Problem, path: str) -> Problem:
    """Without the place in the text that was put around it."""
    return replace(problem, message=problem.message.replace(_AT, ""), where=Location(path=path))
