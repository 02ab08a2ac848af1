"""Every error code in the source, with the next steps that stand beside it.

A code is a literal: where a Problem, a Refusal or one of their relatives is made, or where a
function is called that makes one from a parameter named `code`. So it can be found by its full
name, and this module can list it without running anything. A code put together from parts is
reported, not guessed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.tidy.source import PACKAGE, functions_of, name_of, nodes, python_files, relative, tree_of

_MAKERS = frozenset({"Problem", "Refusal", "Finding", "Unreachable", "Forbidden", "Fault"})
_CODES = frozenset({"code", "file_code", "statement_code"})
# Told by the boundary itself, in words of its own.
_SPOKEN = {
    "internal-error": "report it with the command line that was used",
    "doctor": "do what the finding says",
}
# A statement comes from a plan: what is wrong with it is not fixed in a file.
_STATEMENT_STEP = "run `reconciler plan` again and have the new plan reviewed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A code at the place that says it; `recovery` with `…` for what only the run knows."""

    code: str
    recovery: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    uses: tuple[Use, ...]
    built: tuple[str, ...]  # places where a code is put together from parts


@dataclass(frozen=True, slots=True, kw_only=True)
class _Teller:
    """A function that words a problem for its callers, from a parameter `code` or `recovery`;
    what is a literal in it already stands here."""

    parameters: tuple[str, ...]
    code: ast.expr | None
    recovery: str
    module: Path
    is_private: bool


@cache
def found_codes() -> Found:
    tellers: dict[str, list[_Teller]] = {}
    for path in python_files(PACKAGE):
        for function in functions_of(path):
            if (teller := _teller(function, path)) is not None:
                tellers.setdefault(function.name, []).append(teller)
    uses: list[Use] = []
    built: list[str] = []
    for path in python_files(PACKAGE):
        for use in _uses(path, tellers):
            if isinstance(use, Use):
                uses.append(use)
            else:
                built.append(use)
    return Found(uses=tuple(uses), built=tuple(built))


def codes_and_steps() -> dict[str, tuple[str, ...]]:
    """Each code with its different next steps, in the order of their places."""
    steps: dict[str, dict[str, None]] = {code: {step: None} for code, step in _SPOKEN.items()}
    for use in found_codes().uses:
        of_code = steps.setdefault(use.code, {})
        if use.recovery and use.code not in _SPOKEN:
            of_code[use.recovery] = None
    return {code: tuple(steps[code]) for code in sorted(steps)}


def _teller(function: ast.FunctionDef | ast.AsyncFunctionDef, path: Path) -> _Teller | None:
    arguments = function.args
    names = tuple(a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs))
    if not {"code", "recovery"} & set(names):
        return None
    code: ast.expr | None = None
    recovery = ""
    for call in _calls(function):
        given = {k.arg: k.value for k in call.keywords}
        if "recovery" in given:
            recovery = _words(given["recovery"], _texts(tree_of(path), function))
        if isinstance(given.get("code"), ast.Constant):
            code = given["code"]
    return _Teller(
        parameters=names,
        code=code,
        recovery=recovery,
        module=path,
        is_private=function.name.startswith("_"),
    )


def _uses(path: Path, tellers: Mapping[str, list[_Teller]]) -> Iterator[Use | str]:
    tree = tree_of(path)
    inside = {id(call): one for one in functions_of(path) for call in _calls(one)}
    for call in nodes(path, ast.Call):
        name = name_of(call.func)
        if name not in _MAKERS and name not in tellers:
            continue
        texts = _texts(tree, inside.get(id(call)))
        place = f"{relative(path)}:{call.lineno}"
        given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
        recovery = ""
        if name not in _MAKERS:
            teller = _known(tellers.get(name, []), path)
            if teller is None:
                continue
            given |= dict(zip(teller.parameters, call.args, strict=False))
            given |= {"code": teller.code} if teller.code and "code" not in given else {}
            recovery = teller.recovery
        if "recovery" in given:
            recovery = _words(given["recovery"], texts)
        for key in sorted(given.keys() & _CODES):
            match given[key]:
                case ast.Constant(value=str(text)):
                    step = _STATEMENT_STEP if key == "statement_code" else recovery
                    yield Use(code=text, recovery=step, place=place)
                case ast.Name() | ast.Attribute():
                    pass  # handed on from where it is literal
                case _:
                    yield place


def _known(tellers: list[_Teller], path: Path) -> _Teller | None:
    """A private function is known in its own module only."""
    for teller in tellers:
        if teller.module == path or not teller.is_private:
            return teller
    return None


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    return (found for found in ast.walk(node) if isinstance(found, ast.Call))


def _texts(tree: ast.Module, function: ast.AST | None) -> dict[str, str]:
    """What a name stands for: a module's constant, or a text assigned in the function."""
    texts: dict[str, str] = {}
    for statements in (tree.body, list(ast.walk(function)) if function else []):
        for statement in statements:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    words = _words(value, texts)
                    if words:
                        texts[name] = words
    return texts


def _words(expression: ast.expr, texts: Mapping[str, str]) -> str:
    """An expression as its reader will see it, `…` for what is known at run time only."""
    match expression:
        case ast.Constant(value=str(text)):
            return text
        case ast.Name(id=name):
            return texts.get(name, "")
        case ast.IfExp(body=body, orelse=orelse):
            return ", or: ".join(filter(None, (_words(body, texts), _words(orelse, texts))))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _words(left, texts) + _words(right, texts)
        case ast.JoinedStr(values=values):
            parts = (
                value.value
                if isinstance(value, ast.Constant)
                else (isinstance(value, ast.FormattedValue) and _words(value.value, texts)) or "…"
                for value in values
            )
            return "".join(str(part) for part in parts)
        case _:
            return ""
