"""Documents that lead somewhere: every link to a file has one, every fragment has a kind."""

from __future__ import annotations

import re
from pathlib import Path

from reconciler.model.policy import HazardKind
from tests.tidy.source import ROOT, relative

_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("changes/*.md"), *ROOT.glob("docs/**/*.md")],
    key=str,
)
KINDS = ("added", "changed", "fixed", "removed")


def test_every_link_to_a_file_leads_to_one() -> None:
    """docs/messages.md shows what reports look like; their links are samples."""
    pages = [path for path in DOCUMENTS if path.name != "messages.md"]
    links = [(path, link) for path in pages for link in _links(path)]
    assert len(links) > 100
    broken = [(relative(path), link) for path, link in links if not (path.parent / link).exists()]
    assert broken == []


def _links(path: Path) -> list[str]:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return _LINK.findall(text)


def test_every_hazard_is_explained() -> None:
    text = (ROOT / "docs" / "hazards.md").read_text(encoding="utf-8")
    assert [kind for kind in HazardKind if f"| `{kind}` |" not in text] == []


def test_every_decision_has_a_number_of_its_own() -> None:
    numbers = [path.name[:4] for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    assert all(number.isdigit() for number in numbers)
    assert len(set(numbers)) == len(numbers)


def test_every_fragment_of_the_changelog_is_one_sentence_of_a_kind() -> None:
    for path in (ROOT / "changes").glob("*"):
        if path.name in ("README.md", "template.md.jinja"):
            continue
        assert re.fullmatch(rf"[a-z0-9-]+\.({'|'.join(KINDS)})\.md", path.name), path.name
        assert path.read_text(encoding="utf-8").strip().endswith("."), path.name
