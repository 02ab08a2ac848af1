"""Verbs that judge by what regions saw: from a folder, by names, and of all regions alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from reconciler.cli.main import reconciler
from reconciler.outcomes.exit_code import ExitCode
from tests.offline_fleet import STATES, repository
from tests.sample_regions import REGIONS, spec_of


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    for path, content in repository(STATES[0], spec=spec_of(REGIONS)).content.items():
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return tmp_path


@pytest.mark.invariant("RG-90")
@pytest.mark.parametrize("verb", ["verify", "drift"])
def test_a_folder_without_files_is_a_fleet_that_nobody_saw(repo: Path, verb: str) -> None:
    """Nothing is connected to: no shard of this spec has a server."""
    asked = [verb, "-C", str(repo), "--observations", str(repo / "nowhere")]
    ended = CliRunner().invoke(reconciler, asked)
    assert ended.exit_code == ExitCode.REFUSED, ended.output
    assert all(f"no observation of region {region}" in ended.output for region in REGIONS)


@pytest.mark.parametrize("verb", ["verify", "drift"])
def test_what_all_regions_saw_is_not_what_one_of_them_sees(repo: Path, verb: str) -> None:
    asked = [verb, "-C", str(repo), "--region", "eu", "--observations", str(repo)]
    ended = CliRunner().invoke(reconciler, asked)
    assert "of all regions" in ended.output
