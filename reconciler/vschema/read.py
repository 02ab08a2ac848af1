"""JSON -> a VSchema, as strictly as no Vitess reads it: a key it does not know, Vitess drops.

What protobuf's JSON allows is allowed: keys in snake_case and in lowerCamelCase, null for what is
not said, whole numbers as text, members of an enumeration by number. All of that reads as one
value. Everything else is a fault with its place (VS-2).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from reprlib import repr as brief
from typing import Any

from reconciler.errors import nearest
from reconciler.limits import VSCHEMA_BYTES_MAX
from reconciler.strict_json import JsonUnreadable, read_json
from reconciler.vschema.column_types import FOREIGN_KEY_MODES, NUMBER_OF_TYPE
from reconciler.vschema.document import (
    AutoIncrement,
    ColumnVindex,
    ListedColumn,
    MultiTenantSpec,
    RoutedTable,
    Vindex,
    VSchema,
)
from reconciler.vschema.limits import VSCHEMA_VALUES_MAX

Path = tuple[str | int, ...]

_INT32_MAX = 2**31 - 1
_CAPITAL = re.compile("[A-Z]")
_WHOLE = re.compile(r"-?[0-9]{1,10}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`reason` completes "tables.users.pinned ..."; `at` is the path as the file spells it. `code`
    is the Problem's."""

    at: Path
    code: str
    reason: str
    recovery: str

    @property
    def message(self) -> str:
        return f"{dotted(self.at)} {self.reason}" if self.at else f"the file {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadVSchema:
    """`vschema` is to be used only where there are no faults. `raw` is the JSON as it was."""

    vschema: VSchema
    raw: Any
    faults: tuple[Fault, ...] = ()


def read_vschema(content: bytes) -> ReadVSchema:
    """Every fault that is found; raises nothing."""
    if len(content) > VSCHEMA_BYTES_MAX:
        return _unread(f"is over {VSCHEMA_BYTES_MAX:,} bytes, which is more than Vitess keeps")
    try:
        raw = read_json(content, values_max=VSCHEMA_VALUES_MAX)
    except JsonUnreadable as broken:
        return _unread(broken.reason)
    reader = _Reader()
    return ReadVSchema(vschema=reader.vschema(raw), raw=raw, faults=tuple(reader.faults))


def dotted(at: Path) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in at).lstrip(".")


def _unread(reason: str) -> ReadVSchema:
    recovery = "write one JSON object; `reconciler pull` writes it from Vitess"
    fault = Fault(at=(), reason=reason, recovery=recovery, code="vschema-unreadable")
    return ReadVSchema(vschema=VSchema(), raw=None, faults=(fault,))


_Kind = Callable[[Any, Path], Any]


class _Reader:
    """Each method reads one kind of value and keeps what is wrong with it; what it then returns
    stands for nothing."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def vschema(self, value: Any) -> VSchema:
        found = self._message(
            value,
            (),
            {
                "sharded": self._truth,
                "vindexes": self._map_of(self._vindex),
                "tables": self._map_of(self._table),
                "require_explicit_routing": self._truth,
                "foreign_key_mode": self._word_of(FOREIGN_KEY_MODES),
                "multi_tenant_spec": self._multi_tenant_spec,
            },
        )
        return VSchema(**found)

    def _vindex(self, value: Any, at: Path) -> Vindex:
        found = self._message(
            value,
            at,
            {"type": self._text, "params": self._map_of(self._param), "owner": self._text},
        )
        return Vindex(name=str(at[-1]), **found)

    def _param(self, value: Any, at: Path) -> tuple[str, str]:
        if value is None:
            self._fault(at, "is null, expected a text", "write the value in quotes")
            return str(at[-1]), ""
        return str(at[-1]), self._text(value, at)

    def _table(self, value: Any, at: Path) -> RoutedTable:
        found = self._message(
            value,
            at,
            {
                "type": self._text,
                "column_vindexes": self._list_of(self._column_vindex),
                "auto_increment": self._auto_increment,
                "columns": self._list_of(self._column),
                "pinned": self._text,
                "column_list_authoritative": self._truth,
                "source": self._text,
            },
        )
        return RoutedTable(name=str(at[-1]), **found)

    def _column_vindex(self, value: Any, at: Path) -> ColumnVindex:
        found = self._message(
            value,
            at,
            {"name": self._text, "column": self._text, "columns": self._list_of(self._text)},
        )
        alone = found.pop("column", "")
        if alone and found.get("columns"):
            self._fault(at, "has both column and columns", "keep columns, with every column in it")
        elif alone:
            found["columns"] = (alone,)
        return ColumnVindex(**found)

    def _auto_increment(self, value: Any, at: Path) -> AutoIncrement:
        return AutoIncrement(
            **self._message(value, at, {"column": self._text, "sequence": self._text})
        )

    def _column(self, value: Any, at: Path) -> ListedColumn:
        found = self._message(
            value,
            at,
            {
                "name": self._text,
                "type": self._word_of(NUMBER_OF_TYPE),
                "invisible": self._truth,
                "default": self._text,
                "collation_name": self._text,
                "size": self._whole,
                "scale": self._whole,
                "nullable": self._truth,
                "values": self._list_of(self._text),
            },
        )
        return ListedColumn(**found)

    def _multi_tenant_spec(self, value: Any, at: Path) -> MultiTenantSpec:
        found = self._message(
            value,
            at,
            {
                "tenant_id_column_name": self._text,
                "tenant_id_column_type": self._word_of(NUMBER_OF_TYPE),
            },
        )
        return MultiTenantSpec(**found)

    def _message(self, value: Any, at: Path, kinds: Mapping[str, _Kind]) -> dict[str, Any]:
        """The fields that are said, under their names in snake_case."""
        if not isinstance(value, dict):
            self._fault(at, f"is {brief(value)}, expected an object", "write it as {...}")
            return {}
        names = {spelling: name for name in kinds for spelling in (name, _camel(name))}
        found: dict[str, Any] = {}
        said: set[str] = set()
        for key, item in value.items():
            name = names.get(key)
            if name is None:
                self._unknown(key, at, kinds)
            elif name in said:
                self._fault((*at, key), f"says {name} a second time", "keep one spelling of it")
            elif item is not None:  # null is what is not said
                found[name] = kinds[name](item, (*at, key))
            if name is not None:
                said.add(name)
        return found

    def _unknown(self, key: str, at: Path, kinds: Mapping[str, _Kind]) -> None:
        meant = nearest(key, kinds)
        step = f"write {meant}, if that is meant" if meant else "take it out"
        self.faults.append(
            Fault(
                at=(*at, key),
                code="vschema-unknown-key",
                reason="is nothing that a VSchema has: Vitess would leave it out without a word",
                recovery=f"{step}; keys are those of Vitess 24: {', '.join(kinds)}",
            )
        )

    def _map_of(self, kind: _Kind) -> _Kind:
        def read(value: Any, at: Path) -> tuple[Any, ...]:
            if not isinstance(value, dict):
                self._fault(at, f"is {brief(value)}, expected an object", "write it as {...}")
                return ()
            for name in value:
                if not name.strip() or name != name.strip():
                    self._fault((*at, name), "is a blank name, or has blanks around it", "trim it")
            return tuple(kind(value[name], (*at, name)) for name in sorted(value))

        return read

    def _list_of(self, kind: _Kind) -> _Kind:
        def read(value: Any, at: Path) -> tuple[Any, ...]:
            if not isinstance(value, list):
                self._fault(at, f"is {brief(value)}, expected a list", "write it as [...]")
                return ()
            return tuple(kind(item, (*at, place)) for place, item in enumerate(value))

        return read

    def _text(self, value: Any, at: Path) -> str:
        if not isinstance(value, str):
            self._fault(at, f"is {brief(value)}, expected a text", "write it in quotes")
            return ""
        try:
            value.encode()
        except UnicodeEncodeError:
            self._fault(at, "holds half a character", "write the whole character")
            return ""
        return value

    def _truth(self, value: Any, at: Path) -> bool:
        if not isinstance(value, bool):
            self._fault(at, f"is {brief(value)}, expected true or false", "write true or false")
            return False
        return value

    def _whole(self, value: Any, at: Path) -> int:
        number = _whole_number(value)
        if number is None or abs(number) > _INT32_MAX:
            self._fault(at, f"is {brief(value)}, expected a whole number", "write a whole number")
            return 0
        return number

    def _word_of(self, words: Mapping[str, int]) -> _Kind:
        by_number = {number: word for word, number in words.items()}

        def read(value: Any, at: Path) -> str:
            if isinstance(value, str) and value in words:
                return value
            number = value if type(value) is int else None
            if number in by_number:
                return by_number[number]
            meant = nearest(value, words) if isinstance(value, str) else None
            recovery = f"write {meant}, if that is meant; " if meant else ""
            listed = ", ".join(words)
            self._fault(
                at, f"is {brief(value)}, which Vitess has not", f"{recovery}one of {listed}"
            )
            return next(iter(words))

        return read

    def _fault(self, at: Path, reason: str, recovery: str) -> None:
        fault = Fault(at=at, code="vschema-bad-value", reason=reason, recovery=recovery)
        self.faults.append(fault)


def snake_case(key: str) -> str:
    """The spelling of protobuf's files, of a key in either spelling."""
    return _CAPITAL.sub(lambda capital: f"_{capital[0].lower()}", key)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _whole_number(value: Any) -> int | None:
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if type(value) is int else None
