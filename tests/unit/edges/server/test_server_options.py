"""What a server is set to, by flavor, purpose and choice; nothing makes it less private."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.edges.server.options import (
    Purpose,
    command_line,
    initial_options,
    private_options,
    server_options,
)
from reconciler.errors import InvalidInput
from reconciler.model.server import Flavor

FOLDER = Path("/f")


@pytest.mark.parametrize("flavor", list(Flavor))
def test_a_fleet_logs_like_production_and_scratch_runs_nothing(flavor: Flavor) -> None:
    fleet = server_options(flavor, Purpose.FLEET, {})
    scratch = server_options(flavor, Purpose.SCRATCH, {})
    assert (fleet["log_bin"], fleet["performance_schema"]) == ("binlog", "ON")
    assert "log_bin" not in scratch
    assert scratch["skip_log_bin"] == ""
    assert scratch["event_scheduler"] == "OFF"


def test_a_choice_wins_however_it_is_spelled() -> None:
    options = server_options(Flavor.MYSQL, Purpose.FLEET, {"Innodb-Buffer-Pool-Size": "1G"})
    assert options["innodb_buffer_pool_size"] == "1G"
    assert "innodb-buffer-pool-size" not in options


@pytest.mark.parametrize("off", ["OFF", "off", "0"])
def test_a_binary_log_that_is_off_is_not_one_named_off(off: str) -> None:
    options = server_options(Flavor.MYSQL, Purpose.FLEET, {"log_bin": off})
    assert "log_bin" not in options
    assert "skip_log_bin" in options


@pytest.mark.parametrize("flavor", list(Flavor))
def test_nothing_that_is_chosen_opens_the_server(flavor: Flavor) -> None:
    chosen = {"bind_address": "0.0.0.0", "init_file": "/x", "socket": "/x", "port": "1"}
    options = server_options(flavor, Purpose.FLEET, chosen)
    options |= private_options(flavor, FOLDER, FOLDER / "s", 4711)
    assert options["bind_address"] == "127.0.0.1"
    assert (options["socket"], options["port"]) == ("/f/s", "4711")
    assert options["init_file"] == "/f/init.sql"


def test_only_what_a_data_folder_is_made_with_is_initial() -> None:
    chosen = {"sql_mode": "", "lower-case-table-names": "1"}
    assert initial_options(chosen) == {"lower_case_table_names": "1"}


@pytest.mark.parametrize("chosen", [{"a b": "1"}, {"--a": "1"}, {"a": "1\n2"}, {"a": "\0"}])
def test_what_is_no_option_is_refused(chosen: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match="server-option-invalid"):
        server_options(Flavor.MYSQL, Purpose.FLEET, chosen)


def test_no_file_of_the_machine_is_read() -> None:
    command = command_line(Path("/bin/mysqld"), {"port": "1", "skip_log_bin": ""})
    assert command[:2] == ["/bin/mysqld", "--no-defaults"]
    assert command[-2:] == ["--port=1", "--skip_log_bin"]
