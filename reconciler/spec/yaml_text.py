"""YAML text -> plain values that remember where they stand in the file.

PyYAML's own composer forgets duplicate keys, and its C composer overflows the stack on deeply
nested input; therefore this reads the parser's events, with a bound on depth and, because of
aliases, on size. Plain scalars are read by YAML 1.2's core rules (only true and false are booleans,
010 is ten), which is what editors show. Text is trimmed here, before anything looks at it (PL-9).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from reconciler.errors import InvalidInput, Location, Problem
from reconciler.limits import FILE_PROBLEMS_MAX
from reconciler.model.file_problems import first_problems
from reconciler.spec.limits import YAML_DEPTH_MAX, YAML_NODES_MAX
from reconciler.spec.secrets import Path, shown_key

Value = str | int | float | bool | None | list["Value"] | dict[str, "Value"]

# Leading and trailing blanks may be part of a password, and of nothing else in a spec.
_UNTRIMMED = frozenset({"password"})
_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,3})?")
_UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_PLAIN_TAGS = frozenset({None, "!", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"})
_TEXT_TAGS = frozenset({"!", "tag:yaml.org,2002:str"})


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a key or value starts; `plain` is the source text of an unquoted scalar, `path` the
    file that it stands in, where that is not the document's own."""

    line: int
    column: int
    plain: str | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file's value, and the mark of each key and value in it by path. `deployments` are the
    environments that stand in place of one that lists them, in its order; `lists` the texts of the
    files that list shards, by path; `faults` is what was wrong with a list."""

    path: str
    value: Value
    values: dict[Path, Mark]
    keys: dict[Path, Mark]
    deployments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lists: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[Problem, ...] = ()

    def where(self, at: Path) -> Location:
        """Of a value, or of the closest thing around it."""
        return self._location(self.values, at)

    def where_key(self, at: Path) -> Location:
        return self._location(self.keys, at)

    def plain(self, at: Path) -> str | None:
        mark = self.values.get(at)
        return mark.plain if mark else None

    def _location(self, marks: dict[Path, Mark], at: Path) -> Location:
        while at and at not in marks:
            marks, at = self.values, at[:-1]
        mark = marks.get(at, Mark(1, 1))
        return Location(path=mark.path or self.path, line=mark.line, column=mark.column)


def read_yaml(text: str, path: str) -> Document:
    """Raise InvalidInput with every duplicate key, or with the first break of the syntax."""
    bad = _UNPRINTABLE.search(text)
    if bad is not None:
        raise InvalidInput(_unprintable(text, bad.start(), path))
    composer = _Composer(path)
    try:
        root = composer.compose(text)
    except yaml.MarkedYAMLError as error:
        raise InvalidInput(_syntax(error, text, path)) from error
    expansion = _Expansion(path)
    value = expansion.expand(root, ())
    if expansion.problems:
        raise InvalidInput(*first_problems(expansion.problems, path))
    return Document(path=path, value=value, values=expansion.values, keys=expansion.keys)


@dataclass(frozen=True, slots=True)
class _Scalar:
    mark: Mark
    text: str
    size: int = 1
    depth: int = 1


@dataclass(frozen=True, slots=True)
class _Sequence:
    """`size` and `depth` are those of the value with every alias in it written out."""

    mark: Mark
    items: tuple[_Node, ...]
    size: int
    depth: int


@dataclass(frozen=True, slots=True)
class _Mapping:
    mark: Mark
    pairs: tuple[tuple[_Scalar, _Node], ...]
    size: int
    depth: int


_Node = _Scalar | _Sequence | _Mapping


@dataclass(slots=True)
class _Composer:
    """Events -> nodes; an alias is the very node its anchor named."""

    path: str
    anchors: dict[str, _Node] = field(default_factory=dict)
    made: int = 0

    def compose(self, text: str) -> _Node:
        # PyYAML's loaders are untyped in places; the C one is six times faster where it is built.
        loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        events = iter(yaml.parse(text, Loader=loader))
        next(events)  # the stream's start
        if isinstance(next(events), yaml.StreamEndEvent):
            raise InvalidInput(_empty(self.path))
        root = self._node(events, next(events), 0)
        next(events)  # the document's end
        following = next(events)
        if not isinstance(following, yaml.StreamEndEvent):
            raise InvalidInput(_second_document(self.path, _mark(following)))
        return root

    def _node(self, events: Iterator[yaml.Event], event: yaml.Event, depth: int) -> _Node:
        mark = _mark(event)
        if depth > YAML_DEPTH_MAX:
            raise InvalidInput(_too_deep(self.path, mark))
        self.made += 1
        if self.made > 2 * YAML_NODES_MAX:  # keys and values, before any of them is kept
            raise InvalidInput(_too_large(self.path, mark))
        if isinstance(event, yaml.AliasEvent):
            assert event.anchor is not None
            if event.anchor not in self.anchors:
                raise InvalidInput(_unknown_alias(self.path, mark))
            return self.anchors[event.anchor]
        if isinstance(event, yaml.ScalarEvent):
            node: _Node = self._scalar(event, mark)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._check_tag(event.tag, mark)
            items = []
            while not isinstance(item := next(events), yaml.SequenceEndEvent):
                items.append(self._node(events, item, depth + 1))
            node = _Sequence(mark, tuple(items), *self._bounds(mark, items))
        else:
            assert isinstance(event, yaml.MappingStartEvent)
            self._check_tag(event.tag, mark)
            pairs = []
            while not isinstance(item := next(events), yaml.MappingEndEvent):
                key = self._node(events, item, depth + 1)
                if not isinstance(key, _Scalar):
                    raise InvalidInput(_key_not_text(self.path, key.mark))
                pairs.append((key, self._node(events, next(events), depth + 1)))
            node = _Mapping(mark, tuple(pairs), *self._bounds(mark, [node for _, node in pairs]))
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def _bounds(self, mark: Mark, parts: Sequence[_Node]) -> tuple[int, int]:
        size = 1 + sum(part.size for part in parts)
        depth = 1 + max((part.depth for part in parts), default=0)
        if depth > YAML_DEPTH_MAX:
            raise InvalidInput(_too_deep(self.path, mark))
        if size > YAML_NODES_MAX:
            raise InvalidInput(_too_large(self.path, mark))
        return size, depth

    def _scalar(self, event: yaml.ScalarEvent, mark: Mark) -> _Scalar:
        if event.tag in _TEXT_TAGS:
            return _Scalar(Mark(mark.line, mark.column), event.value)
        self._check_tag(event.tag, mark)
        plain = event.value if event.implicit[0] else None
        return _Scalar(Mark(mark.line, mark.column, plain), event.value)

    def _check_tag(self, tag: str | None, mark: Mark) -> None:
        if tag not in _PLAIN_TAGS:
            raise InvalidInput(_foreign_tag(self.path, mark))


@dataclass(slots=True)
class _Expansion:
    """Nodes -> values, every alias written out."""

    path: str
    values: dict[Path, Mark] = field(default_factory=dict)
    keys: dict[Path, Mark] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def expand(self, node: _Node, at: Path) -> Value:
        self.values[at] = node.mark
        match node:
            case _Scalar():
                return _scalar_value(node, trimmed=not at or at[-1] not in _UNTRIMMED)
            case _Sequence(items=items):
                return [self.expand(item, (*at, i)) for i, item in enumerate(items)]
            case _Mapping(pairs=pairs):
                return self._mapping(pairs, at)

    def _mapping(self, pairs: tuple[tuple[_Scalar, _Node], ...], at: Path) -> dict[str, Value]:
        own: dict[str, Mark] = {}
        chosen: dict[str, tuple[_Scalar, _Node]] = {}
        for key, node in pairs:
            if key.mark.plain == "<<":
                for merged_key, merged in self._merged(node):
                    chosen.setdefault(merged_key.text.strip(), (merged_key, merged))
                continue
            name = key.text.strip()
            if name in own:
                shown = shown_key(at, name)
                self._add(_duplicate_key(self.path, key.mark, shown, own[name]))
            own[name] = key.mark
            chosen[name] = (key, node)  # a mapping's own keys win over merged ones
        result: dict[str, Value] = {}
        for name, (key, node) in chosen.items():
            self.keys[(*at, name)] = key.mark
            result[name] = self.expand(node, (*at, name))
        return result

    def _add(self, problem: Problem) -> None:
        self.problems.append(problem)
        if len(self.problems) > FILE_PROBLEMS_MAX:
            raise InvalidInput(*first_problems(self.problems, self.path))

    def _merged(self, node: _Node) -> Iterator[tuple[_Scalar, _Node]]:
        sources = node.items if isinstance(node, _Sequence) else (node,)
        for source in sources:
            if not isinstance(source, _Mapping):
                raise InvalidInput(_bad_merge(self.path, source.mark))
            for key, value in source.pairs:
                if key.mark.plain == "<<":
                    yield from self._merged(value)
                else:
                    yield key, value


def _scalar_value(node: _Scalar, *, trimmed: bool) -> Value:
    plain = node.mark.plain
    if plain is None:
        return node.text.strip() if trimmed else node.text
    if _NULL.fullmatch(plain):
        return None
    if _BOOL.fullmatch(plain):
        return plain.lower() == "true"
    if _INT.fullmatch(plain):
        return int(plain)
    if _FLOAT.fullmatch(plain):
        number = float(plain)
        return int(number) if number.is_integer() else number  # as JSON Schema counts: 4.0 is 4
    return plain.strip() if trimmed else plain


def _mark(event: yaml.Event) -> Mark:
    assert event.start_mark is not None
    return Mark(event.start_mark.line + 1, event.start_mark.column + 1)


def _at(path: str, mark: Mark) -> Location:
    return Location(path=path, line=mark.line, column=mark.column)


def _problem(path: str, mark: Mark, message: str, recovery: str) -> Problem:
    return Problem(code="yaml-syntax", message=message, recovery=recovery, where=_at(path, mark))


def _syntax(error: yaml.MarkedYAMLError, text: str, path: str) -> Problem:
    where = error.problem_mark or error.context_mark
    mark = Mark(where.line + 1, where.column + 1) if where else Mark(1, 1)
    lines = text.splitlines()
    line = lines[mark.line - 1] if mark.line <= len(lines) else ""
    if line[: mark.column].strip(" ") == "\t":
        return _problem(
            path, mark, "a tab is used for indentation", "indent with blanks; YAML allows no tab"
        )
    words = ", ".join(part for part in (error.context, error.problem) if part)
    return _problem(path, mark, f"not valid YAML: {words}", "fix the syntax at this place")


def _unprintable(text: str, offset: int, path: str) -> Problem:
    line = text.count("\n", 0, offset) + 1
    mark = Mark(line, offset - text.rfind("\n", 0, offset))
    message = f"character U+{ord(text[offset]):04X} is not allowed in a YAML file"
    return _problem(path, mark, message, "remove the character")


def _empty(path: str) -> Problem:
    return _problem(path, Mark(1, 1), "the file is empty", "write a spec, or delete the file")


def _second_document(path: str, mark: Mark) -> Problem:
    recovery = "keep one document: one file, one keyspace"
    return _problem(path, mark, "the file holds a second YAML document", recovery)


def _unknown_alias(path: str, mark: Mark) -> Problem:
    """Without its name: a password may begin with a star (PL-12)."""
    recovery = "put quotes around a text that begins with *, or define the anchor above this place"
    return _problem(path, mark, "an alias (*) names no finished anchor", recovery)


def _key_not_text(path: str, mark: Mark) -> Problem:
    recovery = "write a name as key"
    return _problem(path, mark, "a list or a mapping is used as a key", recovery)


def _foreign_tag(path: str, mark: Mark) -> Problem:
    """Without its name: a password may begin with an exclamation mark (PL-12)."""
    recovery = "put quotes around a text that begins with !, or remove the tag"
    return _problem(path, mark, "a tag (!) is not allowed in a spec", recovery)


def _bad_merge(path: str, mark: Mark) -> Problem:
    recovery = "merge a mapping: `<<: *name`"
    return _problem(path, mark, "`<<` merges something that is not a mapping", recovery)


def _duplicate_key(path: str, mark: Mark, shown: str, first: Mark) -> Problem:
    return Problem(
        code="yaml-duplicate-key",
        message=f"key {shown} is given twice; the first is on line {first.line}",
        recovery="keep one of the two",
        where=_at(path, mark),
    )


def _too_deep(path: str, mark: Mark) -> Problem:
    return Problem(
        code="yaml-too-large",
        message=f"lists and mappings are nested more than {YAML_DEPTH_MAX} deep",
        recovery="flatten the file; a spec needs seven levels",
        where=_at(path, mark),
    )


def _too_large(path: str, mark: Mark) -> Problem:
    return Problem(
        code="yaml-too-large",
        message=f"with its aliases written out the file has more than {YAML_NODES_MAX} values",
        recovery="use fewer aliases of aliases",
        where=_at(path, mark),
    )
