"""What servers answer is shown without accounts, hosts and databases (PL-12)."""

from __future__ import annotations

import pytest

from reconciler.edges.mysql.problems import server_problem
from reconciler.edges.mysql.server_texts import neutral, server_error
from reconciler.model.server import ServerError


@pytest.mark.invariant("PL-12")
@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "Access denied for user 'ann'@'10.0.0.5' (using password: YES)",
            "Access denied for user <account> (using password: YES)",
        ),
        (
            "ALTER command denied to user 'ann'@'%' for table 'users'",
            "ALTER command denied to user <account> for table 'users'",
        ),
        (
            "The user specified as a definer (`ann`@`localhost`) does not exist",
            "The user specified as a definer (<account>) does not exist",
        ),
        ("Table 'commerce_40.users' doesn't exist", "Table 'users' doesn't exist"),
        (
            "a foreign key constraint fails (`commerce_40`.`t`)",
            "a foreign key constraint fails (`t`)",
        ),
        ("Unknown database 'commerce_40'", "Unknown database <database>"),
        ("Duplicate column name 'b'", "Duplicate column name 'b'"),
    ],
)
def test_accounts_and_the_database_are_taken_out(said: str, shown: str) -> None:
    assert neutral(said, database="commerce_40") == shown


@pytest.mark.invariant("PL-12")
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (1045, "login-refused"),
        (1698, "login-refused"),
        (1130, "login-refused"),
        (1862, "login-refused"),
        (1044, "privilege-missing"),
        (1142, "privilege-missing"),
        (1227, "privilege-missing"),
        (1049, "unknown-database"),
        (1040, "too-many-connections"),
        (1203, "too-many-connections"),
        (1226, "too-many-connections"),
        (3159, "tls-refused"),
        (1205, "table-locked"),
        (1030, "server-error"),
    ],
)
def test_every_answer_has_a_stable_code_and_a_next_step(number: int, code: str) -> None:
    said = "User zelda has exceeded, Host '10.0.0.5' is blocked, for 'zelda'@'10.0.0.5'"
    problem = server_problem("shard -40", server_error(number, said))
    assert problem.code == code
    assert problem.recovery
    assert str(number) in problem.message
    if code != "server-error":
        assert "zelda" not in problem.message
        assert "10.0.0.5" not in problem.message


def test_a_login_may_be_refused_for_want_of_tls_and_a_database_for_its_pattern() -> None:
    """MySQL answers 1045 to a wrong password and to an account that takes TLS alone."""
    login = server_problem("shard -40", server_error(1045, "Access denied"))
    assert "`tls` there, for an account that takes TLS alone" in login.recovery
    database = server_problem("shard -40", server_error(1049, "Unknown database 'd'"))
    assert "`{shard}` is the shard's name as the spec has it" in database.recovery


def test_a_refused_statement_keeps_the_servers_own_words() -> None:
    error = server_error(1060, "Duplicate column name 'b'", database="d")
    assert error == ServerError(number=1060, message="Duplicate column name 'b'")


@pytest.mark.invariant("PL-17")
@pytest.mark.parametrize("number", [1030, 1105, 1524, 1644, 1815, 2999, 3100, 3619, 65_000])
def test_a_text_that_is_about_no_definition_is_in_the_log_alone(
    number: int, caplog: pytest.LogCaptureFixture
) -> None:
    said = "vttablet: rpc error: code = Unavailable desc = 10.0.0.7:15999, for 'ann'@'10.0.0.5'"
    error = server_error(number, said, state="0A000")
    assert str(error) == (
        f"an error of SQLSTATE 0A000, whose text is in this run's log alone ({number})"
    )
    (logged,) = caplog.messages
    assert logged == (
        f"error {number} (0A000) of a server: vttablet: rpc error: code = Unavailable desc ="
        " <address>, for <account>"
    )


@pytest.mark.invariant("PL-17")
def test_a_state_that_is_none_is_not_told() -> None:
    assert "secre" not in str(server_error(1105, "x", state="secre"))


@pytest.mark.invariant("PL-17")
@pytest.mark.parametrize(
    ("number", "said", "shown"),
    [
        (
            1062,
            "Duplicate entry 'ann@example.com' for key 'users.email'",
            "Duplicate entry <value> for key 'users.email'",
        ),
        (
            1062,
            "Duplicate entry 'it's' for key' for key 'users.email'",
            "Duplicate entry <value> for key 'users.email'",
        ),
        (
            1366,
            "Incorrect integer value: 'x' for column 'a' at row 1",
            "Incorrect integer value: <value> for column 'a' at row 1",
        ),
        (1526, "Table has no partition for value 17", "Table has no partition for value <value>"),
        (
            1067,
            "Invalid default value for 'a'",
            "Invalid default value for 'a'",
        ),
    ],
)
def test_values_of_rows_are_not_told(number: int, said: str, shown: str) -> None:
    assert server_error(number, said).message == shown
