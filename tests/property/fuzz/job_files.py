"""What a job reads besides the repository: its event file, and the plans that another job left."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from reconciler.edges.github.artifacts import ARTIFACT, plans_in
from reconciler.edges.github.job import read_event
from tests.property.fuzz.reader import Reader
from tests.property.fuzz.repository_files import PLAN_JSON, PLAN_SQL

SHA = "a" * 40
REPOSITORY = {"full_name": "acme/shop", "default_branch": "main"}
PULL_REQUEST = {
    "pull_request": {
        "number": 3,
        "head": {"ref": "feature", "sha": SHA, "repo": REPOSITORY},
        "base": {"ref": "main", "sha": SHA, "repo": REPOSITORY},
    }
}
EVENTS = {
    "pull_request": PULL_REQUEST,
    "merge_group": {"merge_group": {"base_sha": SHA}},
    "push": {"repository": REPOSITORY},
}


def _event(content: bytes) -> Any:
    """Tried as every kind of event: the name comes from elsewhere."""
    name = next((name for name in EVENTS if f'"{name}"'.encode() in content[:40]), "push")
    return read_event(name, content, {"GITHUB_REF": "refs/heads/main"})


def archive(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as folder:
        for path, content in files.items():
            folder.writestr(path, content)
    return made.getvalue()


PLANS = {"production/commerce.plan.json": PLAN_JSON, "production/commerce.plan.sql": PLAN_SQL}


def _are_pairs_of_names(plans: dict[str, bytes]) -> None:
    for path in plans:
        assert path in PLANS or path.count("/") == 1
        assert ".." not in path.split("/")
        assert path.replace(".plan.json", ".plan.sql") in plans
        assert path.replace(".plan.sql", ".plan.json") in plans


def _many_names(size: int) -> bytes:
    return archive({f"p/k{number}.plan.sql": b"" for number in range(size // 200)})


READERS = (
    Reader(
        name="event",
        read=_event,
        seeds=tuple(json.dumps(payload).encode() for payload in EVENTS.values()),
        words=(b'"sha"', b'"repo"', b"null", b'"number"', b'"ref"'),
        grown=(
            ("keys", lambda size: b"{" + b'"a":0,' * (size // 6) + b'"a":0}'),
            ("lists", lambda size: b"[" + b"[]," * (size // 3) + b"0]"),
        ),
    ),
    Reader(
        name="plan-archive",
        read=lambda content: plans_in(content, ARTIFACT),
        seeds=(archive(PLANS), archive({**PLANS, "README": b"x"})),
        words=(b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"../", b"production/", b"\xff" * 4),
        check=_are_pairs_of_names,
        grown=(("names", _many_names),),
    ),
)
