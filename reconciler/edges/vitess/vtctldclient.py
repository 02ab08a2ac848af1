"""Asks vtctld, through Vitess' own program `vtctldclient` (decision 31).

Rule: what it is asked is bounded in time and in size, and it is told where to go and who asks by
its options alone (VT-1). Vitess' words may hold addresses: nobody is shown them as they are.
"""

from __future__ import annotations

import json
import logging
import re
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.edges.programs import bare_environment
from reconciler.edges.vitess.limits import (
    VTCTLD_ANSWER_BYTES_MAX,
    VTCTLD_ANSWER_S_MAX,
    VTCTLD_GRACE_S,
    VTCTLD_WAITED_FOR_S,
)

LOG = logging.getLogger("reconciler.vitess")
LOG.addHandler(logging.NullHandler())  # without one, Python would print to standard error itself

#: gRPC's words for an address where nobody answers, or not in time.
NOT_REACHED = frozenset({"Unavailable", "DeadlineExceeded"})
#: gRPC's words for a login that is not taken, with ours: Vitess' own hold the user's name (PL-12).
NOT_LET_IN = {
    # Also of a password that is wrong.
    "PermissionDenied": "it does not accept this user and password, or not for what was asked",
    "Unauthenticated": "it asks for a user and a password",
}

_RPC_ERROR = re.compile(r"rpc error: code = (\w+) desc = (.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class VtctldAnswer:
    """`text` is what was asked for. Where it was refused, `status` is gRPC's word for why, or
    '', and `words` are Vitess' own, which may hold addresses."""

    is_done: bool
    text: str = ""
    status: str = ""
    words: str = ""

    @property
    def was_reached(self) -> bool:
        return self.is_done or self.status not in NOT_REACHED

    @property
    def was_let_in(self) -> bool:
        return self.status not in NOT_LET_IN


@dataclass(frozen=True, slots=True, kw_only=True)
class VtctldClient:
    """`program` asks the vtctld at `address`; `options` are of TLS and of who asks."""

    program: Path
    address: str = field(repr=False)
    options: tuple[str, ...] = field(default=(), repr=False)
    grace_s: float = VTCTLD_GRACE_S
    told_after_s: float = VTCTLD_WAITED_FOR_S

    def ask(self, *arguments: str, limit_s: int = VTCTLD_ANSWER_S_MAX) -> VtctldAnswer:
        """Asked once. An answer that is lost leaves open whether it was done: look."""
        command: list[str | Path] = [
            *(self.program, f"--server={self.address}", f"--action-timeout={limit_s}s"),
            *("--logtostderr", f"--grpc-max-message-size={VTCTLD_ANSWER_BYTES_MAX}"),
            *(*self.options, *arguments),
        ]
        slow = threading.Timer(self.told_after_s, LOG.warning, (_waited_for(limit_s),))
        slow.daemon = True
        slow.start()
        try:
            done = subprocess.run(
                command,
                cwd="/",
                stdin=subprocess.DEVNULL,
                env=bare_environment(),
                capture_output=True,
                text=True,
                errors="replace",
                timeout=limit_s + self.grace_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return VtctldAnswer(is_done=False, status="DeadlineExceeded", words="no answer in time")
        except OSError as error:
            return VtctldAnswer(is_done=False, status="Unavailable", words=str(error))
        finally:
            slow.cancel()
        if done.returncode == 0:
            return VtctldAnswer(is_done=True, text=done.stdout)
        return _refusal(done.stderr)


def _waited_for(limit_s: int) -> str:
    return f"vtctld does not answer yet; it is waited for, up to {limit_s} s"


def _refusal(log: str) -> VtctldAnswer:
    """The last line that is an error says why; the lines are JSON, one each."""
    said = [record["msg"] for record in map(_record, log.splitlines()) if "msg" in record]
    words = str(said[-1]) if said else log.strip()
    match = _RPC_ERROR.match(words)
    if match is None:
        return VtctldAnswer(is_done=False, words=words)
    status = match[1]
    return VtctldAnswer(is_done=False, status=status, words=NOT_LET_IN.get(status, match[2]))


def _record(line: str) -> dict[str, object]:
    try:
        record = json.loads(line)
    except ValueError:
        return {}
    return record if isinstance(record, dict) and record.get("level") == "ERROR" else {}
