"""A step through the tokens of a statement: what stands here, and what was taken."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.ddl.definition.file import DefinitionFile
from reconciler.ddl.lexer import Token, TokenKind
from reconciler.ddl.outline.model import Place
from reconciler.ddl.statement.parts import closing, commas


@dataclass(slots=True)
class Cursor:
    """Reads `tokens` from `at` on. What is not understood is passed over, never guessed at."""

    tokens: tuple[Token, ...]
    at: int = 0

    @property
    def here(self) -> Token | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def behind(self, steps: int = 1) -> Token | None:
        at = self.at + steps
        return self.tokens[at] if at < len(self.tokens) else None

    def skip(self) -> Token | None:
        token = self.here
        self.at += 1
        return token

    def take_words(self, *words: str) -> bool:
        """Whether these keywords stand here, one after the other; they are taken if they do."""
        stand = [self.behind(step) for step in range(len(words))]
        if not all(token and token.is_word(word) for token, word in zip(stand, words, strict=True)):
            return False
        self.at += len(words)
        return True

    def take_word_of(self, *words: str) -> str | None:
        """The one of these keywords that stands here, in capitals."""
        if self.here is not None and self.here.is_word(*words):
            return self.tokens[self.take()].text.upper()
        return None

    def take(self) -> int:
        self.at += 1
        return self.at - 1

    def take_punctuation(self, text: str) -> bool:
        if self.here is None or not self.here.is_punctuation(text):
            return False
        self.at += 1
        return True

    def take_name(self) -> str | None:
        """A name, in backquotes or bare; the caller knows that no keyword can stand here."""
        token = self.here
        if token is None or token.kind not in (TokenKind.WORD, TokenKind.QUOTED_IDENTIFIER):
            return None
        self.at += 1
        return token.value

    def take_value(self) -> str:
        """What stands behind `=` or in its place: a word, a name, a string's characters, a list in
        brackets. Empty at the end."""
        self.take_punctuation("=")
        if self.here is not None and self.here.is_punctuation("("):
            return " ".join(token.text for token in self.take_brackets())
        token = self.skip()
        return token.value if token else ""

    def take_brackets(self) -> tuple[Token, ...]:
        """The tokens inside the brackets that open here; empty if none do."""
        if self.here is None or not self.here.is_punctuation("("):
            return ()
        end = closing(self.tokens, self.at)
        inside = self.tokens[self.at + 1 : end]
        self.at = len(self.tokens) if end is None else end + 1
        return inside


def listed(tokens: tuple[Token, ...]) -> tuple[tuple[Token, ...], ...]:
    """The items between the commas that stand outside of all brackets."""
    items, start = [], 0
    for comma in (*(commas(tokens, 0) or ()), len(tokens)):
        items.append(tokens[start:comma])
        start = comma + 1
    return tuple(item for item in items if item)


def place_of(tokens: tuple[Token, ...], file: DefinitionFile) -> Place:
    """From the first token of the file's statement to the end of the last."""
    first, last = tokens[0], tokens[-1]
    return Place(
        line=first.line + file.first_line - 1,
        column=first.column,
        start=file.offset + first.offset,
        end=file.offset + last.offset + len(last.text),
    )
