"""Runs of a workflow as GitHub Actions makes them: who needs whom, conditions, matrices, attempts.

Conditions are evaluated as they stand in the file, in as much of the language of expressions as our
workflows use; anything else is an error of the test. What a job does is for the test to say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Ended = tuple[str, Mapping[str, str]]
"""How one job of a matrix ended (success, failure, cancelled), and its outputs."""

Work = Callable[[str, Mapping[str, str]], Ended]
"""Of a job's name in the file, and of its values in the matrix."""


@dataclass
class WorkflowRun:
    """`attempt` starts it, and once more runs what failed again, with all that needed it."""

    jobs: dict[str, dict[str, Any]]
    variables: dict[str, str] = field(default_factory=lambda: {"RECONCILER": "on"})
    ref: str = "refs/heads/main"
    github: dict[str, Any] = field(default_factory=dict)
    is_cancelled: bool = False
    results: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    legs: dict[tuple[str, str], str] = field(default_factory=dict)

    def attempt(self, work: Work) -> str:
        """The jobs in the order of the file, in which each stands behind those that it needs."""
        for name, job in self.jobs.items():
            if self.results.get(name) == "success":
                continue
            self.results[name] = self._of_job(name, job, work)
        bad = {"failure", "cancelled"} & set(self.results.values())
        return "failure" if bad else "success"

    def _of_job(self, name: str, job: dict[str, Any], work: Work) -> str:
        needs = job.get("needs", [])
        needs = [needs] if isinstance(needs, str) else needs
        assert all(each in self.results for each in needs), f"{name} stands before its needs"
        context = {
            "needs": {
                each: {"result": self.results[each], "outputs": self.outputs.get(each, {})}
                for each in needs
            },
            "vars": self.variables,
            "github": {"ref": self.ref, **self.github},
        }
        condition = str(job.get("if", "success()"))
        own = all(result == "success" for result in (self.results[each] for each in needs))
        if not _names_a_status(condition) and not own:
            return "skipped"
        if not truth(condition, context, is_cancelled=self.is_cancelled):
            return "skipped"
        ended = []
        for leg in self._matrix(job, context):
            key = (name, json.dumps(leg))
            if self.legs.get(key) != "success":
                self.legs[key], told = work(name, leg)
                self.outputs.setdefault(name, {}).update(told)
            ended.append(self.legs[key])
        assert ended, "a matrix without a job is an error"
        return next((bad for bad in ("failure", "cancelled") if bad in ended), "success")

    def _matrix(self, job: dict[str, Any], context: dict[str, Any]) -> list[dict[str, str]]:
        if "strategy" not in job:
            return [{}]
        assert job["strategy"]["fail-fast"] is False
        matrix = job["strategy"]["matrix"]
        if "include" not in matrix:
            ((name, values),) = matrix.items()
            return [{name: value} for value in values]
        expression = matrix["include"]
        found = re.fullmatch(r"\$\{\{ (.+) \}\}", expression)
        assert found
        legs = value_of(found[1], context)
        assert isinstance(legs, list)
        return legs


def truth(expression: str, context: Mapping[str, Any], *, is_cancelled: bool = False) -> bool:
    found = value_of(expression, context, is_cancelled=is_cancelled)
    return found not in (None, False, 0, "")


def value_of(expression: str, context: Mapping[str, Any], *, is_cancelled: bool = False) -> Any:
    tokens = re.findall(r"'[^']*'|&&|\|\||==|!=|[!()\[\],.]|[\w*-]+|\S", expression)
    reader = _Reader(tokens, context, is_cancelled=is_cancelled)
    found = reader.either()
    assert not reader.tokens, f"not read: {reader.tokens}"
    return found


def _names_a_status(expression: str) -> bool:
    """Without one of them a condition is asked only where all needs succeeded."""
    return bool(re.search(r"\b(success|failure|always|cancelled)\(", expression))


class _Reader:
    def __init__(
        self, tokens: list[str], context: Mapping[str, Any], *, is_cancelled: bool
    ) -> None:
        self.tokens, self._context, self._is_cancelled = tokens, context, is_cancelled

    def either(self) -> Any:
        found = self._both()
        while self._takes("||"):
            other = self._both()
            found = found or other
        return found

    def _both(self) -> Any:
        found = self._compared()
        while self._takes("&&"):
            other = self._compared()
            found = other if found else found
        return found

    def _compared(self) -> Any:
        found = self._not()
        if self._takes("=="):
            return found == self._not()
        if self._takes("!="):
            return found != self._not()
        return found

    def _not(self) -> Any:
        return not self._not() if self._takes("!") else self._member()

    def _member(self) -> Any:
        found = self._atom()
        while self.tokens and self.tokens[0] in (".", "["):
            if self._takes("."):
                key = self.tokens.pop(0)
            else:
                self._takes("[")
                key = self.either()
                assert self._takes("]")
            found = self._part(found, key)
        return found

    def _part(self, value: Any, key: str) -> Any:
        if key == "*":
            return list(value.values())
        if isinstance(value, list):
            return [self._part(item, key) for item in value]
        return value.get(key) if isinstance(value, Mapping) else None

    def _atom(self) -> Any:
        token = self.tokens.pop(0)
        if token == "(":
            found = self.either()
            assert self._takes(")")
            return found
        if token.startswith("'"):
            return token[1:-1]
        if self._takes("("):
            return self._call(token)
        return self._context[token]

    def _call(self, name: str) -> Any:
        arguments = []
        while not self._takes(")"):
            arguments.append(self.either())
            self._takes(",")
        match name, arguments:
            case "cancelled", []:
                return self._is_cancelled
            case "always", []:
                return True
            case "success", []:
                return not self._is_cancelled
            case "contains", [list() as items, str() as item]:
                return item in items
            case "fromJSON", [str() as text]:
                return json.loads(text)
        raise AssertionError(f"{name}({arguments}) is not known")

    def _takes(self, token: str) -> bool:
        if self.tokens[:1] == [token]:
            self.tokens.pop(0)
            return True
        return False
