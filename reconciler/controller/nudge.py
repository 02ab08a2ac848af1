"""Whether a webhook's call is a nudge: signed, not said before, and not too often.

RG-46: a nudge makes the controller look at git sooner, and says nothing else: what is in it is
never read. So the worst that a replayed one could do is a look, and looks have a pause between.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from enum import StrEnum

from reconciler.controller.limits import NUDGES_KEPT_MAX

_PREFIX = "sha256="


class NudgeEnd(StrEnum):
    TAKEN = "taken"
    SAID_BEFORE = "said before"
    FORGED = "forged"


class NudgeJudge:
    """Remembers what was said. Not for several threads at once."""

    def __init__(self, secret: bytes, *, kept_max: int = NUDGES_KEPT_MAX) -> None:
        assert secret, "without a secret nobody may nudge"
        self._secret, self._kept_max = secret, kept_max
        self._said: OrderedDict[bytes, None] = OrderedDict()

    def judge(self, body: bytes, signature: str) -> NudgeEnd:
        """`signature` as forges send it: `sha256=` and the HMAC-SHA256 of the body in hexadecimal
        digits. It takes as long whatever is wrong with it."""
        right = hmac.new(self._secret, body, hashlib.sha256).digest()
        told = _digest(signature)
        if not hmac.compare_digest(right, told):
            return NudgeEnd.FORGED
        if right in self._said:
            return NudgeEnd.SAID_BEFORE
        self._said[right] = None
        if len(self._said) > self._kept_max:
            self._said.popitem(last=False)
        return NudgeEnd.TAKEN


def _digest(signature: str) -> bytes:
    """Empty for what is none."""
    digits = signature.removeprefix(_PREFIX)
    if not signature.startswith(_PREFIX) or not digits.isascii():
        return b""
    try:
        return bytes.fromhex(digits)
    except ValueError:
        return b""
