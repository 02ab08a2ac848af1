"""The copy becomes the table, and what is left is taken away: over the session with the claim."""

from __future__ import annotations

from reconciler.edges.engines.ownership import Record, in_the_way
from reconciler.edges.engines.pt_osc.run import failed
from reconciler.edges.engines.pt_osc.site import Site
from reconciler.edges.engines.pt_osc.tables import (
    Standing,
    children_of,
    drop_triggers,
    end_run,
    finish,
    guards,
    swap,
    take_away,
)
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.limits import KILLED_ANSWER_S_MAX
from reconciler.edges.mysql.problems import LOCK_WAIT_TIMEOUT, LinkLost, ServerRefusal
from reconciler.edges.mysql.session_settings import set_session
from reconciler.model.engine import Progress
from reconciler.plan.engines.pt_osc import OLD_IS_REFERRED_TO
from reconciler.ports.engine import (
    Answer,
    Applied,
    EngineWork,
    Failed,
    Gone,
    ReadyToCutOver,
    Unknown,
)

AT_WORK = "an earlier run of pt-online-schema-change is still at work on the table"


def swap_in(site: Site, link: Link, record: Record, work: EngineWork) -> Answer:
    """Raises ServerRefusal or LinkLost before anything was changed."""
    standing = site.look_at(link, record.table, record)
    if not standing.keeps_up or standing.foreign(record, site.server_sha256):
        return Gone()
    if work.keeps_old and children_of(link, site.flavor, record.table):
        return failed(OLD_IS_REFERRED_TO)
    try:
        link.execute(set_session(site.settings(work)))
        _guard(site, link, standing)
        return _swapped(site, link, record, work)
    except ServerRefusal as refusal:
        if refusal.error.number == LOCK_WAIT_TIMEOUT:
            return ReadyToCutOver(progress=Progress(waits_for="the table's lock"))
        return Failed(error=refusal.error, transient=False)
    except LinkLost as lost:
        return Unknown(reason=lost.reason)


def _guard(site: Site, link: Link, standing: Standing) -> None:
    """What an earlier try has left may be of other keys."""
    names = standing.names
    drop_triggers(link, [name for name in names.guards if standing.has(name)])
    if children := children_of(link, site.flavor, names.table):
        for statement in guards(site.shard.database, names, children):
            link.execute(statement)


def _swapped(site: Site, link: Link, record: Record, work: EngineWork) -> Answer:
    link.send(swap(site.names(record.table)))
    if not link.answer_begins_within(work.lock_wait_s + KILLED_ANSWER_S_MAX):
        link.close()
        return Unknown(reason="the server gave no answer to the swap in time")
    link.take_answer()
    try:
        standing = site.look_at(link, record.table, record)
        finish(link, site.flavor, standing, keeps_old=work.keeps_old)
    except (ServerRefusal, LinkLost):
        pass  # the swap has taken effect; `discard` takes up what is left
    return Applied()


def clear_earlier(site: Site, link: Link, record: Record, work: EngineWork) -> Failed | None:
    """What an earlier run has left, its program first. Raises ServerRefusal or LinkLost."""
    standing = site.look_at(link, record.table, record)
    if found := standing.foreign(record, site.server_sha256):
        return in_the_way(found)
    if not standing.has_table:
        return failed(f"table {record.table} is not there")
    if (earlier := record.own.get("earlier_run")) is not None:
        end_run(link, site.locks(record.table, earlier))
    if standing.helpers:
        link.execute(set_session(site.settings(work)))
        take_away(link, standing)
    return None


def discard(site: Site, link: Link, record: Record, work: EngineWork) -> Failed | None:
    """Raises ServerRefusal or LinkLost."""
    standing = site.look_at(link, record.table, record)
    if found := standing.foreign(record, site.server_sha256):
        return in_the_way(found)
    if standing.at_work is not None:
        return failed(AT_WORK, transient=True)
    if not standing.has_table:
        return failed(f"table {record.table} is not there, so its copy is not dropped")
    link.execute(set_session(site.settings(work)))
    if standing.is_swapped:
        finish(link, site.flavor, standing, keeps_old=work.keeps_old)
    elif standing.has(standing.names.old):
        return in_the_way([standing.names.old])
    else:
        take_away(link, standing)
    return None
