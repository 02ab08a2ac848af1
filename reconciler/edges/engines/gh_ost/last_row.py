"""The moment in which gh-ost has copied the last row: heard of at once, and held for a while.

gh-ost looks whether its swap is postponed once, and from then on each second. Before it looks for
the first time it runs a program, `gh-ost-on-before-cut-over`, and waits for its end; it goes on to
follow what is written (1.1.10). Ours says over a pipe that it was reached, and waits for one word.

Rule (EN-51): without that word gh-ost postpones its swap as ever, also where whoever holds the
other end of the pipe has died. With it, the file that postpones goes for one try, and is back
before a second one can begin: gh-ost waits a second in between. The program is only there in the
first minutes of a copy: later a second is little, and a program that cannot be run costs the copy.
"""

from __future__ import annotations

import os
import shlex
import time
from contextlib import suppress
from pathlib import Path

from reconciler.edges.engines.gh_ost.command import HOOKS, POSTPONE
from reconciler.edges.engines.limits import (
    GH_OST_HELD_S_MAX,
    GH_OST_HOOK_AGE_S_MAX,
    GH_OST_POSTPONES_AGAIN_S,
)

_HOOK = "gh-ost-on-before-cut-over"
_REACHED = "reached"
_WORD = "word"
_SWAP = "swap"
_WAIT = "wait"
_WORD_BYTES_MAX = 16

_PROGRAM = """#!/bin/sh
echo 1<> {reached}
read -r word < {word}
if [ "$word" = {swap} ]; then
  rm -f {postpone}
  (sleep {again_s}; : > {postpone}) > /dev/null 2>&1 &
fi
exit 0
"""


class LastRow:
    """Of one run, in its work folder. Not for two threads at once."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError."""
        self._folder = folder
        self._hook = folder / HOOKS / _HOOK
        self._begun_s = time.monotonic()
        self._held_since_s: float | None = None
        self._let_go_at_s: float | None = None
        self._swaps = False
        self._hook.parent.mkdir(mode=0o700)
        self._reached, self._word = _pipe(folder / _REACHED), _pipe(folder / _WORD)
        self._write_hook()

    @property
    def news(self) -> int:
        """What can be read once it is held; below 0 when it was closed."""
        return self._reached

    @property
    def is_held(self) -> bool:
        """All rows are copied, and gh-ost waits for a word."""
        if self._let_go_at_s is not None:
            return False
        if self._held_since_s is None and self._reached >= 0:
            with suppress(BlockingIOError):
                os.read(self._reached, _WORD_BYTES_MAX)
                self._held_since_s = time.monotonic()
        return self._held_since_s is not None

    @property
    def was_reached(self) -> bool:
        return self._held_since_s is not None

    def swap(self) -> None:
        """Its first try goes."""
        self._say(_SWAP)
        self._swaps = True

    def keep(self) -> None:
        """What has to be done in time, however often it is called."""
        now_s = time.monotonic()
        if self._held_since_s is None and now_s - self._begun_s > GH_OST_HOOK_AGE_S_MAX:
            self._hook.unlink(missing_ok=True)
        if self.is_held and now_s - (self._held_since_s or now_s) > GH_OST_HELD_S_MAX:
            self._say(_WAIT)  # while it is held it does not see that it has failed
        let_go_s = now_s - self._let_go_at_s if self._let_go_at_s is not None else 0.0
        if self._swaps and let_go_s >= GH_OST_POSTPONES_AGAIN_S:
            self._swaps = False  # once: its folder may be going, and must not be kept by a new file
            with suppress(OSError):  # it has ended, and its folder has gone
                (self._folder / POSTPONE).touch()

    def close(self) -> None:
        pipes, self._reached, self._word = (self._reached, self._word), -1, -1
        for pipe in pipes:
            if pipe >= 0:
                os.close(pipe)

    def _say(self, word: str) -> None:
        self._let_go_at_s = time.monotonic()
        if self._word >= 0:
            os.write(self._word, f"{word}\n".encode())

    def _write_hook(self) -> None:
        folder = self._folder
        program = _PROGRAM.format(
            reached=shlex.quote(str(folder / _REACHED)),
            word=shlex.quote(str(folder / _WORD)),
            postpone=shlex.quote(str(folder / POSTPONE)),
            swap=_SWAP,
            again_s=GH_OST_POSTPONES_AGAIN_S,
        )
        self._hook.touch(mode=0o700)
        self._hook.write_text(program, encoding="utf-8")
        if not os.access(self._hook, os.X_OK):  # nothing may be run from there
            self._hook.unlink()


def _pipe(path: Path) -> int:
    """Open at both ends: neither side waits for the other to open it, and what gh-ost's reads is at
    its end once this process has gone. Raises OSError."""
    os.mkfifo(path, mode=0o600)
    return os.open(path, os.O_RDWR | os.O_NONBLOCK)
