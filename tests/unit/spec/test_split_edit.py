"""A proposed split is written into the spec as a person would, or not at all."""

from __future__ import annotations

import pytest

from reconciler.spec.read import read_spec
from reconciler.spec.split_edit import with_split

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
    return with_split(HEAD + body, "specs/commerce.yaml", "production", shard, targets)


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
        '    shards: &all ["-80", "80-"]\n  staging:\n'
        "    connection: {host: s, database: 'c_{shard}', user: u}\n    shards: *all\n",
        '    shards: ["-80", "80-"]\n    retiring: ["c0-"]\n',
    ],
    ids=["a count", "over several lines", "an alias", "a move already"],
)
def test_what_only_a_person_can_edit_is_left_to_one(body: str) -> None:
    assert split(body) is None
