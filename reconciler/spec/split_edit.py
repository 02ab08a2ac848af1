"""A spec's text with one shard replaced by others, as a person would write it.

Only the lines of that shard are touched, so that comments and order stay. What the text says
afterwards is read again: an edit that changes anything else, or that the reader refuses, is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reconciler.errors import ReconcilerError
from reconciler.spec.model import Environment, SpecFile
from reconciler.spec.read import read_spec, spec_document, spec_from_document
from reconciler.spec.secrets import Path
from reconciler.spec.yaml_text import Document, read_yaml

#: In place of a host that nobody knows yet; no resolver finds such a name (RFC 2606).
_NEW_HOST = "new-server-{number}.invalid"


# What a proposal shows of the spec: names of shards and places for new servers. Addresses and
# logins of those that are there are no part of any report (PL-12).
_SHOWN = re.compile(
    r"""\ *(retiring:\ *|shards:\ *)?(-\ +)?(name:\ +)?\[?(["'0-9a-f,\ ]*-["'0-9a-f,\ -]*)?\]?
    |\ *connection:\ \{host:\ new-server-[0-9]+\.invalid\}""",
    re.VERBOSE,
)
_COMMENT = re.compile(r" +#.*")


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitEdit:
    """The whole `text` afterwards, and the lines that change, as a difference that people read: a
    line with more than names of shards, which only moves, is `...` there."""

    text: str
    shown: tuple[str, ...]


def split_edit(
    text: str, path: str, environment: str, shard: str, targets: Sequence[str]
) -> SplitEdit | None:
    """The sound spec `text` with `targets` in place of `shard`, which goes to `retiring`; None
    where the list is written in a way that only a person can edit, such as for deployments."""
    if spec_document(text, path).deployments:
        return None
    document, lines = read_yaml(text, path), text.split("\n")
    changes = _changes(document, lines, environment, shard, targets)
    if changes is None:
        return None
    edited = _changed(lines, changes)
    try:
        after = read_spec(edited, path)
    except ReconcilerError:
        return None
    if not _is_the_split(spec_from_document(document), after, environment, shard, targets):
        return None
    return SplitEdit(text=edited, shown=tuple(_shown(path, changes)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """At a line, counted from 0: these go, those come."""

    at: int
    gone: tuple[str, ...] = ()
    come: tuple[str, ...] = ()


def _changed(lines: Sequence[str], changes: Sequence[_Change]) -> str:
    edited = list(lines)
    for change in reversed(changes):
        edited[change.at : change.at + len(change.gone)] = change.come
    return "\n".join(edited)


def _shown(path: str, changes: Sequence[_Change]) -> Iterator[str]:
    yield f"--- a/{path}"
    yield f"+++ b/{path}"
    moved_by = 0
    for change in changes:
        gone, come = len(change.gone), len(change.come)
        before, after = change.at + (gone > 0), change.at + moved_by + (come > 0)
        yield f"@@ -{before},{gone} +{after},{come} @@"
        yield from (f"-{_without_address(line)}" for line in change.gone)
        yield from (f"+{_without_address(line)}" for line in change.come)
        moved_by += come - gone


def _without_address(line: str) -> str:
    written = _COMMENT.sub("", line)
    blanks = written[: len(written) - len(written.lstrip())]
    return written if _SHOWN.fullmatch(written) else f"{blanks}..."


def _is_the_split(
    before: SpecFile, after: SpecFile, environment: str, shard: str, targets: Sequence[str]
) -> bool:
    """The shard, and nothing else, was replaced."""
    own, changed = before.environment(environment), after.environment(environment)
    if own is None or changed is None:
        return False
    kept = [one for one in own.shards if one.name != shard]
    left = [one for one in changed.shards if one.name not in targets]
    added = {one.name for one in changed.shards} - {one.name for one in kept}
    return (
        kept == left
        and added == set(targets)
        and [one.name for one in changed.retiring] == [shard]
        and _but_shards(own) == _but_shards(changed)
        and replace(before, environments=()) == replace(after, environments=())
        and [one for one in before.environments if one != own]
        == [one for one in after.environments if one != changed]
    )


def _but_shards(environment: Environment) -> Environment:
    return replace(environment, shards=(), retiring=())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A shard's entry: its lines, counted from 0, up to the first behind it; `last` is the same of
    the whole list, and `indent` the columns before its key."""

    begin: int
    end: int
    last: int
    indent: int


def _changes(
    document: Document, lines: Sequence[str], environment: str, shard: str, targets: Sequence[str]
) -> tuple[_Change, ...] | None:
    at: Path = ("environments", environment, "shards")
    key, written = document.keys.get(at), _list_at(document, at)
    if key is None or written is None:
        return None
    found = [i for i, one in enumerate(written) if shard in (one, _name(one))]
    if len(found) != 1:
        return None
    [i] = found
    mark = document.values[*at, i]
    line = lines[mark.line - 1]
    if re.fullmatch(r" *- +", line[: mark.column - 1]):
        place = _block_place(document, lines, at, i, count=len(written), indent=key.column - 1)
        return _in_block(lines, place, targets)
    if isinstance(written[i], str) and mark.line == key.line and line.rstrip().endswith("]"):
        return _in_line(lines, mark.line - 1, mark.column - 1, shard, targets, key.column - 1)
    return None


def _list_at(document: Document, at: Path) -> list[object] | None:
    value: object = document.value
    for part in at:
        if not isinstance(value, dict) or part not in value:
            return None
        value = value[part]
    return value if isinstance(value, list) else None


def _name(entry: object) -> object:
    return entry.get("name") if isinstance(entry, dict) else None


def _block_place(
    document: Document, lines: Sequence[str], at: Path, i: int, *, count: int, indent: int
) -> _Place:
    begin = document.values[*at, i].line - 1
    dash = len(lines[begin]) - len(lines[begin].lstrip())
    last_entry = document.values[*at, count - 1].line - 1
    return _Place(
        begin=begin,
        end=_behind(lines, begin, dash),
        last=_behind(lines, last_entry, dash),
        indent=indent,
    )


def _behind(lines: Sequence[str], begin: int, dash: int) -> int:
    """The first line that is no part of the entry any more."""
    end = begin + 1
    while end < len(lines) and len(lines[end]) - len(lines[end].lstrip()) > dash:
        end += 1
    return end


def _in_block(lines: Sequence[str], place: _Place, targets: Sequence[str]) -> tuple[_Change, ...]:
    own = tuple(lines[place.begin : place.end])
    blanks = own[0][: own[0].index("-")]
    is_bare = len(own) == 1 and "{" not in own[0] and "name:" not in own[0]
    entries = tuple(_bare(blanks, targets) if is_bare else _with_hosts(blanks, targets))
    retiring = (f"{' ' * place.indent}retiring:", *own)
    return (
        _Change(at=place.begin, gone=own, come=entries),
        _Change(at=place.last, come=retiring),
    )


def _bare(blanks: str, targets: Sequence[str]) -> Iterator[str]:
    for target in targets:
        yield f'{blanks}- "{target}"'


def _with_hosts(blanks: str, targets: Sequence[str]) -> Iterator[str]:
    """Where the others have a server each, so have the new ones, and a person says which."""
    for number, target in enumerate(targets, start=1):
        yield f'{blanks}- name: "{target}"'
        yield f"{blanks}  connection: {{host: {_NEW_HOST.format(number=number)}}}"


def _in_line(
    lines: Sequence[str], at: int, column: int, shard: str, targets: Sequence[str], indent: int
) -> tuple[_Change, ...] | None:
    line = lines[at]
    spellings = (f'"{shard}"', f"'{shard}'", shard)
    written = next((one for one in spellings if line[column:].startswith(one)), None)
    if written is None:
        return None
    named = ", ".join(f'"{target}"' for target in targets)
    replaced = line[:column] + named + line[column + len(written) :]
    retiring = f'{" " * indent}retiring: ["{shard}"]'
    return (_Change(at=at, gone=(line,), come=(replaced, retiring)),)
