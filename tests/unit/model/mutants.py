"""Every schema that differs from one in a single attribute, made from the types alone.

Rule: a new attribute gets its mutants here without anybody naming it, as long as it is of a type
that stands here; of any other type it has none, which a test over all attributes says. Where the
form of a text matters, `SPELLED` has another text of that form.
"""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from enum import Enum
from functools import cache
from typing import Any

from reconciler.model import schema as nouns

Attribute = tuple[type, str]

EVERY_TYPE: tuple[type, ...] = tuple(
    found
    for _, found in sorted(inspect.getmembers(nouns, inspect.isclass))
    if dataclasses.is_dataclass(found) and found.__module__ == nouns.__name__
)
EVERY_ATTRIBUTE: tuple[Attribute, ...] = tuple(
    (model, field.name) for model in EVERY_TYPE for field in fields(model)
)

# Other texts of the same form, of which the first that differs is taken.
SPELLED: dict[Attribute, tuple[Any, ...]] = {
    (nouns.Column, "sql_type"): ("bigint", "int"),
    (nouns.Column, "charset"): ("latin1", "ascii"),
    (nouns.Column, "collation"): ("latin1_bin", "latin1_german1_ci"),
    (nouns.Column, "default_sql"): ("'1'", "'2'"),
    (nouns.Column, "on_update_sql"): ("CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP(3)"),
    (nouns.Index, "name"): ("another",),
    (nouns.Index, "using"): ("RTREE", "HASH"),
    (nouns.ForeignKey, "on_delete"): ("CASCADE", "SET NULL"),
    (nouns.ForeignKey, "on_update"): ("CASCADE", "SET NULL"),
    (nouns.Partition, "values_sql"): ("LESS THAN (5)", "LESS THAN (6)"),
    (nouns.Partitioning, "method_sql"): ("LIST (`id`)", "HASH (`id`)"),
    (nouns.Table, "periods"): (("PERIOD FOR `q` (`from`, `till`)",), ()),
}

# Lists whose order says nothing: the model keeps them sorted, or the normal form does.
IN_ANY_ORDER = frozenset(
    {
        (nouns.Schema, "tables"),
        (nouns.Schema, "others"),
        (nouns.Table, "indexes"),
        (nouns.Table, "foreign_keys"),
        (nouns.Table, "checks"),
        (nouns.Table, "options"),
        (nouns.Partition, "options"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """`original` with another value of the attribute of one of its parts, at `path`."""

    attribute: Attribute
    path: str
    schema: nouns.Schema

    def __str__(self) -> str:
        return f"{self.attribute[0].__name__}.{self.attribute[1]} at {self.path}"


def mutants(original: nouns.Schema) -> Iterator[Mutant]:
    """One schema for each attribute of each of its parts, and each of its other values."""
    for attribute, path, changed in _mutants(original, "schema"):
        yield Mutant(attribute=attribute, path=path, schema=changed)


def without(value: Any, attribute: Attribute) -> Any:
    """What a comparison sees that leaves the attribute out."""
    if isinstance(value, tuple):
        return tuple(without(item, attribute) for item in value)
    if not isinstance(value, EVERY_TYPE):
        return value
    model: Any = type(value)
    return model, tuple(
        without(getattr(value, field.name), attribute)
        for field in fields(model)
        if (model, field.name) != attribute
    )


def _mutants(value: Any, path: str) -> Iterator[tuple[Attribute, str, Any]]:
    """What each part becomes when one attribute of it, or of a part of it, is another."""
    model: Any = type(value)
    for name, hint in _hints(model).items():
        own, at = getattr(value, name), f"{path}.{name}"
        for other in _others((model, name), own, hint):
            yield (model, name), at, replace(value, **{name: other})
        for attribute, place, changed in _inside(own, at):
            yield attribute, place, replace(value, **{name: changed})


def _inside(own: Any, path: str) -> Iterator[tuple[Attribute, str, Any]]:
    if isinstance(own, EVERY_TYPE):
        yield from _mutants(own, path)
    elif isinstance(own, tuple):
        for place, item in enumerate(own):
            for attribute, at, changed in _inside(item, f"{path}[{_titled(item, place)}]"):
                yield attribute, at, (*own[:place], changed, *own[place + 1 :])


def _titled(item: Any, place: int) -> object:
    return getattr(item, "name", place)


@cache
def _hints(model: Any) -> dict[str, Any]:
    found = typing.get_type_hints(model)
    return {field.name: found[field.name] for field in fields(model)}


def _others(attribute: Attribute, own: Any, hint: Any) -> list[Any]:
    """Other values of the attribute; none where nobody has said yet what its type can hold."""
    if attribute in SPELLED:
        return [next(other for other in SPELLED[attribute] if other != own)]
    kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    made = [other for kind in kinds for other in _of_kind(attribute, kind, own)]
    return [other for other in made if other != own]


def _of_kind(attribute: Attribute, kind: Any, own: Any) -> list[Any]:
    if kind is types.NoneType:
        return [None]
    if kind is bool:
        return [not own]
    if kind is int:
        return [7 if own is None else own + 1]
    if kind is str:
        return ["another" if own is None else f"{own}x"]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [next(member for member in kind if member is not own)]
    if typing.get_origin(kind) is tuple:
        return _of_tuple(attribute, own, typing.get_args(kind)[0])
    if kind in _PARTS:
        return [_PARTS[kind]] if own is None else []  # its own attributes are changed one by one
    return []


def _of_tuple(attribute: Attribute, own: tuple[Any, ...], kind: Any) -> list[Any]:
    """With one less, with one more, with two in the other order, and with another one."""
    more, is_ordered = _of_item(kind), attribute not in IN_ANY_ORDER
    return [
        *([own[1:]] if own and not _is_engine(own[0]) else []),
        *([(*own, more)] if more is not None else []),
        *([(own[1], own[0], *own[2:])] if is_ordered and len(own) > 1 else []),
        *(
            (*own[:at], changed, *own[at + 1 :])
            for at, item in enumerate(own)
            for changed in _of_pair(item)
        ),
    ]


def _is_engine(item: Any) -> bool:
    """A table has one and its partitions have the same, whether or not it is printed."""
    return isinstance(item, tuple) and item[0] == "ENGINE"


def _of_item(kind: Any) -> Any:
    if kind is str:
        return "another"
    if kind == tuple[str, str]:
        return ("MAX_ROWS", "7")
    return _PARTS.get(kind)


def _of_pair(item: Any) -> list[Any]:
    """The value of a named option is another one."""
    match item:
        case (str(name), str(value)):
            return [(name, f"{value}x")]
        case _:
            return []


_COLUMN = nouns.Column(name="another", sql_type="int")
_PART = nouns.IndexPart(column="another")
# What comes in where there is none yet, or one more.
_PARTS: dict[Any, Any] = {
    nouns.Column: _COLUMN,
    nouns.Generated: nouns.Generated(expression="1", kind=nouns.GeneratedKind.VIRTUAL),
    nouns.IndexPart: _PART,
    nouns.Index: nouns.Index(name="another", kind=nouns.IndexKind.PLAIN, parts=(_PART,)),
    nouns.ForeignKey: nouns.ForeignKey(
        name="another", columns=("id",), parent_table="parents", parent_columns=("id",)
    ),
    nouns.Check: nouns.Check(name="another", expression="(`id` > 0)"),
    nouns.Partition: nouns.Partition(name="another", values_sql="LESS THAN (999)"),
    nouns.Partitioning: nouns.Partitioning(method_sql="HASH (`id`)", count=4),
    nouns.Table: nouns.Table(name="zz_another", columns=(_COLUMN,)),
}
