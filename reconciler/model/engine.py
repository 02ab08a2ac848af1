"""What is known of an engine's work on one statement: who does it, how to find it again, how far it
has come. These are what the ledger keeps; what an engine answers is in `ports/engine.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class EngineName(StrEnum):
    """Words that are stored; a stored word never changes."""

    DIRECT = "direct"  # the server's own DDL
    GH_OST = "gh-ost"  # copies rows, follows the binary log
    SPIRIT = "spirit"  # copies rows, follows the binary log, compares checksums
    PT_OSC = "pt-osc"  # pt-online-schema-change: copies rows, follows by triggers
    VITESS = "vitess"  # Vitess' Online DDL: copies rows, follows the binary log


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineTraits:
    """What an engine can do beside carrying out a statement."""

    copies: bool
    """Rows into a table of its own, which is swapped in at the end; it awaits being told to."""

    resumes: bool = False
    """A copy whose process died, from where it was."""

    slows_down: bool = False
    """When told to, while it copies."""

    checks_rows: bool = False
    """Compares the rows of the copy with those of the table by itself."""

    goes_on_alone: bool = False
    """Needs no process and no session of ours: also where nobody can look."""


TRAITS: Mapping[EngineName, EngineTraits] = {
    EngineName.DIRECT: EngineTraits(copies=False),
    # Its --resume and --revert miss rows that were written before they listen (1.1.10).
    EngineName.GH_OST: EngineTraits(copies=True, slows_down=True),
    EngineName.SPIRIT: EngineTraits(copies=True, resumes=True, slows_down=True, checks_rows=True),
    EngineName.PT_OSC: EngineTraits(copies=True, slows_down=True),
    # A tablet that died goes on by itself; what was cancelled is begun again.
    EngineName.VITESS: EngineTraits(copies=True, slows_down=True, goes_on_alone=True),
}


#: Where a handle's own words say when the table was created, and what Spirit calls that.
TABLE_CREATED_S, SPIRIT_TABLE_MADE_S = "created_s", "table_made_s"
_UNIX_S = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Handle:
    """By what an engine finds its work again, also from another process, another day.

    Only the engine that made it reads it: to everybody else `content` is opaque, but for `helpers`
    and by which time those are known to be its own.
    It holds no host, login or password (PL-12).
    """

    engine: EngineName
    #: Raised when the engine writes other content; an engine answers `Gone` to one it cannot read.
    version: int
    #: A JSON object of the engine's own; `helpers` are the names of what it makes, the copy's
    #: first.
    content: str

    @property
    def fields(self) -> Mapping[str, object]:
        """What `content` holds; nothing for a handle that somebody damaged."""
        try:
            content = json.loads(self.content)
        except (ValueError, RecursionError):
            return {}
        return content if isinstance(content, dict) else {}

    @property
    def helpers(self) -> tuple[str, ...]:
        """The names that it takes for what it makes beside the table, first that of the copy; () if
        it makes nothing, and for a handle that somebody damaged."""
        names = self.fields.get("helpers")
        return tuple(n for n in names if isinstance(n, str)) if isinstance(names, list) else ()

    @property
    def since_s(self) -> int | None:
        """When there was nothing of these names yet, by the server's clock; None: it does not say,
        or somebody damaged it."""
        found = self.fields.get("since_s")
        return found if isinstance(found, int) and not isinstance(found, bool) else None

    @property
    def table_created_s(self) -> int | None:
        """When the table was created that the engine changes, which that keeps under another name;
        None as above."""
        own = self.fields.get("own")
        words = own if isinstance(own, dict) else {}
        found = words.get(TABLE_CREATED_S, words.get(SPIRIT_TABLE_MADE_S))
        return int(found) if isinstance(found, str) and _UNIX_S.fullmatch(found) else None

    @property
    def copy(self) -> str:
        """The name of the copy, '' where it cannot be known beforehand."""
        return next(iter(self.helpers), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a statement has come, as far as the engine can tell: what it cannot is None or ''.
    Never a guess that looks like a measurement."""

    #: What the engine calls what it does, such as "copy to tmp table".
    stage: str = ""
    #: How much is done, as the engine counts it, from 0 to 99: only the end itself is all of it.
    percent: int | None = None
    rows_done: int | None = None
    #: Estimated, and may grow.
    rows_total: int | None = None
    bytes_done: int | None = None
    #: Of the table when the statement was sent, where the engine counts no bytes itself.
    bytes_total: int | None = None
    #: Estimated from the pace so far, in seconds.
    left_s: int | None = None
    #: Such as "the table's lock"; '' while it works.
    waits_for: str = ""
    #: What made the engine slow down, in its words: "lag of a replica"; '' while nothing does.
    throttled_by: str = ""


NOTHING_TOLD = Progress()
