"""A branch is spoken to by its login, and a login never shows itself."""

from __future__ import annotations

import pytest

from reconciler.edges.planetscale.branch_sql import BranchLogin, connect_to_branch
from reconciler.errors import Unavailable

LOGIN = BranchLogin(
    login_id="id", branch="dev", host="branch.invalid", user="somebody", password="pscale_pw_x"
)


@pytest.mark.invariant("PL-12")
def test_a_branch_that_cannot_be_reached_is_told_without_its_login() -> None:
    with pytest.raises(Unavailable) as unavailable:
        connect_to_branch(LOGIN, "shop")
    said = f"{unavailable.value} {LOGIN!r}"
    assert "branch dev" in said
    for secret in ("branch.invalid", "somebody", "pscale_pw_x"):
        assert secret not in said
