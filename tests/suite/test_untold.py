"""A secret is found however it was written down."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest

from tests.untold import found_in

SECRET = "ghs_a+secret/of==a job"


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "user:"])
def test_a_secret_is_found_wherever_base64_begins(before: str) -> None:
    written = base64.b64encode(f"{before}{SECRET} and more".encode()).decode()
    assert found_in(["nothing", written], [SECRET, "another-secret"]) == [SECRET]


@pytest.mark.parametrize(
    "written", [SECRET, SECRET.upper(), quote(SECRET, safe=""), SECRET.encode().hex()]
)
def test_a_secret_is_found_in_what_programs_make_of_it(written: str) -> None:
    assert found_in([f"at {written}!"], [SECRET]) == [SECRET]


def test_what_is_not_there_is_not_found() -> None:
    assert found_in([SECRET[:-1], base64.b64encode(b"something else").decode()], [SECRET]) == []
