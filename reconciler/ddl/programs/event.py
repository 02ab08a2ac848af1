"""An event as a text: what a server prints of it, strictly read; and the statements that make one.

When it starts is the moment at which a server is given it, where nobody says so: that is another
one on each shard, and at each time, and no difference (decision 111). One that goes by itself when
it is over cannot be told from one that somebody dropped: it is never managed (PG-28).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from reconciler.ddl.fingerprint import value_fingerprint
from reconciler.ddl.programs.accounts import Account
from reconciler.ddl.programs.facts import (
    CARRIAGE_RETURN,
    NO_TEXT,
    OTHER_LANGUAGE,
    USUAL_ZONE,
    kept_of_session,
    may_hold_any_text,
    not_understood,
    read_facts,
    with_facts,
)
from reconciler.ddl.programs.names import outside_names_in_body
from reconciler.ddl.programs.secrets import holds_secret
from reconciler.ddl.programs.trigger import body_of_text, delimiters, is_one_statement
from reconciler.ddl.quote import quote_identifier, unquote_identifier
from reconciler.ddl.scan import NAME, STRING
from reconciler.errors import Refused
from reconciler.model.object_id import ObjectKind
from reconciler.model.programs import CreatedWith, Event, ManagedProgram, event_id
from reconciler.model.schema import OtherObject
from reconciler.model.server import Flavor

_MOMENT = r"'[^'\\]*'"
SCHEDULE = (
    rf"(?:AT (?P<at>{_MOMENT})|EVERY (?P<every>(?:-?\d+|{_MOMENT}) \w+)"
    rf"(?: STARTS (?P<starts>{_MOMENT}))?(?: ENDS (?P<ends>{_MOMENT}))?)"
)
_TAIL = (
    r"(?P<kept>ON COMPLETION )(?P<not>NOT )?PRESERVE"
    r" (?P<status>ENABLE|DISABLE(?: ON (?:SLAVE|REPLICA))?)"
    rf"(?: COMMENT (?P<comment>{STRING}))? DO (?P<body>.+)"
)
_SHOWN = re.compile(
    rf"CREATE EVENT (?P<name>{NAME}) ON SCHEDULE {SCHEDULE} (?P<stamped>/\* stamped \*/ )?"
    rf"(?P<over>/\* over \*/ )?{_TAIL}",
    re.DOTALL,
)
_STAMPED, _OVER = "/* stamped */ ", "/* over */ "


def read_event(text: str, name: str) -> Event:
    """The event `name`. Raises Refused for what is in no form that is understood."""
    facts = read_facts(text)
    shown = _SHOWN.fullmatch(facts.shown) if facts else None
    if facts is None or shown is None or unquote_identifier(shown["name"]) != name:
        raise _refused(name, "its server prints it in a form that is not understood")
    event = Event(
        name=name,
        at=shown["at"] or "",
        every=shown["every"] or "",
        starts=shown["starts"] or "",
        ends=shown["ends"] or "",
        preserve=shown["not"] is None,
        # On a replica, and in a copy of one, what is on is DISABLE ON REPLICA, or ON SLAVE.
        is_on=shown["status"] != "DISABLE",
        comment=shown["comment"] or "",
        definer=facts.definer,
        body=body_of_text(shown["body"]),
        created_with=facts.created_with,
        is_stamped=shown["stamped"] is not None,
        is_over=shown["over"] is not None,
    )
    _check(event)
    return event


def _check(event: Event) -> None:
    made, body = event.created_with, event.body
    if made.sql_mode is None or made.time_zone is None:
        raise _refused(event.name, "its server prints it in a form that is not understood")
    if goes_by_itself(event):
        raise _refused(event.name, "it goes by itself when it is over (ON COMPLETION NOT PRESERVE)")
    if modes := OTHER_LANGUAGE.intersection(made.sql_mode.split(",")):
        raise _refused(event.name, f"it was made under sql_mode {', '.join(sorted(modes))}")
    if NO_TEXT in body or NO_TEXT in event.comment:
        raise _refused(event.name, "the server prints bytes of it that are no text")
    if "\r" in f"{body}{event.comment}":
        raise _refused(event.name, CARRIAGE_RETURN)
    if not is_one_statement(body):
        raise _refused(event.name, "what it does is not one statement that is understood")
    if outside := outside_names_in_body(body):
        raise _refused(event.name, f"it uses {', '.join(outside)[:200]} of another database")
    if holds_secret(body) or holds_secret(event.comment):
        raise _refused(
            event.name, "a password may stand in it, which no report and no plan is to show"
        )
    if not may_hold_any_text(made, f"{body}{event.comment}"):
        client = made.character_set_client
        raise _refused(event.name, f"it was made by a client of {client} beyond ASCII")


def goes_by_itself(event: Event) -> bool:
    return not event.preserve and bool(event.at or event.ends)


def is_passing(other: OtherObject) -> bool:
    """Whether a live event is one that goes by itself: nobody's to manage, as a session is."""
    shown = _SHOWN.fullmatch(other.definition)
    if shown is None:
        return False
    return shown["not"] is not None and bool(shown["at"] or shown["ends"])


def is_passing_text(text: str) -> bool:
    """The same of the text that a session reads."""
    facts = read_facts(text)
    found = facts.shown if facts is not None else ""
    return is_passing(OtherObject(kind=ObjectKind.EVENT, name="", definition=found))


def as_observed(definition: str, *, is_stamped: bool, is_over: bool) -> str:
    """What a server shows of an event, with what else it knows: whether its start is the moment at
    which it was made or changed last, which the server may have filled in; and whether it is over,
    for some turn it off then, and others do not."""
    shown = _SHOWN.fullmatch(definition)
    if shown is None:
        return definition
    marks = f"{_STAMPED if is_stamped else ''}{_OVER if is_over else ''}"
    at = shown.start("kept")
    return f"{definition[:at]}{marks}{definition[at:]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidOfEvent:
    """What a file says of an event that a server may say otherwise: when it starts ('': nothing;
    None: it runs once, or what it says was not read), and whether it is on."""

    starts: str | None
    is_on: bool


def told_by_files(event: Event, said: SaidOfEvent | None) -> Event:
    """`said` None: there is no file of it. A start that nobody wrote is none, on every shard the
    same, unless it is the file's; and one that is over is on or off as its file says."""
    is_nobodys = event.is_stamped
    if said is not None and said.starts is not None:
        is_nobodys = not said.starts or (is_nobodys and event.starts != said.starts)
    is_on = (said is None or said.is_on) if event.is_over else event.is_on
    starts = "" if is_nobodys else event.starts
    return replace(event, starts=starts, is_on=is_on, is_stamped=False, is_over=False)


def said_of_events(programs: Iterable[ManagedProgram]) -> dict[str, SaidOfEvent]:
    """Of git's events, by folded name."""
    return {
        program.name.lower(): SaidOfEvent(
            starts=None if program.at else program.starts, is_on=program.is_on
        )
        for program in programs
        if isinstance(program, Event)
    }


def event_text(event: Event) -> str:
    """The other way round."""
    return with_facts(_shown(event), event.definer, event.created_with)


def event_as_shown(event: Event) -> OtherObject:
    return OtherObject(
        kind=ObjectKind.EVENT,
        name=event.name,
        definition=_shown(event),
        definer=event.definer,
        created_with=event.created_with,
    )


def event_fingerprint(event: Event) -> str:
    """Over the fields, not over the text."""
    return value_fingerprint("reconciler/event/v1", event)


def as_event_on_scratch(event: Event) -> Event:
    """Scratch has it off, and kept when it is over, in a zone that every server knows: whatever
    the time is, nothing of it ever runs there."""
    return replace(
        event,
        starts=event.starts or SOME_START if event.every else "",
        is_stamped=False,
        is_over=False,
        preserve=True,
        is_on=False,
        created_with=replace(event.created_with, time_zone=USUAL_ZONE),
    )


SOME_START = "'1971-01-01 00:00:00'"
"""On scratch, of an event whose start is left open: a start later than its end is refused."""


def scratch_event_sql(event: Event) -> tuple[str, ...]:
    """Over one that may be there, without an account."""
    name = quote_identifier(event.name)
    return (f"DROP EVENT IF EXISTS {name}", f"CREATE {_tail(as_event_on_scratch(event))}")


def create_event_sql(event: Event, definer: Account) -> str:
    return f"CREATE DEFINER={definer.sql} {_tail(event)}"


def alter_event_sql(before: Event, after: Event, definer: Account, flavor: Flavor) -> str:
    """All of it but what stays. The schedule: said again, a start that is left open would move.
    That it is on: said again, one that is off as on a replica would run from then on."""
    if flavor is Flavor.MARIADB and before.ends and after.every and not after.ends:
        # Its ALTER EVENT keeps an end that is not said again (10.11, 11.8).
        return f"CREATE OR REPLACE DEFINER={definer.sql} {_tail(after)}"
    stays = before.schedule == after.schedule
    schedule = "" if stays else f" {_schedule(after)}"
    status = "" if stays and before.is_on and after.is_on else _status(after)
    name = quote_identifier(after.name)
    rest = _rest(after, status=status, clears=True)
    return f"ALTER DEFINER={definer.sql} EVENT {name}{schedule}{rest}"


def drop_event_sql(name: str) -> str:
    return f"DROP EVENT {quote_identifier(name)}"


def event_file_text(event: Event, usual: CreatedWith | None) -> str:
    """With DELIMITER lines, so that people's clients take it as well."""
    made = kept_of_session(event.created_with)
    said = "" if usual is not None and made == kept_of_session(usual) else made
    annotation = f"-- reconciler: created with {said}\n" if said else ""
    head = f"EVENT {quote_identifier(event.name)}\n  {_schedule(event)}\n"
    completion = "  ON COMPLETION PRESERVE\n" if event.preserve else ""
    status = "" if event.is_on else "  DISABLE\n"
    comment = f"  COMMENT {event.comment}\n" if event.comment else ""
    sql = f"CREATE {head}{completion}{status}{comment}DO {event.body}"
    if ";" not in event.body:
        return f"{annotation}{sql};\n"
    mark = next(mark for mark in delimiters() if mark not in sql)
    return f"{annotation}DELIMITER {mark}\n{sql}{mark}\nDELIMITER ;\n"


def schedule_words(event: Event) -> str:
    """For people, in the words of SQL."""
    words = _schedule(event).removeprefix("ON SCHEDULE ")
    zone = event.created_with.time_zone
    return words if zone in (None, USUAL_ZONE) else f"{words} ({zone})"


def _shown(event: Event) -> str:
    return f"CREATE {_tail(event)}"


def _tail(event: Event) -> str:
    rest = _rest(event, status=_status(event), clears=False)
    return f"EVENT {quote_identifier(event.name)} {_schedule(event)}{rest}"


def _schedule(event: Event) -> str:
    if event.at:
        return f"ON SCHEDULE AT {event.at}"
    starts = f" STARTS {event.starts}" if event.starts else ""
    ends = f" ENDS {event.ends}" if event.ends else ""
    return f"ON SCHEDULE EVERY {event.every}{starts}{ends}"


def _status(event: Event) -> str:
    return " ENABLE" if event.is_on else " DISABLE"


def _rest(event: Event, *, status: str, clears: bool) -> str:
    kept = "PRESERVE" if event.preserve else "NOT PRESERVE"
    comment = event.comment or ("''" if clears else "")
    said = f" COMMENT {comment}" if comment else ""
    return f" ON COMPLETION {kept}{status}{said} DO {event.body}"


def _refused(name: str, why: str) -> Refused:
    return not_understood("event-not-understood", event_id(name).titled, why)
