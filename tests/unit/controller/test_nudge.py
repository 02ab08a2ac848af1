"""A nudge is signed, and is taken once."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from reconciler.controller.nudge import NudgeEnd, NudgeJudge

SECRET = b"s" * 32
BODY = b'{"ref": "refs/heads/main"}'


def signature(body: bytes, secret: bytes = SECRET) -> str:
    return "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


@pytest.mark.invariant("RG-46")
def test_a_signed_call_is_taken_once() -> None:
    judge = NudgeJudge(SECRET)
    assert judge.judge(BODY, signature(BODY)) is NudgeEnd.TAKEN
    assert judge.judge(BODY, signature(BODY)) is NudgeEnd.SAID_BEFORE
    assert judge.judge(BODY, signature(BODY).upper().replace("SHA256", "sha256")) is (
        NudgeEnd.SAID_BEFORE
    )
    assert judge.judge(BODY + b" ", signature(BODY + b" ")) is NudgeEnd.TAKEN


@pytest.mark.invariant("RG-46")
@pytest.mark.parametrize(
    "told",
    [
        "",
        "sha256=",
        "sha256=zz",
        "sha1=" + hmac.new(SECRET, BODY, hashlib.sha1).hexdigest(),
        signature(BODY)[:-2],
        signature(BODY) + "00",
        signature(BODY).removeprefix("sha256="),
        signature(BODY, b"t" * 32),
        signature(b""),
        "sha256=" + "\u0661" * 64,
    ],
)
def test_anything_else_is_forged(told: str) -> None:
    assert NudgeJudge(SECRET).judge(BODY, told) is NudgeEnd.FORGED


def test_what_is_remembered_is_bounded() -> None:
    judge = NudgeJudge(SECRET, kept_max=2)
    bodies = (b"1", b"2", b"3")
    assert [judge.judge(b, signature(b)) for b in bodies] == [NudgeEnd.TAKEN] * 3
    assert judge.judge(b"3", signature(b"3")) is NudgeEnd.SAID_BEFORE
    assert judge.judge(b"1", signature(b"1")) is NudgeEnd.TAKEN
