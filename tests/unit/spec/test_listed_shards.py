"""Shards from a file beside the spec: as if the spec listed them, and bound as the spec is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import InvalidInput, ReconcilerError, Refused
from reconciler.flows.forge.doctor import examine_forge
from reconciler.flows.forge.history import rules_said
from reconciler.flows.gates import was_made_from
from reconciler.flows.keyspaces import Loaded
from reconciler.flows.verify import verify_keyspace
from reconciler.plan.files import read_plan
from reconciler.ports.forge_settings import CodeOwners
from reconciler.spec.listed_shards import lists_of
from reconciler.spec.load import load_keyspace
from reconciler.spec.model import Environment, ReviewRule
from reconciler.spec.read import read_spec
from reconciler.spec.tree import path_is_a_link
from tests.offline_fleet import (
    ENVIRONMENT,
    KEYSPACE,
    SPEC,
    SPEC_PATH,
    Files,
    environment,
    fleet,
    repository,
    with_plan,
    world,
)
from tests.unit.flows.forge.test_doctor_checks import SETTINGS

LIST = "specs/shop.shards"
LISTED = SPEC.replace("shards: {count: 2}", f"shards: {{file: {LIST}}}")
TEXT = "-80  # the first\n80-\n"


def listed(text: str | None = TEXT, *, spec: str = LISTED) -> Files:
    files = repository(spec=spec)
    if text is not None:
        files.content[LIST] = text.encode()
    return files


def found(text: str, *, spec: str = LISTED) -> Environment:
    return environment(listed(text, spec=spec).keyspace())


def refused(files: Files) -> list[str]:
    with pytest.raises(ReconcilerError) as raised:
        load_keyspace(files, SPEC_PATH)
    return [str(problem) for problem in raised.value.problems]


@pytest.mark.invariant("GD-18")
def test_a_listed_shard_is_one_of_the_spec() -> None:
    assert found(TEXT) == environment(repository().keyspace())
    at = {
        shard.name: (shard.connection.host, shard.connection.port, shard.connection.database)
        for shard in found("-80 one.internal:3307 other\n80- two.internal\n").shards
    }
    assert at == {"-80": ("one.internal", "3307", "other"), "80-": ("two.internal", "3306", "d")}


@pytest.mark.invariant("GD-18")
@pytest.mark.parametrize("change", ["-80\n80-\n", "-80 db-80-\n80- db--80\n", None])
def test_a_list_that_changed_between_review_and_apply_refuses(change: str | None) -> None:
    """Also where it means the same: nobody reviewed these bytes."""
    files = with_plan(listed(), fleet())
    plan = read_plan(files, ENVIRONMENT, KEYSPACE)
    assert plan is not None
    assert LIST in [one.path for one in plan.core.inputs]
    assert was_made_from(plan, files.keyspace())
    if change is None:
        del files.content[LIST]
        assert "there is no file" in refused(files)[0]
        return
    files.content[LIST] = change.encode()
    keyspace = files.keyspace()
    assert not was_made_from(plan, keyspace), "servers would be asked that nobody reviewed"
    verified = verify_keyspace(world(fleet()), keyspace, environment(keyspace), tree=files)
    assert "input-changed" in [refusal.code for refusal in verified.refusals]


@pytest.mark.invariant("GD-18")
def test_what_regions_saw_is_of_the_list_that_they_had() -> None:
    one, other = (listed(text).keyspace().spec_sha256 for text in (TEXT, TEXT + "#\n"))
    assert one != other


@pytest.mark.invariant("GD-18")
@pytest.mark.parametrize(
    "path",
    [
        "shop.shards",
        "schemas/shop.shards",
        "specs/../x.shards",
        "specs/a/b.shards",
        "specs/shop.txt",
        "/specs/shop.shards",
        "specs/.shards",
        "specs/sh\u00f6p.shards",
    ],
)
def test_a_list_lies_beside_the_specs_and_nowhere_else(path: str) -> None:
    files = listed()
    text = LISTED.replace(LIST, f'"{path}"')
    files.content[SPEC_PATH] = text.encode()
    files.content[path] = TEXT.encode()
    assert refused(files)


def test_what_is_wrong_with_a_list_is_told_at_its_line() -> None:
    (told,) = refused(listed("-80\n80- a b c\n"))
    assert told.startswith(f"{LIST}:2: ")
    assert refused(listed("# ours\n-80\n\n8Z-\n"))[0].startswith(f"{LIST}:4:1: '8Z-' is neither")
    (told,) = refused(listed("-80\n90-\n"))
    assert told.startswith(f"{LIST}:1:1: "), "there is a gap"
    assert "it has 4 words" in refused(listed("-80\n80- a b c\n"))[0]
    assert refused(listed("\n"))
    assert "has a line already" in refused(listed("-80\n-80\n80-\n"))[0]
    with pytest.raises(InvalidInput, match="no repository"):
        read_spec(LISTED, SPEC_PATH)


def test_regions_and_deployments_have_lists_too() -> None:
    regions = SPEC.replace(
        "    shards: {count: 2}\n",
        "    regions:\n"
        "      eu: {shards: {file: specs/eu.shards}}\n"
        "      us: {shards: {file: specs/us.shards}}\n",
    )
    files = repository(spec=regions)
    files.content |= {"specs/eu.shards": b"-80\n", "specs/us.shards": b"80-\n"}
    keyspace = files.keyspace()
    assert [(one.name, one.shards) for one in environment(keyspace).regions] == [
        ("eu", ("-80",)),
        ("us", ("80-",)),
    ]
    assert keyspace.lists == ("specs/eu.shards", "specs/us.shards")
    assert lists_of(regions, SPEC_PATH, ENVIRONMENT) == keyspace.lists
    assert lists_of(regions, SPEC_PATH, "elsewhere") == ()
    files.content["specs/us.shards"] = b"\n8Z-\n"
    assert refused(files)[0].startswith("specs/us.shards:2:1: ")
    files.content["specs/us.shards"] = b"80-\n"
    deployed = SPEC + (
        "    deployments:\n"
        "      - {name: main, connection: {database: m}}\n"
        f"      - {{name: dr, connection: {{database: r}}, shards: {{file: {LIST}}}}}\n"
    )
    assert lists_of(deployed, SPEC_PATH, "production.dr") == (LIST,)
    assert refused(listed("# of dr\n8Z-\n", spec=deployed))[0].startswith(f"{LIST}:2:1: ")
    dr = listed("-\n", spec=deployed).keyspace().spec.environment("production.dr")
    assert dr is not None
    assert dr.shard_names == ("-",)


@pytest.mark.invariant("GD-18")
@pytest.mark.parametrize(
    ("spec", "asks"),
    [
        (LISTED, {}),
        (LISTED + "    rollout: {canary: [-80]}\n", {}),
        (
            LISTED
            + "    deployments:\n      - {name: a, review: {approvals: 4}}\n      - {name: b}\n",
            {"production.a": 4, "production.b": 3},
        ),
        (
            f"""\
version: 1
keyspace: shop
kind: vitess
schema: schemas/shop
environments:
  production:
    vitess: {{vtgate: {{host: a, user: u}}, vtctld: {{address: "a:1"}}}}
    shards: {{file: {LIST}}}
""",
            {},
        ),
    ],
)
def test_the_review_rule_is_read_whatever_becomes_of_the_list(
    spec: str, asks: dict[str, Any]
) -> None:
    """Or a commit whose list is broken would say no rule, and the weakest would be in force."""
    text = spec + "    review: {approvals: 3}\n"
    said = dict(rules_said(text.encode(), SPEC_PATH))
    for name, approvals in (asks or {"production": 3}).items():
        assert said[name] == ReviewRule(approvals=approvals)


@pytest.mark.invariant("GD-18")
def test_the_forge_is_asked_who_owns_a_list() -> None:
    """A line for `specs/*.yaml` owns the spec, and not where it has its shards from."""
    files = listed().keyspace()
    loaded = Loaded(root=Path(), tree=listed(), keyspaces={KEYSPACE: files})
    owners = CodeOwners(text="* @ada\n/specs/*.shards\n")
    settings = replace(SETTINGS, code_owners=owners)
    found = examine_forge(settings, loaded, repository="acme/shop", below="", now_s=0.0).findings
    (told,) = (one for one in found if one.subject == "CODEOWNERS")
    assert told.message == f"nobody owns {LIST}"


def test_no_link_is_followed_to_a_list() -> None:
    class Linked(Files):
        def read(self, path: str, *, bytes_max: int) -> bytes:
            if path == LIST:
                raise Refused(path_is_a_link(path))
            return super().read(path, bytes_max=bytes_max)

    assert "link" in refused(Linked(listed().content))[0]
