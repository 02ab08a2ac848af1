"""A page is one file that loads nothing, runs nothing and says what the report says."""

from __future__ import annotations

import re
import typing
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from itertools import pairwise
from typing import get_args
from xml.etree.ElementTree import Element

import html5lib
import pytest

from reconciler.report import blocks
from reconciler.report.compose.plan import plan_document
from reconciler.report.document import Report
from reconciler.report.page.model import (
    Page,
    Section,
)
from reconciler.report.page.write import write_page
from reconciler.report.render import (
    Format,
    Presentation,
    drift_report,
    plan_report,
    status_report,
)
from reconciler.report.write.plain import plain
from tests.golden import samples
from tests.golden.scenarios import PAST
from tests.golden.write import FILES, SCENARIOS
from tests.sample_pages import NOW_S, past, plan_outcome, wide_drift, wide_plan, wide_status
from tests.unit.report.test_writers import filled

HTML = Presentation(format=Format.HTML, files=FILES, tool_version="1.0.0", now_s=NOW_S)

HOSTILE = (
    '<script>alert(1)</script>"onmouseover=\'x\' style="color:red" ]]>--><!--'
    "</title></style></svg>\u202egnp.exe\u2066\x1b[31m\r\n{{ 7 * 7 }}{% raw %}&lt;"
)
BENIGN = "e" * len(HOSTILE)

# What an element may have here: nothing that runs, nothing that loads.
ATTRIBUTES = {
    "href", "id", "class", "role", "title", "scope", "rowspan", "datetime", "lang", "charset",
    "content", "name", "http-equiv", "open", "width", "height", "x", "y", "rx", "d", "viewBox",
    "preserveAspectRatio", "focusable", "marker-end", "refX", "refY", "markerWidth",
    "markerHeight", "orient", "aria-label", "aria-labelledby", "aria-hidden",
}  # fmt: skip


def parsed(text: str) -> Element:
    """By an HTML5 parser, which forgives nothing here."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    return typing.cast(Element, parser.parse(text))


def elements(root: Element) -> Iterator[tuple[str, dict[str, str]]]:
    for element in root.iter():
        if isinstance(element.tag, str):
            names = {re.sub(r"^\{.*\}", "", name): value for name, value in element.attrib.items()}
            yield re.sub(r"^\{.*\}", "", element.tag), names


def unnamed_tables(found: list[tuple[str, dict[str, str]]]) -> list[dict[str, str]]:
    """Who does not see a page goes through its tables by name."""
    return [named for tag, named in found if tag == "table" and not named.get("aria-label")]


@pytest.mark.invariant("RP-21")
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_report_is_a_sound_page_that_loads_nothing(scenario: typing.Any) -> None:
    root = parsed(scenario.report(HTML))
    found = list(elements(root))
    assert {"script", "iframe", "img", "link", "object", "form", "base"} & dict(
        found
    ).keys() == set()
    for _, attributes in found:
        assert attributes.keys() <= ATTRIBUTES
        assert attributes.get("href", "#").startswith(("#", "https://", "http://"))
    assert unnamed_tables(found) == []
    ids = [attributes["id"] for _, attributes in found if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in found:
        target = attributes.get("href", "")
        assert not target.startswith("#") or target[1:] in ids


@pytest.mark.invariant("RP-21")
def test_the_policy_lets_nothing_in_but_the_pages_own_style() -> None:
    text = plan_report([plan_outcome(samples.DIVERGENT)], HTML)
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert f'content="{policy}"' in text
    assert text.index("Content-Security-Policy") < text.index("<style>")
    assert not re.search(r"url\((?!#)|@import|style=", text)


@pytest.mark.invariant("RP-20")
@pytest.mark.parametrize("kind", get_args(blocks.Block), ids=lambda kind: kind.__name__)
def test_every_block_has_its_form_and_no_text_leaves_it(kind: type) -> None:
    assert_harmless(
        *(
            Section(report=Report(title=None, blocks=(filled(kind, text),)))
            for text in (HOSTILE, BENIGN)
        )
    )


@pytest.mark.invariant("RP-20")
def test_nothing_that_a_section_shows_gets_out_of_it() -> None:
    """Every picture, every title, every next step."""
    assert_harmless(*(hostile_section(text) for text in (HOSTILE, BENIGN)))


def test_the_past_of_several_deployments_says_of_which_each_apply_is() -> None:
    applies = [replace(PAST[0], environment=f"production.{name}") for name in ("dr", "primary")]
    shown = said(status_report(replace(past(*applies), is_history=True), HTML))
    assert "commerce in production.dr" in " ".join(shown.split())
    assert "commerce in production.primary" in " ".join(shown.split())


@pytest.mark.invariant("RP-24")
def test_every_table_has_a_name_for_who_does_not_see_it() -> None:
    """Also those of pages that no message has: the past, and many keyspaces."""
    history = status_report(replace(past(*PAST), is_history=True), HTML)
    section = hostile_section(BENIGN)
    every = Page(title="Plan", as_of_s=NOW_S, tool_version="1", sections=(section, section))
    for text in (history, write_page(every), status_report(wide_status(256), HTML)):
        found = list(elements(parsed(text)))
        assert sum(tag == "table" for tag, _ in found) > 0
        assert unnamed_tables(found) == []


def hostile_section(text: str) -> Section:
    section: Section = filled(Section, text)
    return section


def assert_harmless(hostile: Section, benign: Section) -> None:
    texts = [
        write_page(Page(title="Plan", as_of_s=NOW_S, tool_version="1", sections=(one,)))
        for one in (hostile, benign)
    ]
    shapes = [[(tag, sorted(names)) for tag, names in elements(parsed(text))] for text in texts]
    assert shapes[0] == shapes[1]
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e\u2066]", texts[0])
    assert "49" not in re.sub(r"sha256-\S+|<style>.*?</style>", "", texts[0], flags=re.DOTALL)


@pytest.mark.invariant("RP-22")
def test_the_same_outcome_gives_the_same_bytes() -> None:
    pages = {plan_report([plan_outcome(samples.DIVERGENT)], HTML) for _ in range(3)}
    assert len(pages) == 1


@pytest.mark.invariant("RP-23")
def test_the_page_says_what_the_report_says() -> None:
    outcome = plan_outcome(samples.DIVERGENT)
    (report,) = plan_document([outcome], FILES).reports
    shown = said(plan_report([outcome], HTML))
    assert report.title is not None
    assert plain(report.title.verdict) in shown
    assert report.plan_id in shown
    for block in report.blocks:
        if isinstance(block, blocks.Statements):
            for statement in block.statements:
                assert statement.sql in shown
                assert all(danger.reason in shown for danger in statement.dangers)


def said(text: str) -> str:
    body = parsed(text).find("body")
    assert body is not None
    return "".join(body.itertext())


@pytest.mark.invariant("RP-24")
def test_a_picture_is_read_without_colours_and_without_eyes() -> None:
    """Each cell has its word, each drawing a name, each table its scopes."""
    for text in (
        plan_report([plan_outcome(samples.DIVERGENT)], HTML),
        plan_report([wide_plan(256)], HTML),
        status_report(wide_status(256), HTML),
        drift_report([wide_drift(256)], HTML),
    ):
        root = parsed(text)
        drawings = [one for one in root.iter() if one.tag.endswith("}svg")]
        for drawing in drawings:
            attributes = dict(drawing.attrib)
            hidden = attributes.get("aria-hidden") == "true"
            assert hidden or any(one.tag.endswith("}title") for one in drawing)
        for head in root.iter("th"):
            assert head.get("scope") in ("col", "row")
        levels = [int(one.tag[1]) for one in root.iter() if re.fullmatch("h[1-6]", one.tag)]
        assert levels[0] == 1
        assert all(later - sooner <= 1 for sooner, later in pairwise(levels))


def test_cells_say_which_change_set_runs_where() -> None:
    shown = said(plan_report([plan_outcome(samples.DIVERGENT)], HTML))
    for cell in ("1 -40: runs change set 1", "2 80-c0: runs change set 2", "= c0-: matches git"):
        assert cell in shown


def test_a_wide_fleet_is_a_picture_with_ranges() -> None:
    text = plan_report([wide_plan(256)], HTML)
    assert text.count('<use href="#c-set-1"') == 192 + 1  # and the legend
    assert "(192 of 256)" in said(text)


@pytest.mark.invariant("RP-25")
def test_the_page_of_the_largest_fleet_stays_small() -> None:
    for text in (
        plan_report([wide_plan(4096)], HTML),
        status_report(wide_status(4096), HTML),
        drift_report([wide_drift(4096)], HTML),
    ):
        assert len(text.encode()) < 1_500_000


def test_definitions_are_compared_by_word() -> None:
    text = plan_report([plan_outcome(samples.DIVERGENT)], HTML)
    assert "varchar(<b>500</b>)" in text
    assert "varchar(<b>200</b>)" in text
    assert "  PRIMARY KEY (`id`)," in said(text)


def test_the_map_shows_what_is_next_to_a_table() -> None:
    shown = said(plan_report([plan_outcome(samples.DIVERGENT)], HTML))
    assert "order_lines names orders; orders names users" in shown
    assert "coupons names users (added)" in shown


def test_status_shows_failures_once_and_where_each_shard_is() -> None:
    shown = said(status_report(wide_status(64), HTML))
    assert shown.count("the server refused the statement (error 1205)") == 1
    assert "✗ 20-24: failed" not in shown  # it is the eighth of its wave
    assert "✗ 24-28: failed" in shown
    assert "Wave 2 30 shards: 1 failed, 29 completed" in " ".join(shown.split())


def test_a_wide_timeline_has_its_waves_and_the_slowest() -> None:
    shown = said(status_report(wide_status(256), HTML))
    assert "Wave 2, 126 operations" in shown
    assert "the 20 slowest of" in shown


def test_drift_tells_shares_ranges_and_both_definitions() -> None:
    page = drift_report([wide_drift(256)], HTML)
    assert "All shards: 256 shards: 16 drifted, 8 unreachable, 232 matching" in page
    shown = " ".join(said(page).split())
    assert "-01 … 0f-10 (16 of 256)" in shown
    assert "+ KEY `by_hand` (`id`)" in shown
    assert "8 shards, unreachable: the server does not answer" in shown


def test_history_is_a_row_for_each_apply() -> None:
    applies = tuple(replace(one, apply_id=100 + n) for n, one in enumerate(PAST))
    shown = said(status_report(replace(past(*applies), is_history=True), HTML))
    assert "History of production" in shown
    assert "✗ 101: failed" in shown
    for apply in applies:
        assert f"{apply.apply_id}" in shown
        assert apply.problem is None or apply.problem.message in shown
