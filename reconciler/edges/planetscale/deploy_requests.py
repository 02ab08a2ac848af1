"""`DeployRequests` over PlanetScale's API, version 1."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from email.utils import parsedate_to_datetime
from urllib.parse import quote, urlsplit

from reconciler.ddl.scan import defined_table
from reconciler.edges.client.tls import is_local
from reconciler.edges.mysql.problems import LinkLost, ServerRefusal
from reconciler.edges.mysql.target import expand
from reconciler.edges.planetscale.branch_sql import (
    BranchLogin,
    BranchSession,
    connect_to_branch,
)
from reconciler.edges.planetscale.client import API_URL, PlanetScaleClient
from reconciler.edges.planetscale.limits import BRANCH_LOGIN_S
from reconciler.edges.planetscale.problems import (
    branch_missing,
    branch_of_production,
    statement_failed,
    unclear,
    unreachable,
)
from reconciler.edges.planetscale.reading import (
    read_branch,
    read_queued,
    read_request,
    read_table,
)
from reconciler.edges.secrets import SECRETS
from reconciler.errors import ReconcilerError
from reconciler.model.deploy_request import Branch, DeployRequest, QueuedDeploy
from reconciler.spec.model import PlanetScaleDatabase


class PlanetScale:
    """`connected` is how a branch is spoken to, once there is a login to it."""

    def __init__(
        self,
        *,
        environ: Mapping[str, str],
        api_url: str = API_URL,
        connected: Callable[
            [BranchLogin, str], AbstractContextManager[BranchSession]
        ] = connect_to_branch,
    ) -> None:
        self._environ = environ
        self._api_url = api_url
        self._is_on_this_machine = is_local(urlsplit(api_url).hostname or "", None)
        self._connected = connected
        self._date = ""

    def now_s(self) -> float:
        try:
            return parsedate_to_datetime(self._date).timestamp()
        except ValueError:
            raise unclear("the last answer", "it does not say when it was given") from None

    def branch(self, database: PlanetScaleDatabase, name: str) -> Branch | None:
        path = _branch(database, name)
        found = self._client(database).find(path)
        if found is None:
            return None
        branch = read_branch(found)
        if branch.name != name:
            raise unclear(f"GET {path}", "it is another branch than was asked for")
        return branch

    def schema(self, database: PlanetScaleDatabase, branch: str) -> tuple[tuple[str, str], ...]:
        path = f"{_branch(database, branch)}/schema"
        rows = self._client(database).whole(path, {"keyspace": database.keyspace})
        tables = sorted(read_table(row) for row in rows)
        if len({name for name, _ in tables}) != len(tables):
            raise unclear(f"GET {path}", "it has a table twice")
        if any(defined_table(text) not in (None, name) for name, text in tables):
            raise unclear(f"GET {path}", "a table has another one's definition")
        return tuple(tables)

    def requests_from(
        self, database: PlanetScaleDatabase, branch: str
    ) -> tuple[DeployRequest, ...]:
        path = _requests(database)
        rows = self._client(database).rows(path, {"branch": branch, "into_branch": database.branch})
        found = [read_request(row, f"GET {path}") for row in rows]
        mine = (one for one in found if (one.branch, one.into_branch) == (branch, database.branch))
        return tuple(sorted(mine, key=lambda one: one.number))

    def queue(self, database: PlanetScaleDatabase) -> tuple[QueuedDeploy, ...]:
        path = f"{_database(database)}/deploy-queue"
        rows = self._client(database).rows(path, {})
        return tuple(sorted(read_queued(row, f"GET {path}") for row in rows))

    def create_branch(self, database: PlanetScaleDatabase, name: str) -> None:
        body = {"name": name, "parent_branch": database.branch}
        self._client(database).send("POST", f"{_database(database)}/branches", body)

    def delete_branch(self, database: PlanetScaleDatabase, name: str) -> None:
        self._refuse_production(database, name)
        self._client(database).send("DELETE", _branch(database, name))

    def run(self, database: PlanetScaleDatabase, branch: str, statements: Sequence[str]) -> None:
        self._refuse_production(database, branch)
        with self._login(database, branch) as login:
            try:
                with self._connected(login, database.keyspace) as session:
                    for sql in statements:
                        session.execute(sql)
            except ServerRefusal as refusal:
                raise statement_failed(branch, SECRETS.of_a_server(str(refusal.error))) from None
            except LinkLost as lost:
                raise unreachable(f"a statement on branch {branch}", lost.reason) from None

    def open_request(self, database: PlanetScaleDatabase, branch: str, notes: str) -> int:
        path = _requests(database)
        body = {
            "branch": branch,
            "into_branch": database.branch,
            "notes": notes,
            "auto_cutover": False,
            "auto_delete_branch": False,
        }
        answer = self._client(database).send("POST", path, body)
        if answer is None:
            raise unclear(f"POST {path}", "it is empty")
        return answer.number("number")

    def deploy(self, database: PlanetScaleDatabase, number: int) -> None:
        self._act(database, number, "deploy", {"instant_ddl": False})

    def cut_over(self, database: PlanetScaleDatabase, number: int) -> None:
        self._act(database, number, "apply-deploy")

    def cancel(self, database: PlanetScaleDatabase, number: int) -> None:
        self._act(database, number, "cancel")

    def close(self, database: PlanetScaleDatabase, number: int) -> None:
        path = f"{_requests(database)}/{number}"
        self._client(database).send("PATCH", path, {"state": "closed"})

    def revert(self, database: PlanetScaleDatabase, number: int) -> None:
        self._act(database, number, "revert")

    def skip_revert(self, database: PlanetScaleDatabase, number: int) -> None:
        self._act(database, number, "skip-revert")

    def _act(
        self,
        database: PlanetScaleDatabase,
        number: int,
        verb: str,
        body: Mapping[str, object] | None = None,
    ) -> None:
        path = f"{_requests(database)}/{number}/{verb}"
        self._client(database).send("POST", path, body)

    def _refuse_production(self, database: PlanetScaleDatabase, name: str) -> None:
        found = self.branch(database, name)
        if found is None:
            raise branch_missing(name)
        if found.is_production or name == database.branch:
            raise branch_of_production(name)

    @contextmanager
    def _login(self, database: PlanetScaleDatabase, branch: str) -> Iterator[BranchLogin]:
        """To this branch alone, and gone at the end: at the latest when its time is over."""
        client, path = self._client(database), f"{_branch(database, branch)}/passwords"
        body = {"name": "reconciler", "role": "admin", "ttl": BRANCH_LOGIN_S}
        answer = client.send("POST", path, body)
        if answer is None:
            raise unclear(f"POST {path}", "it is empty")
        login = BranchLogin(
            login_id=answer.text("id"),
            branch=branch,
            host=answer.text("access_host_url"),
            user=answer.text("username"),
            password=answer.text("plain_text"),
        )
        SECRETS.add(login.password)
        SECRETS.add_address(login.host)
        try:
            if is_local(login.host, None) and not self._is_on_this_machine:
                # Spoken to in the clear, and whoever listens here would be told the password.
                raise unclear(f"POST {path}", "it names this machine for the branch's")
            yield login
        finally:
            with suppress(ReconcilerError):  # it ends by itself
                client.send("DELETE", f"{path}/{_name(login.login_id)}")

    def _client(self, database: PlanetScaleDatabase) -> PlanetScaleClient:
        """Raises InvalidInput for a variable that is not set."""
        label = "the service token of PlanetScale"

        def filled(setting: str, text: str) -> str:
            return expand(text, self._environ, setting=setting, label=label)

        return PlanetScaleClient(
            api_url=self._api_url,
            token_id=filled("token_id", database.token_id),
            token=filled("token", database.token),
            dated=self._note,
        )

    def _note(self, date: str) -> None:
        self._date = date


def _database(database: PlanetScaleDatabase) -> str:
    organization, name = _name(database.organization), _name(database.database)
    return f"/organizations/{organization}/databases/{name}"


def _branch(database: PlanetScaleDatabase, name: str) -> str:
    return f"{_database(database)}/branches/{_name(name)}"


def _requests(database: PlanetScaleDatabase) -> str:
    return f"{_database(database)}/deploy-requests"


def _name(text: str) -> str:
    return quote(text, safe="")
