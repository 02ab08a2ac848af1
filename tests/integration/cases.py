"""The convergence cases: one small text file each, run both ways on every server it is for.

flavor: mysql mariadb            the servers (default: both)
since: mariadb 11.7              not on older servers of that flavor; several with commas
expect: refusal <words>          the way there is refused, with these words in the reason
expect back: refusal <words>     the same for the way back
note: <words>                    the way there has a note with these words
policy: column_order=ignore      fields of the policy, separated by blanks
foreign_key_checks: off          while both ends are made
other words: there back          the ways that may end in a text other than the wanted one, equal
                                 in meaning; every other way ends in it byte for byte
hazards: ...                     read by the tests of hazards
# remarks stand in lines of their own
--- from                         statements that make one end, each ended by a semicolon
--- to                           and those of the other
--- renames                      <table>: column old to new (also: table, index), one a line
--- rows                         statements that fill the one end
--- rows back                    and those that fill the other
--- sent                         the exact statements of the way there, where they matter
--- sent back
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.model.policy import AutoIncrement, ColumnOrder, PartitionLists, Policy
from reconciler.model.renames import Rename, RenameKind
from reconciler.model.server import Flavor, ServerVersion
from tests.integration.convergence import End
from tests.sections import CASES
from tests.subjects import Subject

FOLDER = CASES / "convergence"

_HEADERS = frozenset(
    {
        "flavor",
        "since",
        "expect",
        "expect back",
        "note",
        "policy",
        "foreign_key_checks",
        "other words",
        "hazards",
    }
)
_SECTIONS = frozenset({"from", "to", "renames", "rows", "rows back", "sent", "sent back"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """The release of one flavor that brought what a case needs."""

    flavor: Flavor
    major: int
    minor: int

    def includes(self, version: ServerVersion) -> bool:
        return version.at_least(self.major, self.minor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    name: str
    flavors: frozenset[Flavor]
    since: tuple[Since, ...]
    before: End
    after: End
    renames: tuple[Rename, ...]
    policy: Policy
    refusal: str | None
    refusal_back: str | None
    note: str | None
    other_words: frozenset[str]
    sent: tuple[str, ...] | None
    sent_back: tuple[str, ...] | None

    def is_for(self, subject: Subject) -> bool:
        """A server that is not at hand is of any version: its tests say that it is missing."""
        version = subject.version
        return subject.flavor in self.flavors and not any(
            since.flavor is subject.flavor and version is not None and not since.includes(version)
            for since in self.since
        )


def all_cases() -> Iterator[Case]:
    for path in sorted(FOLDER.glob("*/*.case")):
        yield read_case(str(path.relative_to(FOLDER)).removesuffix(".case"), path.read_text())


def read_case(name: str, text: str) -> Case:
    headers: dict[str, str] = {}
    sections: dict[str, list[str]] = {}
    lines: list[str] | None = None
    for line in text.splitlines():
        if line.startswith("--- "):
            lines = sections.setdefault(line.removeprefix("--- ").strip(), [])
        elif lines is not None:
            lines.append(line)
        elif line.strip() and not line.startswith("#"):
            key, _, value = line.partition(":")
            headers[key.strip()] = value.strip()
    unknown = (headers.keys() - _HEADERS) | (sections.keys() - _SECTIONS)
    assert not unknown, f"{name}: {sorted(unknown)} is no part of a case"
    assert {"from", "to"} <= sections.keys(), f"{name}: needs `--- from` and `--- to`"
    first = ("SET foreign_key_checks = 0",) if headers.get("foreign_key_checks") == "off" else ()
    return Case(
        name=name,
        flavors=frozenset(map(Flavor, headers.get("flavor", "mysql mariadb").split())),
        since=tuple(_since(text) for text in headers.get("since", "").split(",") if text),
        before=End(
            statements=(*first, *_statements(sections["from"])),
            rows=_statements(sections.get("rows", [])),
        ),
        after=End(
            statements=(*first, *_statements(sections["to"])),
            rows=_statements(sections.get("rows back", [])),
        ),
        renames=tuple(_rename(line) for line in sections.get("renames", []) if line.strip()),
        policy=_policy(headers.get("policy", "")),
        refusal=_refusal(headers.get("expect")),
        refusal_back=_refusal(headers.get("expect back")),
        other_words=frozenset(headers.get("other words", "").split()),
        note=headers.get("note"),
        sent=_statements(sections["sent"]) if "sent" in sections else None,
        sent_back=_statements(sections["sent back"]) if "sent back" in sections else None,
    )


def _since(text: str) -> Since:
    """`mariadb 11.7`."""
    flavor, number = text.split()
    major, minor = map(int, number.split("."))
    return Since(flavor=Flavor(flavor), major=major, minor=minor)


def _statements(lines: list[str]) -> tuple[str, ...]:
    """A statement ends where a line ends in a semicolon."""
    statements, open_lines = [], list[str]()
    for line in lines:
        if not line.strip() or line.startswith("# "):
            continue
        open_lines.append(line)
        if line.rstrip().endswith(";"):
            statements.append("\n".join(open_lines).rstrip().removesuffix(";"))
            open_lines = []
    assert not open_lines, f"no semicolon ends: {open_lines}"
    return tuple(statements)


def _rename(line: str) -> Rename:
    """`orders: column a to b`."""
    table, _, rest = line.partition(":")
    kind, old, to, new = rest.split()
    assert to == "to", line
    return Rename(kind=RenameKind(kind), table=table.strip(), old=old, new=new)


def _policy(text: str) -> Policy:
    fields = dict(item.split("=") for item in text.split())
    ignored = fields.get("ignore_tables")
    return Policy(
        ignore_tables=tuple(ignored.split(",")) if ignored else (),
        partition_lists=PartitionLists(fields.get("partition_lists", "git")),
        column_order=ColumnOrder(fields.get("column_order", "exact")),
        auto_increment=AutoIncrement(fields.get("auto_increment", "ignore")),
    )


def _refusal(text: str | None) -> str | None:
    if text is None:
        return None
    assert text.startswith("refusal "), f"only refusals are expected, not {text!r}"
    return text.removeprefix("refusal ")
