"""A proposed split is written into the spec as a person would, or not at all."""

from __future__ import annotations

import pytest

from reconciler.spec.read import read_spec
from reconciler.spec.split_edit import split_edit
from tests.sections import CASES

HEAD = """\
version: 1
keyspace: commerce
schema: schemas/commerce
key_function: xxhash
tables:
  orders: {shard_by: customer_id}
environments:
  production:
    connection: {host: "db-{shard}.internal", database: commerce, user: u}
"""
BLOCK = """\
    # as of May
    shards:
      - "-80"  # the old one
      - "80-"
    rollout: {parallel: 2}
"""
FLOW = """\
    shards: ['-80', "80-"]
    rollout: {parallel: 2}
"""
OVERRIDES = """\
    shards:
      - name: "-80"
        connection:
          host: a.internal
      - {name: "80-", connection: {host: b.internal}}
"""
TARGETS = ("-40", "40-80")


def split(body: str, shard: str = "-80", targets: tuple[str, ...] = TARGETS) -> str | None:
    edit = split_edit(HEAD + body, "specs/commerce.yaml", "production", shard, targets)
    return edit.text if edit else None


def test_only_the_shard_s_lines_change() -> None:
    assert split(BLOCK) == (
        HEAD
        + """\
    # as of May
    shards:
      - "-40"
      - "40-80"
      - "80-"
    retiring:
      - "-80"  # the old one
    rollout: {parallel: 2}
"""
    )
    assert split(FLOW) == (
        HEAD
        + """\
    shards: ["-40", "40-80", "80-"]
    retiring: ["-80"]
    rollout: {parallel: 2}
"""
    )


def test_a_shard_with_a_server_of_its_own_is_replaced_by_such() -> None:
    edited = split(OVERRIDES)
    assert edited == (
        HEAD
        + """\
    shards:
      - name: "-40"
        connection: {host: new-server-1.invalid}
      - name: "40-80"
        connection: {host: new-server-2.invalid}
      - {name: "80-", connection: {host: b.internal}}
    retiring:
      - name: "-80"
        connection:
          host: a.internal
"""
    )
    last = split(OVERRIDES, "80-", ("80-c0", "c0-"))
    assert last is not None
    environment = read_spec(last, "specs/commerce.yaml").environment("production")
    assert environment is not None
    assert [(one.name, one.connection.host) for one in environment.retiring] == [
        ("80-", "b.internal")
    ]


@pytest.mark.parametrize(
    "body",
    [
        "    shards: {count: 2}\n",
        '    shards:\n      ["-80",\n       "80-"]\n',
        (
            '    shards: &all ["-80", "80-"]\n  staging:\n    connection: {host: s, user: u,'
            " database: 'c_{shard}'}\n    shards: *all\n"
        ),
        '    shards: ["-80", "80-"]\n    retiring: ["c0-"]\n',
    ],
    ids=["a count", "over several lines", "an alias", "a move already"],
)
def test_what_only_a_person_can_edit_is_left_to_one(body: str) -> None:
    assert split(body) is None


def shown(body: str, shard: str, targets: tuple[str, ...]) -> list[str]:
    edit = split_edit(HEAD + body, "specs/commerce.yaml", "production", shard, targets)
    assert edit is not None
    return list(edit.shown)


@pytest.mark.invariant("PL-12")
def test_what_is_shown_of_a_spec_names_no_server_and_no_login() -> None:
    assert shown(BLOCK, "-80", TARGETS) == [
        "--- a/specs/commerce.yaml",
        "+++ b/specs/commerce.yaml",
        "@@ -12,1 +12,2 @@",
        '-      - "-80"',
        '+      - "-40"',
        '+      - "40-80"',
        "@@ -13,0 +15,2 @@",
        "+    retiring:",
        '+      - "-80"',
    ]
    assert shown(FLOW, "-80", TARGETS)[3:] == [
        """-    shards: ['-80', "80-"]""",
        '+    shards: ["-40", "40-80", "80-"]',
        '+    retiring: ["-80"]',
    ]
    for shard, targets in (("-80", TARGETS), ("80-", ("80-c0", "c0-"))):
        text = "\n".join(shown(OVERRIDES, shard, targets))
        assert "internal" not in text
        assert "host: new-server-2.invalid" in text
        assert "..." in text


def test_a_list_of_deployments_is_for_a_person_to_edit() -> None:
    text = (CASES / "spec" / "deployments.yaml").read_text(encoding="utf-8")
    for name in ("production", "production.primary"):
        assert split_edit(text, "specs/k.yaml", name, "-80", ("-40", "40-80")) is None
