"""What `Forge` promises, held against the adapter over HTTP. There is no fake of this port: tests
that need a forge ask the double through the adapter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import git
import pytest
import stamina

from reconciler.cli.github_access import token_from
from reconciler.edges.files.history import GitHistory
from reconciler.edges.github.client import GithubClient
from reconciler.edges.github.forge import GithubForge
from reconciler.edges.secrets import SECRETS
from reconciler.errors import InvalidInput, Refused, Unavailable
from reconciler.guard.review.account import Account, AccountKind
from reconciler.guard.review.approvals import ReviewState
from reconciler.guard.review.asking import RunRecord
from reconciler.guard.review.protection import ProtectedPlace
from reconciler.guard.review.pushes import PushKind
from reconciler.ports.forge import Forge
from tests.github_double.hub import ADA, APP, BEN, EVE, ROBOT, Hub, MergeKind, User
from tests.github_double.server import TOKEN, Double, Fault, serving

TEXT = "CREATE TABLE t (id int);\n"


@dataclass
class Asked:
    """A forge with one merged pull request, number 1, that Ben approved; and two open ones, 2 of
    Ada's and 3 of a fork."""

    forge: Forge
    hub: Hub
    double: Double
    merged: str


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    tmp_path = tmp_path_factory.mktemp("forge")
    hub = Hub(tmp_path)
    ada = hub.workplace("ada")
    for branch, path in (("main", "README.md"), ("feature", "schemas/t.sql")):
        ada.git.checkout("-B", branch)
        (tmp_path / "ada" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "ada" / path).write_text(TEXT)
        ada.git.add("--all")
        ada.git.commit("-m", path)
        hub.pushed(ADA, ada, branch)
    number = hub.opened(ADA, "feature")
    (tmp_path / "ada" / "README.md").write_text("again")
    ada.git.commit("-am", "again")
    hub.pushed(BEN, ada, "feature")
    hub.reviewed(BEN, number)
    merged = hub.merged(1, MergeKind.SQUASH)
    ada.git.checkout("-B", "open")
    ada.git.commit("--allow-empty", "-m", "open")
    hub.pushed(ADA, ada, "open")
    hub.opened(ADA, "open")
    hub.pulls[hub.opened(EVE, "open")].fork = True
    hub.members["acme/dba"] = ["ben"]
    hub.protected("production/wave/2", BEN, teams=["dba"], wait_minutes=30)
    hub.protected("production/wave/3")
    hub.run_by = (ADA, BEN)
    stamina.set_testing(True, attempts=2)
    with serving(hub) as double:
        client = GithubClient(api_url=double.url, token=TOKEN)
        yield Asked(GithubForge(client, hub.name, run_id="7"), hub, double, merged)
    stamina.set_testing(False)


@pytest.fixture
def asked(made: Asked) -> Asked:
    made.double.fault, made.double.page_max = (lambda number, call: None), 100
    made.double.calls.clear()
    let_in(made, BEN)
    client = GithubClient(api_url=made.double.url, token=TOKEN)
    return replace(made, forge=GithubForge(client, made.hub.name, run_id="7"))


def let_in(asked: Asked, user: User) -> None:
    asked.hub.run_approvals = [
        {
            "state": "approved",
            "environments": [{"name": "production"}],
            "user": {"id": user.id, "login": user.login, "type": user.kind},
        }
    ]


def account(user: User) -> Account:
    return Account(id=user.id, login=user.login, kind=AccountKind(user.kind))


Call = Callable[[Asked], object]
CALLS: dict[str, Call] = {
    "branch_tip": lambda a: a.forge.branch_tip("main"),
    "is_ancestor": lambda a: a.forge.is_ancestor(a.hub.pulls[1].base_sha, a.merged),
    "file": lambda a: a.forge.file(a.merged, "schemas/t.sql", bytes_max=1_000),
    "no file": lambda a: a.forge.file(a.merged, "schemas/u.sql", bytes_max=1_000),
    "pull_requests_of": lambda a: a.forge.pull_requests_of(a.merged),
    "pull_request": lambda a: a.forge.pull_request(1).merge_commit,
    "reviews": lambda a: [(r.account, r.state) for r in a.forge.reviews(1)],
    "pushes": lambda a: [(p.actor, p.kind) for p in a.forge.pushes(a.forge.pull_request(1))],
    "is_own_account": lambda a: a.forge.is_own_account(account(APP)),
    "tree": lambda a: [(e.name, e.is_folder) for e in a.forge.tree(a.merged) or ()],
    "may_write": lambda a: a.forge.may_write(account(BEN)),
    "is_member": lambda a: a.forge.is_member("acme/dba", account(BEN)),
    "changed_paths": lambda a: a.forge.changed_paths(1),
    "run_approvers": lambda a: a.forge.run_approvers("production"),
    "this_run": lambda a: a.forge.this_run(),
    "place": lambda a: a.forge.place("production/wave/2"),
    "own_pull_requests": lambda a: [p.number for p in a.forge.own_pull_requests("main")],
}


def answers(asked: Asked) -> dict[str, object]:
    return {
        "branch_tip": asked.merged,
        "is_ancestor": True,
        "file": TEXT.encode(),
        "no file": None,
        "pull_requests_of": (1,),
        "pull_request": asked.merged,
        "reviews": [(account(BEN), ReviewState.APPROVED)],
        "pushes": [(account(BEN), PushKind.PUSH), (account(ADA), PushKind.CREATION)],
        "is_own_account": False,
        "tree": [("README.md", False), ("schemas", True)],
        "may_write": True,
        "is_member": True,
        "changed_paths": ("README.md", "schemas/t.sql"),
        "run_approvers": (account(BEN),),
        "this_run": RunRecord(
            event="workflow_dispatch",
            branch="main",
            actor=account(ADA),
            asked_by=account(BEN),
            url="https://github.com/acme/shop/actions/runs/7",
            attempt=1,
        ),
        "place": ProtectedPlace(
            name="production/wave/2",
            people=(account(BEN),),
            teams=("acme/dba",),
            wait_s=1_800,
        ),
        "own_pull_requests": [2],
    }


def test_every_call_of_the_port_is_held_to_it() -> None:
    promised = {name for name in vars(Forge) if not name.startswith("_")}
    assert promised == {name for name in CALLS if name != "no file"}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("page_max", [100, 1])
def test_a_whole_answer_is_given_however_it_is_cut_into_pages(
    asked: Asked, name: str, page_max: int
) -> None:
    asked.double.page_max = page_max
    assert CALLS[name](asked) == answers(asked)[name]


# Not to be there is an answer to these, and it is the one that counts as no.
_NO = {(name, Fault.NOT_FOUND) for name in ("is_ancestor", "is_member", "place", "tree")}


@pytest.mark.invariant("RV-6")
@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("name", CALLS)
def test_what_is_not_a_whole_answer_raises(asked: Asked, name: str, fault: Fault) -> None:
    asked.double.fail(".", fault)
    if (name, fault) in _NO:
        assert not CALLS[name](asked)
        return
    with pytest.raises(Unavailable):
        CALLS[name](asked)


@pytest.mark.invariant("RV-6")
@pytest.mark.parametrize("name", CALLS)
def test_a_server_that_failed_once_is_asked_again(asked: Asked, name: str) -> None:
    asked.double.fault = lambda number, call: Fault.BROKEN if number == 0 else None
    assert CALLS[name](asked) == answers(asked)[name]


def test_answers_that_are_a_clear_no(asked: Asked) -> None:
    assert not asked.forge.is_ancestor(asked.hub.pulls[1].head_sha, asked.merged)
    assert not asked.forge.is_ancestor("0" * 40, asked.merged)
    assert not asked.forge.may_write(account(EVE))
    assert not asked.forge.may_write(Account(id=99, login=BEN.login, kind=AccountKind.PERSON))
    assert not asked.forge.is_member("acme/dba", account(EVE))
    assert asked.forge.run_approvers("break-glass") == ()
    assert asked.forge.place("production/wave/3") == ProtectedPlace(name="production/wave/3")
    assert asked.forge.place("production/wave/4") is None
    with pytest.raises(Unavailable):
        asked.forge.file("0" * 40, "README.md", bytes_max=1_000)
    with pytest.raises(InvalidInput):
        asked.forge.file(asked.merged, "README.md", bytes_max=3)


@pytest.fixture(scope="module")
def linked(made: Asked) -> str:
    """A commit whose specs and plans lead elsewhere in the repository, and whose schemas are
    another repository."""
    repo = made.hub.workplace("links")
    root = Path(repo.working_dir)
    repo.git.checkout("-B", "links", made.merged)
    (root / "elsewhere").mkdir()
    (root / "elsewhere" / "plan.json").write_text(TEXT)
    (root / "linked.json").symlink_to("elsewhere/plan.json")
    (root / "plans").symlink_to("elsewhere")
    (root / "program").write_text(TEXT)
    (root / "program").chmod(0o755)
    repo.git.add("--all")
    repo.git.update_index("--add", "--cacheinfo", f"160000,{made.merged},other")
    repo.git.commit("-m", "links")
    made.hub.pushed(ADA, repo, "links")
    return str(repo.git.rev_parse("HEAD"))


@pytest.mark.threat("TM-WRITER-33")
@pytest.mark.invariant("FB-2")
@pytest.mark.parametrize(
    ("path", "code", "named"),
    [
        ("linked.json", "path-is-a-link", "it is a link"),
        ("plans", "path-is-a-link", "it is a link"),
        ("plans/plan.json", "path-is-a-link", "'plans' on the way"),
        ("elsewhere", "file-unreadable", "not a regular file"),
        ("other", "file-unreadable", "not a regular file"),
        ("other/plan.json", "file-unreadable", "other is another repository"),
    ],
)
def test_what_is_no_file_of_the_commit_is_refused_by_name(
    asked: Asked, linked: str, path: str, code: str, named: str
) -> None:
    with pytest.raises(Refused, match=named) as refused:
        asked.forge.file(linked, path, bytes_max=1_000)
    assert [problem.code for problem in refused.value.problems] == [code]
    assert path in str(refused.value)


@pytest.mark.invariant("FB-2")
@pytest.mark.parametrize(
    "path", ["linked.json", "plans", "plans/plan.json", "other/plan.json", "elsewhere/plan.json"]
)
def test_the_forge_and_the_clone_read_the_same(
    asked: Asked, linked: str, path: str, tmp_path: Path
) -> None:
    git.Repo.clone_from(str(asked.hub.bare.git_dir), tmp_path / "clone").close()
    tree = GitHistory(tmp_path / "clone", None).tree(linked)
    assert _read(lambda: asked.forge.file(linked, path, bytes_max=1_000)) == _read(
        lambda: tree.read(path, bytes_max=1_000)
    )


def _read(read: Callable[[], bytes | None]) -> object:
    try:
        return read()
    except Refused as refused:
        return refused.problems


def test_files_are_read_by_the_modes_of_their_trees(asked: Asked, linked: str) -> None:
    assert asked.forge.file(linked, "program", bytes_max=1_000) == TEXT.encode()
    assert asked.forge.file(linked, "program/plan.json", bytes_max=1_000) is None
    assert asked.forge.file(linked, "elsewhere/none.json", bytes_max=1_000) is None
    # What the API of contents tells, and is never asked: the file that the link leads to.
    client = GithubClient(api_url=asked.double.url, token=TOKEN)
    shown = client.get("/repos/acme/shop/contents/linked.json", {"ref": linked})
    assert shown["type"] == "file"
    asked.double.calls.clear()
    asked.forge.file(linked, "elsewhere/plan.json", bytes_max=1_000)
    assert not any("/contents/" in call for call in asked.double.calls)


@pytest.mark.invariant("RG-54")
def test_a_token_is_asked_for_before_each_request(asked: Asked, tmp_path: Path) -> None:
    """Those of apps last for an hour, and an apply for days."""
    file = tmp_path / "token"
    client = GithubClient(api_url=asked.double.url, token=partial(token_from, file, ""))
    file.write_text(f"{TOKEN}\n")
    forge = GithubForge(client, asked.hub.name, run_id="7")
    assert forge.branch_tip("main") == asked.merged
    for content in ("", "two words", "ghs_\x00", "ghs_\xe9"):
        file.write_text(content)
        with pytest.raises(Unavailable) as none:
            forge.branch_tip("main")
        assert none.value.problems[0].code == "forge-token-unreadable"
    file.unlink()
    with pytest.raises(Unavailable, match="holds no token"):
        forge.branch_tip("main")
    file.write_text("ghs_ofTheNextHour")
    accounts = asked.double.token_of
    accounts["ghs_ofTheNextHour"] = accounts.pop(TOKEN)
    assert forge.branch_tip("main") == asked.merged
    accounts[TOKEN] = accounts.pop("ghs_ofTheNextHour")
    assert "ghs_ofTheNextHour" not in SECRETS.redacted("ghs_ofTheNextHour")


def test_a_bot_that_let_a_run_in_is_nobody(asked: Asked) -> None:
    let_in(asked, ROBOT)
    assert asked.forge.run_approvers("production") == ()
