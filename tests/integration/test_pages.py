"""Pages of a real fleet: definitions on both sides as its servers print them, the map, the site."""

from __future__ import annotations

from pathlib import Path

from tests.fleet import Fleet
from tests.unit.report.page.test_page import said


def test_a_change_and_a_shard_changed_by_hand_are_seen_on_pages(
    small_fleet: Fleet, tmp_path: Path
) -> None:
    fleet, page, site = small_fleet, tmp_path / "plan.html", tmp_path / "site"
    fleet.write(
        "schemas/shop/notes.sql",
        "CREATE TABLE notes (id bigint PRIMARY KEY, user_id bigint unsigned NOT NULL,"
        " CONSTRAINT of_user FOREIGN KEY (user_id) REFERENCES users (id));\n",
    )
    ended = fleet.run("plan", "--output", "html", "--to", str(page))
    assert ended.code == 0, ended.said
    shown = said(page.read_text(encoding="utf-8"))
    assert "notes names users (added)" in shown
    assert "CONSTRAINT `of_user` FOREIGN KEY" in shown
    (fleet.root / "schemas/shop/notes.sql").unlink()
    fleet.sql("80-", "ALTER TABLE users ADD COLUMN by_hand int")
    ended = fleet.run("report", str(site), "--drift")
    assert ended.code == 2, ended.said
    assert "1 of 2 shards drifted" in said((site / "index.html").read_text(encoding="utf-8"))
    (of_shop,) = site.glob("keyspace-*.html")
    assert "+   `by_hand` int" in said(of_shop.read_text(encoding="utf-8"))
