"""Error codes are literal, explained, followed by a step, and their steps name real commands."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

from reconciler.cli.main import VERBS
from tests.tidy.error_codes import codes_and_steps, found_codes
from tests.tidy.source import PACKAGE, nodes, python_files, relative
from tests.tidy.write_errors import ERRORS, errors_page, meanings

COMMAND = re.compile(r"`reconciler ([a-z][a-z-]*)")


def _explained() -> Counter[str]:
    return Counter(code for codes in meanings().values() for code in codes)


def test_every_code_can_be_found_in_the_source_by_its_full_name() -> None:
    assert found_codes().built == (), "a code is put together from parts: write it out"


def test_every_code_says_what_it_means() -> None:
    missing = sorted(codes_and_steps().keys() - _explained().keys())
    assert not missing, "say in docs/error-meanings.yaml what these mean"


def test_nothing_is_explained_that_is_never_said() -> None:
    assert not sorted(_explained().keys() - codes_and_steps().keys())


def test_no_code_has_two_meanings_and_no_two_codes_have_one() -> None:
    assert [code for code, times in _explained().items() if times > 1] == []
    meant = Counter(meaning for codes in meanings().values() for meaning in codes.values())
    assert [meaning for meaning, times in meant.items() if times > 1] == []


def test_a_code_is_words_and_is_followed_by_a_step() -> None:
    words = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
    steps = codes_and_steps()
    assert [code for code in steps if not words.fullmatch(code)] == []
    assert [code for code, next_steps in steps.items() if not next_steps] == []


def test_the_page_of_errors_is_up_to_date() -> None:
    assert ERRORS.read_text(encoding="utf-8") == errors_page(), (
        "run `python -m tests.tidy.write_errors`"
    )


def _commands() -> Iterator[tuple[str, str]]:
    for path in python_files(PACKAGE):
        for node in nodes(path, ast.Constant):
            if isinstance(node.value, str):
                for verb in COMMAND.findall(node.value):
                    yield verb, f"{relative(path)}:{node.lineno}"


def test_every_command_that_a_message_names_exists() -> None:
    assert {place: verb for verb, place in _commands() if verb not in VERBS} == {}


def test_the_commands_were_found() -> None:
    assert {"plan", "resume", "drift"} <= {verb for verb, _ in _commands()}
