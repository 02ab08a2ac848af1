"""Lines of a terminal that change where they stand. The library for it is loaded where somebody
looks, and by no process that runs for months and has no terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

_SHOWN_HZ = 4


@contextmanager
def changing(
    stream: TextIO, lines: Callable[[int], Iterable[Text]]
) -> Iterator[Callable[[str], None]]:
    """For as long as the block lasts, `lines` of a terminal as wide as they are asked for; what is
    said meanwhile, in the colours of a terminal, scrolls above them."""
    console = Console(file=stream, highlight=False, markup=False)

    def shown() -> Group:
        return Group(*lines(console.width))

    def say(text: str) -> None:
        console.print(Text.from_ansi(text), soft_wrap=True)

    with Live(get_renderable=shown, console=console, refresh_per_second=_SHOWN_HZ, transient=True):
        yield say


def quiet(lines: Iterable[str]) -> Iterator[Text]:
    """Each on one line, cut off where the terminal ends."""
    return (Text(line, no_wrap=True, overflow="ellipsis") for line in lines)
