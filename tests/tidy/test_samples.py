"""What documents show is what the product takes: whole specs, VSchemas, and commands with their
options."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
from click.testing import CliRunner

from reconciler.cli.lint import lint
from reconciler.cli.main import VERBS, reconciler
from reconciler.spec.read import read_spec
from reconciler.vschema.checks import faults_in
from reconciler.vschema.read import read_vschema
from tests.documented import blocks
from tests.tidy.source import ROOT, relative
from tests.tidy.test_documents import DOCUMENTS

_COMMAND = re.compile(r"^ *(?:\$ )?(reconciler [^|<>&;#`\n]*)", re.MULTILINE)
_CONTINUED = re.compile(r"\\\n\s*")
# Both show what reports look like, and what somebody wrote in them.
PAGES = [path for path in DOCUMENTS if path.name not in ("messages.md", "CHANGELOG.md")]


def texts(path: Path, *languages: str) -> list[str]:
    return [block.text for block in blocks(path) if block.language in languages]


def specs() -> Iterator[tuple[str, str]]:
    for path in PAGES:
        for text in texts(path, "yaml"):
            if text.startswith("version:"):
                yield relative(path), text


def test_every_whole_spec_that_is_shown_is_read() -> None:
    read = [(page, read_spec(text, "specs/sample.yaml").keyspace) for page, text in specs()]
    assert ("docs/vitess.md", "storefront") in read
    assert ("docs/formats/spec.md", "commerce") in read


def test_every_vschema_that_is_shown_is_sound() -> None:
    shown = [text for path in PAGES for text in texts(path, "json") if '"vindexes"' in text]
    assert shown
    for text in shown:
        read = read_vschema(text.encode())
        assert read.faults == ()
        assert tuple(faults_in(read.vschema)) == ()


def test_the_spec_and_the_vschema_of_the_page_on_vitess_are_those_to_start_from() -> None:
    (spec,) = [text for page, text in specs() if page == "docs/vitess.md"]
    (vschema,) = texts(ROOT / "docs" / "vitess.md", "json")
    shown, kept = (read_spec(text, "") for text in (spec, read("specs/storefront.yaml")))
    assert shown.environments[0].vitess == kept.environments[0].vitess
    samples = [read_vschema(t.encode()) for t in (vschema, read("schemas/storefront/vschema.json"))]
    assert samples[0].vschema == samples[1].vschema


def test_the_specs_to_start_from_are_sound_with_all_their_files() -> None:
    ended = CliRunner().invoke(lint, ["-C", str(ROOT)])
    assert ended.exit_code == 0, ended.output
    assert "commerce: fine" in ended.output
    assert "storefront: fine" in ended.output


def test_every_command_that_is_shown_has_the_options_it_is_shown_with() -> None:
    commands = [
        (relative(path), shown)
        for path in PAGES
        for text in texts(path, "", "sh", "bash", "console", "yaml")
        for shown in _COMMAND.findall(_CONTINUED.sub(" ", text))
    ]
    assert len(commands) > 30
    assert [command for command in commands if _unknown(command[1].split()[1:])] == []


def _unknown(words: list[str]) -> list[str]:
    """The verb, or those options, that there are not."""
    verb, *rest = words or [""]
    if verb not in VERBS:
        return [] if verb.startswith(("-", "ci-")) else [verb]
    command = reconciler.get_command(click.Context(reconciler), verb)
    if isinstance(command, click.Group) and rest and rest[0] in command.commands:
        command = command.commands[rest[0]]
    assert command is not None
    known = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
    typed = [word.partition("=")[0] for word in rest if word.startswith("-")]
    return [option for option in typed if option not in known | {"--help", "-h"}]


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")
