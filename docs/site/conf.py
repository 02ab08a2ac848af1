"""The documentation as a site: `make docs`.

The pages are those of the repository, read where they stand, so that a link between them is one
here as well; one that leads nowhere, to a page or to a place in it, ends the build, as any warning.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pygments.lexers.special import TextLexer

project = "reconciler"
root_doc = "docs/site/index"
include_patterns = ["*.md", "changes/README.md", "docs/*.md", "docs/*/*.md"]
extensions = ["myst_parser"]
myst_heading_anchors = 4
html_theme = "furo"
html_title = project
html_copy_source = False
html_show_copyright = False
# Samples leave out what nobody reads; diagrams are shown as they are written.
suppress_warnings = ["misc.highlighting_failure"]

_ROOT = Path(__file__).parents[2]
_LINK = re.compile(r"(?<!!)\[([^\]\n]+)\]\(([^)#\s:]+)(?:#[^)\s]*)?\)")
_FRONT = '<!doctype html><title>reconciler</title><meta http-equiv="refresh" content="0; url={}">\n'


def setup(app: Any) -> None:
    app.add_lexer("mermaid", TextLexer)
    app.connect("source-read", _without_what_is_no_page)
    app.connect("build-finished", _with_a_front)


def _without_what_is_no_page(app: Any, page: str, source: list[str]) -> None:
    """Folders and files that are no pages stand in the repository alone: there is only their name
    to give. What is not even there stays a link, and is told."""
    folder = (_ROOT / page).parent

    def replaced(link: re.Match[str]) -> str:
        target = (folder / link[2]).resolve()
        name = target.relative_to(_ROOT).with_suffix("").as_posix() if _is_ours(target) else ""
        is_page = target.suffix == ".md" and name in app.env.found_docs
        return link[0] if is_page or not target.exists() else link[1]

    source[0] = _LINK.sub(replaced, source[0])


def _is_ours(path: Path) -> bool:
    return path.is_relative_to(_ROOT)


def _with_a_front(app: Any, error: Exception | None) -> None:
    if error is None:
        (Path(app.outdir) / "index.html").write_text(_FRONT.format(f"{root_doc}.html"))
