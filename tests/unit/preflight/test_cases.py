"""Each kind of question has cases that hold and cases that do not, on each server that has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.model.server import Flavor
from reconciler.preflight.model import QuestionKind
from tests.yaml_cases import read_yaml

_FOLDER = Path(__file__).parents[2] / "cases" / "preflight"
_CASES = [case for path in _FOLDER.glob("*.yaml") for case in read_yaml(path)]
_OF_ONE = {QuestionKind.FILLED: Flavor.MYSQL, QuestionKind.PERIOD: Flavor.MARIADB}


@pytest.mark.parametrize("kind", QuestionKind)
def test_a_kind_has_cases_for_it_and_against_it(kind: QuestionKind) -> None:
    for flavor in [_OF_ONE[kind]] if kind in _OF_ONE else Flavor:
        told = {
            word
            for case in _CASES
            if case.get("server", flavor) == flavor
            for about, words in case["answers"].items()
            if about.split()[0] == kind
            for word in ([words] if isinstance(words, str) else words)
        }
        assert told >= {"holds", "violated"}, flavor
