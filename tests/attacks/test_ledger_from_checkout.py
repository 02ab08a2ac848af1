"""A ledger that came with the checkout says that gates were released; nobody released them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import stamina

from reconciler.cli.wire import Worlds
from reconciler.edges.ledger.address import from_root, parse_address
from reconciler.edges.ledger.place import check_file, default_file, file_of, job_file
from reconciler.edges.ledger.sql import open_ledger
from reconciler.errors import InvalidInput, Refused
from reconciler.spec.read import read_spec
from tests.fleet import Fleet
from tests.github_double.hub import BEN, Hub
from tests.github_double.server import serving
from tests.github_jobs import ADD_COLUMN, Jobs
from tests.integration.rollouts import ages, planned

SPEC = """version: 1
keyspace: shop
schema: schemas/shop
environments:
  production:
    connection: {database: d, user: u}
    shards: ["-"]
    ledger: "sqlite:///state.sqlite"
"""
LEDGER = Path(".reconciler/ledger.sqlite")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    fleet = Fleet(tmp_path / "shop", [], lambda server: "", monkeypatch)
    fleet.write("README.md", "shop")
    fleet.git("init", "--quiet", "--initial-branch=main")
    fleet.commit("as it is")
    return fleet


def ledger_in(repository: Fleet, place: Path = LEDGER) -> Path:
    file = repository.root / place
    open_ledger(None, default_file=file).close()
    return file


def refused(file: Path, root: Path) -> str:
    with pytest.raises(Refused) as caught:
        check_file(file, root)
    return caught.value.problems[0].code


@pytest.mark.invariant("GT-5")
def test_one_that_git_ignores_is_fine(repository: Fleet) -> None:
    file = ledger_in(repository)
    repository.commit("nothing of it")
    check_file(file, repository.root)
    check_file(repository.root.parent / "elsewhere.sqlite", repository.root)


@pytest.mark.invariant("GT-5")
def test_without_a_repository_none_can_have_come_by_one(tmp_path: Path) -> None:
    check_file(tmp_path / LEDGER, tmp_path)


def _tracked(repository: Fleet) -> Path:
    return ledger_in(repository)


def _tracked_elsewhere(repository: Fleet) -> Path:
    return ledger_in(repository, Path("state/of/applies.db"))


def _tracked_with_it(repository: Fleet) -> Path:
    """SQLite takes over what lies in the log beside its file."""
    repository.write(f"{LEDGER}-wal", "a log")
    return repository.root / LEDGER


def _removed_from_the_working_tree(repository: Fleet) -> Path:
    file = ledger_in(repository)
    repository.git("add", "--force", "--all")
    repository.git("commit", "--quiet", "--message", "a ledger")
    file.unlink()
    return file


@pytest.mark.threat("TM-WRITER-27")
@pytest.mark.invariant("GT-5")
@pytest.mark.parametrize(
    "make",
    [_tracked, _tracked_elsewhere, _tracked_with_it, _removed_from_the_working_tree],
    ids=lambda make: make.__name__,
)
def test_one_that_git_tracks_is_refused(repository: Fleet, make: Callable[[Fleet], Path]) -> None:
    file = make(repository)
    repository.git("add", "--force", "--all", ":!" + str(file.relative_to(repository.root)))
    if file.exists():
        repository.git("add", "--force", str(file))
    repository.git("commit", "--quiet", "--allow-empty", "--message", "a ledger")
    assert refused(file, repository.root) == "ledger-in-git"


@pytest.mark.threat("TM-WRITER-27")
@pytest.mark.invariant("GT-5")
@pytest.mark.parametrize("link", [".reconciler", ".reconciler/ledger.sqlite", "state"])
@pytest.mark.parametrize("leads", ["inside", "outside", "nowhere", "to itself"])
def test_one_that_a_link_leads_to_is_refused(repository: Fleet, link: str, leads: str) -> None:
    place = repository.root / link
    place.parent.mkdir(exist_ok=True)
    targets = {
        "inside": repository.root / "inside",
        "outside": repository.root.parent / "outside",
        "nowhere": repository.root / "not there",
        "to itself": place,
    }
    if leads in ("inside", "outside"):
        targets[leads].mkdir()
    place.symlink_to(targets[leads])
    file = repository.root / ("state/ledger.sqlite" if link == "state" else LEDGER)
    assert refused(file, repository.root) == "ledger-is-a-link"


@pytest.mark.threat("TM-WRITER-27")
@pytest.mark.invariant("GT-5")
def test_one_in_a_submodule_is_refused(repository: Fleet) -> None:
    commit = repository.git("rev-parse", "HEAD")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{commit},.reconciler")
    repository.git("commit", "--quiet", "--message", "a ledger of another repository")
    assert refused(ledger_in(repository), repository.root) == "ledger-in-git"


@pytest.mark.invariant("GT-5")
@pytest.mark.parametrize(
    "address",
    [
        "sqlite:///a.db?mode=ro",
        "sqlite:///file:a.db?uri=true",
        "sqlite:///file:a.db",
        "sqlite:///a.db?vfs=unix-none",
    ],
)
def test_an_address_of_a_file_has_no_options(address: str) -> None:
    with pytest.raises(InvalidInput):
        file_of(address)


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        ("sqlite:///state/l.sqlite", "sqlite:////srv/shop/state/l.sqlite"),
        ("sqlite:////var/l.sqlite", "sqlite:////var/l.sqlite"),
        ("mysql://u:p%40%2Fw@h/d", "mysql://u:p%40%2Fw@h/d"),
        (
            "mysql://u:p%40%2Fw@h/d?ssl_ca=c/a.pem",
            "mysql://u:p%40%2Fw@h/d?ssl_ca=/srv/shop/c/a.pem",
        ),
        ("mysql://u@h/d?ssl_ca=/etc/a.pem&tls=true", "mysql://u@h/d?ssl_ca=/etc/a.pem&tls=true"),
    ],
)
def test_relative_paths_are_of_the_project_wherever_the_command_runs(
    address: str, meant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse_address(from_root(address, Path("/srv/shop"))) == parse_address(meant)


@pytest.mark.threat("TM-WRITER-27")
@pytest.mark.invariant("GT-5")
@pytest.mark.parametrize("environ", [{}, {"GITHUB_ACTIONS": "true"}])
@pytest.mark.parametrize("in_job", [False, True])
def test_a_relative_one_is_of_the_project_and_refused_in_a_job(
    repository: Fleet, environ: dict[str, str], in_job: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository.root.parent)
    spec = read_spec(SPEC, "specs/shop.yaml")
    with Worlds(repository.root, environ, in_job=in_job) as worlds:
        if in_job or environ:
            with pytest.raises(Refused) as caught:
                worlds.ledger_of(spec.environments[0])
            assert [problem.code for problem in caught.value.problems] == ["ledger-relative"]
        else:
            worlds.ledger_of(spec.environments[0])
    made = (repository.root / "state.sqlite").exists()
    assert made is not (in_job or bool(environ))
    assert not (repository.root.parent / "state.sqlite").exists()


@pytest.mark.invariant("GT-5")
def test_a_job_keeps_it_outside_of_the_checkout(tmp_path: Path) -> None:
    root, runner = tmp_path / "shop", tmp_path / "runner"
    with ExitStack() as until:
        kept = job_file(root, {"RUNNER_TEMP": str(runner)}, until)
        other = job_file(tmp_path / "other", {"RUNNER_TEMP": str(runner)}, until)
        without = job_file(root, {}, until)
        assert kept.is_relative_to(runner)
        assert len({kept, other, without}) == 3
        assert not any(file.is_relative_to(root) for file in (kept, other, without))
        assert without.parent.parent.parent.is_dir()
    assert not without.parent.parent.parent.exists()
    assert default_file(root) == root / LEDGER


@pytest.fixture
def jobs(fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Jobs]:
    stamina.set_testing(True, attempts=2)
    hub = Hub(tmp_path)
    with serving(hub) as double:
        made = Jobs(fleet, hub, double, tmp_path, monkeypatch)
        made.publish()
        yield made
    stamina.set_testing(False)


def an_open_gate(fleet: Fleet) -> None:
    """A rollout that waits at its first gate, and a ledger that says somebody opened it."""
    planned(fleet, gate=True)
    assert fleet.run("apply").code == 4
    assert fleet.run("release").code == 0
    assert ages(fleet) == ["-40"]


@pytest.mark.threat("TM-WRITER-27")
@pytest.mark.invariant("GT-5")
def test_a_committed_ledger_opens_no_gate(fleet: Fleet) -> None:
    an_open_gate(fleet)
    fleet.git("add", "--force", str(LEDGER))
    fleet.git("commit", "--quiet", "--message", "a ledger")
    for verb in ("apply", "resume", "status", "release"):
        ended = fleet.run(verb)
        assert ended.code == 3, ended.said
        assert "[ledger-in-git]" in ended.said
    assert ages(fleet) == ["-40"]


@pytest.mark.threat("TM-WRITER-27")
@pytest.mark.invariant("GT-5")
def test_a_job_does_not_even_look_at_a_committed_ledger(jobs: Jobs) -> None:
    fleet = jobs.fleet
    jobs.branch()
    fleet.environment["rollout"] = {"canary": ["-40"], "gate": True}
    fleet.write_spec()
    fleet.edit("schemas/shop/users.sql", *ADD_COLUMN)
    fleet.plan_and_commit()
    assert fleet.run("apply", "--review", "none").code == 4
    assert fleet.run("release").code == 0
    fleet.git("add", "--force", str(LEDGER))
    fleet.git("commit", "--quiet", "--message", "a ledger")
    shutil.rmtree(fleet.root / ".reconciler")
    fleet.git("checkout", "--quiet", "--", ".")
    number = jobs.propose()
    jobs.hub.reviewed(BEN, number)
    jobs.merged(number)
    ended = jobs.on_push("apply")
    assert ended.code == 4, ended.said
    assert "waits for" in ended.said
    assert ages(fleet) == ["-40"]
