"""A site is pages that lead to each other and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.errors import Problem
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.split import SplitStatus
from reconciler.report.page.site import INDEX, KeyspaceSeen, site_files
from reconciler.report.render import status_report
from reconciler.reshard.phases import Phase
from tests.golden.scenarios import PAST
from tests.sample_pages import NOW_S, past, wide_drift, wide_status
from tests.sample_splits import at
from tests.unit.report.page.test_page import HTML, elements, parsed, said

BROKEN = KeyspaceFailed(
    environment="production",
    keyspace="specs/../<b>.yaml",
    problems=(Problem(code="spec-invalid", message="it is no spec", recovery="mend it"),),
    exit_code=1,
)
SEEN = (
    KeyspaceSeen(
        environment="production",
        keyspace="commerce",
        status=wide_status(32),
        history=replace(past(*PAST), is_history=True),
        drift=wide_drift(32),
    ),
    KeyspaceSeen(environment="production", keyspace="index", status=past()),
    KeyspaceSeen(environment="production", keyspace=BROKEN.keyspace, failed=(BROKEN,)),
)


def files() -> dict[str, str]:
    return site_files(SEEN, environment="production", now_s=NOW_S, tool_version="1")


@pytest.mark.invariant("RP-21")
def test_every_link_leads_to_a_page_of_the_site() -> None:
    found = files()
    assert len(found) == len(SEEN) + 1
    for text in found.values():
        for _, attributes in elements(parsed(text)):
            target = attributes.get("href", "#")
            assert target.startswith("#") or target in found


@pytest.mark.invariant("RP-20")
def test_no_name_leads_out_of_the_folder() -> None:
    assert all(name.replace("-", "").replace(".html", "").isalnum() for name in files())


@pytest.mark.invariant("RP-24")
def test_tables_of_the_first_page_have_a_name() -> None:
    assert '<table class="rows" aria-label="Keyspaces and how they stand">' in files()[INDEX]


def test_the_first_page_says_how_each_keyspace_stands() -> None:
    shown = " ".join(said(files()[INDEX]).split())
    assert "Drift: 2 of 32 shards drifted, 1 unreachable" in shown
    assert "Status: running, 15 of 32 shards completed" in shown
    assert "History: 2 applies" in shown
    assert "Status: production: the ledger knows no apply" in shown
    assert "Not seen:" in shown


def test_a_split_that_ended_is_in_the_history_though_no_apply_is() -> None:
    history = replace(past(), is_history=True, splits=(SplitStatus(job=at(Phase.BACKFILL)),))
    seen = KeyspaceSeen(environment="production", keyspace="shop", status=past(), history=history)
    pages = site_files([seen], environment="production", now_s=NOW_S, tool_version="1")
    shown = said(pages["keyspace-shop-in-production.html"])
    assert "split 7" in shown
    assert "split 7" in said(status_report(history, HTML))


def test_a_split_and_an_apply_of_one_keyspace_are_no_two_keyspaces() -> None:
    both = replace(wide_status(32), splits=(SplitStatus(job=at(Phase.BACKFILL)),))
    assert "Status of commerce in production" in said(status_report(both, HTML))


def test_a_keyspaces_page_has_all_that_was_seen_of_it() -> None:
    shown = said(files()["keyspace-commerce-in-production.html"])
    for part in ("Shards in key order", "Shards by waves", "Timeline", "How it ended"):
        assert part in shown
