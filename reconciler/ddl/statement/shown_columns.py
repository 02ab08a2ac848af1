"""What `SELECT *` shows of a table, and what an ALTER TABLE makes of that.

Of definitions as servers print them, and of statements as `diff` writes them: names stand in
backquotes. It is for words about a plan alone; what is not understood is None, never guessed at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reconciler.ddl.lexer import Token, TokenKind
from reconciler.ddl.statement.parts import begins, closing, commas, split_statement

_BODY = 3  # CREATE TABLE name (, and ALTER TABLE name


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownColumn:
    """`type_name` is the first word of its type, in small letters. One that `SELECT *` leaves out
    is not `visible`, but others may stand behind it."""

    name: str
    type_name: str
    visible: bool = True


Columns = tuple[ShownColumn, ...]


def columns_of(definition: str) -> Columns | None:
    """Of a CREATE TABLE."""
    tokens = split_statement(definition).tokens
    end = closing(tokens, _BODY) if len(tokens) > _BODY else None
    if end is None or not begins(tokens, "CREATE", "TABLE"):
        return None
    items = _listed(tokens[_BODY + 1 : end])
    found = tuple(_column(item) for item in items or () if _name(item, 0) is not None)
    return found or None


def columns_after(columns: Columns, sql: str) -> Columns | None:
    """Behind an ALTER TABLE. Servers drop first, then go from clause to clause; what a clause
    changes goes by the name that it had before."""
    tokens = split_statement(sql).tokens
    items = _listed(tokens[_BODY:])
    if items is None or not begins(tokens, "ALTER", "TABLE"):
        return None
    dropped = {_name(item, 2) for item in items if begins(item, "DROP", "COLUMN")}
    table = _Table([_Kept(was=one.name, now=one) for one in columns if one.name not in dropped])
    return table.columns if all(map(table.take, items)) else None


@dataclass(slots=True)
class _Kept:
    was: str | None  # None: the statement adds it
    now: ShownColumn


@dataclass(slots=True)
class _Table:
    kept: list[_Kept]

    @property
    def columns(self) -> Columns:
        return tuple(one.now for one in self.kept)

    def take(self, item: Sequence[Token]) -> bool:
        """Whether the clause was understood, or is none about columns."""
        if begins(item, "ADD", "COLUMN"):
            self.kept.append(_Kept(was=None, now=_column(item[2:])))
            return self._place(self.kept[-1], item)
        if begins(item, "MODIFY", "COLUMN"):
            return self._change(item, _name(item, 2), _column(item[2:]))
        if begins(item, "CHANGE", "COLUMN"):
            return self._change(item, _name(item, 2), _column(item[3:]))
        if begins(item, "RENAME", "COLUMN"):
            found = self._was(_name(item, 2))
            name = _name(item, 4)
            if found is not None and name is not None:
                found.now = replace(found.now, name=name)
            return found is not None and name is not None
        if begins(item, "ALTER", "COLUMN") and item[-1].is_word("VISIBLE", "INVISIBLE"):
            found = self._was(_name(item, 2))
            if found is not None:
                found.now = replace(found.now, visible=item[-1].is_word("VISIBLE"))
            return found is not None
        return True

    def _change(self, item: Sequence[Token], name: str | None, now: ShownColumn) -> bool:
        found = self._was(name)
        if found is None:
            return False
        found.now = now
        return self._place(found, item)

    def _place(self, one: _Kept, item: Sequence[Token]) -> bool:
        """Where FIRST or AFTER says, if either does."""
        for at, token in enumerate(item):
            if token.is_word("FIRST"):
                self.kept.remove(one)
                self.kept.insert(0, one)
            elif token.is_word("AFTER"):
                self.kept.remove(one)
                names = [_folded(other.now.name) for other in self.kept]
                before = _folded(_name(item, at + 1) or "")
                if before not in names:
                    return False
                self.kept.insert(names.index(before) + 1, one)
        return True

    def _was(self, name: str | None) -> _Kept | None:
        folded = _folded(name or "")
        return next((one for one in self.kept if one.was and _folded(one.was) == folded), None)


def _listed(tokens: Sequence[Token]) -> list[Sequence[Token]] | None:
    """What stands between the commas outside of brackets."""
    found = commas(tokens, 0)
    if found is None:
        return None
    starts = [0, *(at + 1 for at in found)]
    return [tokens[start:end] for start, end in zip(starts, (*found, len(tokens)), strict=True)]


def _column(item: Sequence[Token]) -> ShownColumn:
    return ShownColumn(
        name=_name(item, 0) or "",
        type_name=item[1].text.lower() if len(item) > 1 else "",
        visible=not any(token.is_word("INVISIBLE") for token in _outside(item)),
    )


def _outside(item: Sequence[Token]) -> Iterator[Token]:
    """The tokens that no bracket is around."""
    depth = 0
    for token in item:
        depth += token.is_punctuation("(") - token.is_punctuation(")")
        if depth == 0:
            yield token


def _name(item: Sequence[Token], at: int) -> str | None:
    quoted = at < len(item) and item[at].kind is TokenKind.QUOTED_IDENTIFIER
    return item[at].value if quoted else None


def _folded(name: str) -> str:
    return name.lower()
