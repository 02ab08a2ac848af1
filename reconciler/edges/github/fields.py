"""GitHub's JSON, read strictly."""

from __future__ import annotations

from reconciler.edges.github.problems import unclear
from reconciler.edges.json_object import JsonObject
from reconciler.errors import Unavailable
from reconciler.guard.review.account import Account, AccountKind
from reconciler.model.git_id import is_git_id


class Fields(JsonObject):
    def _unclear(self, what: str) -> Unavailable:
        return unclear(self._call, what)

    def object_id(self, key: str) -> str:
        """Of a commit, a tree or a blob, whole."""
        found = self.text(key)
        if not is_git_id(found):
            raise self._unclear(f"{key} is not the id of an object")
        return found

    def account(self, key: str) -> Account | None:
        """None stands for an account that was deleted."""
        user = self.inner_or_none(key)
        return None if user is None else user.as_account()

    def as_account(self) -> Account:
        kinds = {
            AccountKind.PERSON.value: AccountKind.PERSON,
            AccountKind.BOT.value: AccountKind.BOT,
        }
        return Account(
            id=self.number("id"),
            login=self.text("login"),
            kind=kinds.get(self.text("type"), AccountKind.OTHER),
        )
