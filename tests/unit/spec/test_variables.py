"""A spec gets the variables that are made for it, and none that belongs to the job."""

from __future__ import annotations

import pytest

from reconciler.spec.variables import FOR_SPECS, LISTED_IN, OF_THE_JOB, may_fill_in

EVERYTHING = {LISTED_IN: "GITHUB_TOKEN, ACTIONS_RUNTIME_TOKEN RUNNER_TEMP,VAULT_LOGIN\nIAM_TOKEN"}


@pytest.mark.invariant("GT-4")
@pytest.mark.parametrize("word", FOR_SPECS)
def test_a_name_that_begins_with_a_word_for_specs_is_filled_in(word: str) -> None:
    assert may_fill_in(f"{word}_PASSWORD", {})
    assert may_fill_in(word, {})
    assert may_fill_in(f"{word}_PASSWORD_2", {})


@pytest.mark.invariant("GT-4")
@pytest.mark.parametrize(
    "name",
    [
        "PASSWORD",
        "AWS_SECRET_ACCESS_KEY",
        "NPM_TOKEN",
        "HOME",
        "SCHEMATOKEN",
        "MYSQLX_PASSWORD",
        "_SCHEMA_PASSWORD",
        "SCHEMA_TOKEN",
        "MYSQL_TOKEN_2",
    ],
)
def test_any_other_name_is_filled_in_only_if_the_job_lists_it(name: str) -> None:
    assert not may_fill_in(name, {})
    assert not may_fill_in(name, EVERYTHING)
    assert not may_fill_in(name, {LISTED_IN: f"X{name}, {name}X *"})
    assert may_fill_in(name, {LISTED_IN: f"OTHER, {name}"})


@pytest.mark.invariant("GT-4")
@pytest.mark.parametrize("word", OF_THE_JOB)
@pytest.mark.parametrize("rest", ["_TOKEN", "_SCHEMA_PASSWORD", ""])
def test_what_belongs_to_the_job_cannot_even_be_listed(word: str, rest: str) -> None:
    for name in (f"{word}{rest}", f"{word}{rest}".lower()):
        assert not may_fill_in(name, {LISTED_IN: name})


@pytest.mark.parametrize("name", ["SANDBOX_PORT_0", "SANDBOX_SOCKET_12", "SCHEMA_READER_PASSWORD"])
def test_what_a_sandbox_writes_into_its_spec_is_filled_in(name: str) -> None:
    assert may_fill_in(name, {})
