"""What reports are made of: frozen values that say what something is to its reader.

Strings in them are raw, whoever wrote them; writers make them harmless (RP-6). What a limit may
take away carries its `Cut` (RP-7).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from reconciler.model.object_id import ObjectKind
from reconciler.report.spans import Line, Source

# --- what all blocks share ---


class Mark(StrEnum):
    """How something stands, for a sign or a colour."""

    GOOD = "good"
    CAUTION = "caution"
    BAD = "bad"
    WAITING = "waiting"  # stands still until somebody or something comes
    UNDERWAY = "underway"
    QUIET = "quiet"  # nothing to say about it


class Detail(IntEnum):
    """How much of a detail a block is: where there is no room, the greatest go first."""

    KEPT = 0
    REASON = 1
    STATEMENT = 2
    OVERVIEW = 3
    PROOF = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """`instead` takes the place of what was cut, once in each report."""

    detail: Detail = Detail.KEPT
    instead: Line = ()


KEPT = Cut()


# --- blocks ---


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What the blocks after it are about."""

    text: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """`title` names what it is about; `sign` is a mark before it. `is_alert`: nobody must miss
    it."""

    text: Line
    title: str = ""
    sign: str = ""
    is_alert: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A list without an order that means anything."""

    items: tuple[Line, ...]
    title: str = ""
    cut: Cut = KEPT


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """Lines to be copied, exactly as they are; `lead` says where to."""

    title: str
    lead: Line
    lines: tuple[str, ...]
    language: str
    cut: Cut = KEPT


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """`brief` is what it comes to where all facts share a line: () nothing, None the label and the
    text. `basis` is what the fact rests on."""

    label: str
    text: Line
    brief: Line | None = None
    basis: Line = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is to be known beside a verdict."""

    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Both sides of what should be equal; None: not known, or not there."""

    expected: str | None
    observed: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Something that is wrong, with its code and the next step. `place` is what the message does
    not name itself; `defined` the line of a file that it is about; the first line of `message` is
    the sentence, further ones are what somebody else said. `together` is the next step of several
    reasons where the report has it in one piece: a terminal, which is read whole, tells that."""

    message: Line
    code: str
    recovery: Line = ()
    together: Line = ()
    place: Line = ()
    quoted: tuple[str, ...] = ()
    difference: Difference | None = None
    defined: Source | None = None


class ReasonKind(StrEnum):
    REFUSED = "refused"  # numbered: they can be ticked off
    UNSEEN = "unseen"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasons:
    """All reasons of a kind. `title` is for where they could be taken for a part of something
    else; right below a verdict they need none. `urgent`: where a report is read from its end, as
    in a terminal, they come last, so that they are still to be seen."""

    kind: ReasonKind
    reasons: tuple[Reason, ...]
    title: str = ""
    cut: Cut = KEPT
    urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Danger:
    """A hazard of a statement. `allowed` is the reason somebody gave; None: nobody did, which is
    wrong where it `needs_permission`."""

    kind: str
    table: str
    object: str | None  # None: the table itself
    reason: str
    needs_permission: bool
    allowed: str | None
    defined: Source | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement, exactly. `felt`: those who use the table notice it. `remarks` are what else
    its reader must know, `hidden` the code points in it that cannot be seen."""

    number: str
    table: str
    rows: str
    sql: str
    class_name: str
    effect: str
    felt: bool
    remarks: tuple[str, ...]
    hidden: tuple[str, ...]
    dangers: tuple[Danger, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """What the shards of one change set run, in order; `states` is how far they are, where they
    run it or have run it: who typed that command knows the statements."""

    title: Line
    statements: tuple[Statement, ...]
    cut: Cut
    dangers_cut: Cut
    states: Line = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """One, or several next to each other that stand alike; `state` is empty while nothing has
    begun."""

    number: str
    shards: Line
    state: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waves:
    waves: tuple[Wave, ...]
    cut: Cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of the whole keyspace, which changes its VSchema."""

    sign: str
    mark: Mark
    text: str
    problem: Reason | None = None


@dataclass(frozen=True, slots=True)
class Steps:
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One table of one shard: how it stands, the statement on its way, what went wrong."""

    table: str
    sign: str
    text: str
    runs: str = ""
    problem: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """One shard of an apply, or all that stand alike; `sign`, `mark` and `state` sum its operations
    up."""

    shards: Line
    waves: str
    sign: str
    mark: Mark
    state: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shards:
    """The shards to show; `counted` sums all of them up where these are not all, and `more` is how
    many further groups would have been shown."""

    shards: tuple[Shard, ...]
    counted: str
    more: int
    cut: Cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """How a table differs from git; `repair` are the statements that would bring it back."""

    table: str
    text: str
    repair: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Shards that stand alike, or the VSchema: a word, its sign, what it means, and more about
    these. `difference` is of the VSchema."""

    word: str
    sign: str
    mark: Mark
    meaning: str
    shards: Line
    reason: str = ""
    recovery: Line = ()
    divergences: tuple[Divergence, ...] = ()
    difference: Difference | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """`cut` is of the overview, the others of what stands below it."""

    groups: tuple[Group, ...]
    cut: Cut
    divergences_cut: Cut
    repair_cut: Cut


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCompared:
    """Tables and triggers that are on live and not git's, each by its kind and name, with where it
    is, and maybe whose it is."""

    word: str
    sign: str
    mark: Mark
    meaning: str
    tables: tuple[tuple[ObjectKind, str, Line], ...]
    cut: Cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at."""

    word: str
    mark: Mark
    subject: str
    text: str
    recovery: Line = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    checks: tuple[Check, ...]
    cut: Cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    at_s: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What happened, in order."""

    events: tuple[Event, ...]
    cut: Cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What became of files: a verb and a path each; `rest` counts those of which nothing did."""

    changed: tuple[tuple[str, str], ...]
    rest: str = ""
    cut: Cut = KEPT


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """`more` names what further rows would be, where there are too many to show."""

    header: tuple[str, ...]
    rows: tuple[tuple[Line, ...], ...]
    more: str


PageBlock = Paragraph | Items | Table


@dataclass(frozen=True, slots=True, kw_only=True)
class OnPage:
    """What a page shows and a terminal leaves out: because it says again in short what follows, or
    because it explains what whoever typed a command knows."""

    block: PageBlock
    cut: Cut = KEPT


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Details that a page shows to whom asks for them; a terminal, which cannot fold, leaves them
    out."""

    title: str
    blocks: tuple[PageBlock, ...]
    cut: Cut


Block = (
    Heading
    | Paragraph
    | Items
    | Copy
    | Facts
    | Reasons
    | Statements
    | Waves
    | Steps
    | Shards
    | Groups
    | NotCompared
    | Checks
    | History
    | Files
    | OnPage
    | Fold
)
