"""Pieces of a line, as raw as they came: what each is, not how it looks."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.errors import Location


@dataclass(frozen=True, slots=True)
class Text:
    """Words, ours or anybody's."""

    text: str


@dataclass(frozen=True, slots=True)
class Name:
    """Something that has this name: a shard, a table, a file, a code, a fingerprint."""

    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """Something to type: never broken over lines."""

    text: str


@dataclass(frozen=True, slots=True)
class Strong:
    """Words that the eye should find."""

    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """Somewhere else to read."""

    url: str


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time; `now_s` is when somebody looks: who reads at once is told how long ago it
    was, where that matters."""

    at_s: float
    now_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A place in a file of the repository; `url` leads there, '' where nobody knows."""

    where: Location
    url: str = ""


Span = Text | Name | Command | Strong | Link | Moment
Line = tuple[Span, ...]


def sentence(text: str) -> Line:
    """A sentence in which nothing is set apart; no span at all for no text."""
    return (Text(text),) if text else ()


def with_commands(text: str) -> Line:
    """Our own words, in which commands stand between backticks: the odd pieces are commands. With
    a name in it that holds a backtick itself, nothing is taken for a command."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        return sentence(text)
    spans = (Command(piece) if odd % 2 else Text(piece) for odd, piece in enumerate(pieces))
    return tuple(span for span in spans if span.text)
