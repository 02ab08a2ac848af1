"""Questions about rows as values, and the three answers that a shard gives to each.

Rule (PF-1): "holds" is said of a whole range that was seen, or of what the definitions alone show;
whatever kept a question from being answered is "not settled", with its reason (PF-2). No answer has
a value of a row (PF-5), but for the place of a walk, which is told to nobody.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class QuestionKind(StrEnum):
    """What is asked of rows. The words stand in JSON and never change."""

    DUPLICATES = "duplicates"
    NULLS = "nulls"
    NUMBERS = "numbers"
    LENGTH = "length"
    CHARACTERS = "characters"
    CONVERSION = "conversion"
    TIMES = "times"
    MEMBERS = "members"
    CHECK = "check"
    PARENTS = "parents"
    PARTITIONS = "partitions"
    ZERO_DATES = "zero-dates"
    COMPUTED = "computed"
    GEOMETRY = "geometry"
    PERIOD = "period"
    FILLED = "filled"
    NUMBERED = "numbered"


class Effect(StrEnum):
    """What becomes of the statement, or of the rows, where there are such rows."""

    FAILS = "fails"  # the statement
    LOSES = "loses"  # it goes through, and these rows get other values, or go
    STAYS = "stays"  # it goes through, and the rows stay as they are although they break a rule


class OnWarning(StrEnum):
    """What it means that the server warns while it looks at a row."""

    NOTHING = "nothing"
    OPEN = "open"  # the statement may take for an error what is a warning to a SELECT


@dataclass(frozen=True, slots=True)
class OtherTable:
    """`database` None: the shard's."""

    name: str
    database: str | None = None


@dataclass(frozen=True, slots=True)
class RowCondition:
    """SQL over one row: true for a row that refutes. NULL is no refutation. `counts`: it counts the
    rows of the table, so that a stretch of them takes as long to be asked as all. `other` is a
    table that it reads besides."""

    sql: str
    on_warning: OnWarning = OnWarning.NOTHING
    counts: bool = False
    other: OtherTable | None = None


@dataclass(frozen=True, slots=True)
class KeyPart:
    """One part of a key, as SQL over a row of the table as it is. `column` is the column whose own
    order tells the part's equality; None where it is compared otherwise than the column is."""

    sql: str
    column: str | None = None


@dataclass(frozen=True, slots=True)
class EqualRows:
    """Two rows that are equal in all parts refute, unless a part is NULL in them."""

    parts: tuple[KeyPart, ...]


@dataclass(frozen=True, slots=True)
class KnownToHold:
    """The definitions show it: no row is read."""

    because: str


@dataclass(frozen=True, slots=True)
class NotAskable:
    """No query is known that a server could answer before the statement."""

    because: str


Question = RowCondition | EqualRows | KnownToHold | NotAskable


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """A question that a statement raises: about which column, index or constraint, as it will be
    called; `what` are the rows that refute, in words such as "rows with NULL"."""

    kind: QuestionKind
    object: str
    effect: Effect
    what: str
    question: Question


class Versions(StrEnum):
    """MariaDB: which rows of a system-versioned table a question is about."""

    CURRENT = "current"
    ALL = "all"  # a statement that writes rows again writes the earlier ones, too


class PlaceForm(StrEnum):
    """How a value of a walked column is written down, so that it comes back exactly."""

    NUMBER = "number"
    TIME = "time"
    BYTES = "bytes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """An index that a table can be walked along, a stretch at a time, by its first columns. `forms`
    are of its columns; () where a place on the way is not kept."""

    index: str
    columns: tuple[str, ...]
    forms: tuple[PlaceForm, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How far a walk along `index` has seen that nothing refutes: everything up to `values`, since
    `begun_s`. `rows_of` is about how many rows there are. The values are told to nobody."""

    begun_s: float
    seen_s: float
    rows_seen: int
    rows_of: int
    index: str
    values: tuple[str, ...] = field(repr=False)
    behind_s: int | None = None

    @property
    def percent(self) -> int:
        return min(99, 100 * self.rows_seen // max(self.rows_of, self.rows_seen + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A question as it is put to shards. `table` is called so now; `statement` is the place of the
    statement in the shard's change set, which raises it. `walk` None: only all rows at once."""

    table: str
    statement: int
    raised: Raised
    walk: Walk | None = None
    versions: Versions = Versions.CURRENT

    @property
    def question(self) -> Question:
        return self.raised.question


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds:
    """`rows_seen` None: none had to be counted. `because` '' where rows were looked at. `behind_s`
    is how far the replica was behind that answered, None: no replica did."""

    at_s: float
    rows_seen: int | None = None
    because: str = ""
    behind_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Violated:
    """At least so many rows refute it; `behind_s` as above."""

    at_s: float
    rows_min: int
    behind_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSettled:
    """`place`: from where the next who asks may go on. `passes`: to ask again later is enough, and
    nobody has to see to anything."""

    at_s: float
    because: str
    place: Place | None = None
    passes: bool = False


Answer = Holds | Violated | NotSettled
