"""`python -I -S tests/preloaded_command.py SOCKET -m reconciler ...`: a command that a shell types,
forked as those that a test starts (tests/preloaded.py). It has the shell's streams, folder and
environment, and is told to end when this process is, which ends as it has ended.

Rule: nothing is imported that takes time, for that is what this is there to save.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Sequence


def ask(asking: socket.socket, arguments: Sequence[str], files: Sequence[int]) -> None:
    """For a process of these arguments: `files` are its three streams, and where its end is
    told."""
    asked = {"arguments": [*arguments], "environ": {**os.environ}, "folder": os.getcwd()}
    socket.send_fds(asking, [json.dumps(asked).encode()], files)


def main() -> int:
    place, *arguments = sys.argv[1:]
    ends, telling = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with socket.socket(fileno=int(place)) as asking, telling:
        ask(asking, arguments, (0, 1, 2, telling.fileno()))
    with ends:
        process_id = int(ends.recv(32))
        signal.signal(signal.SIGTERM, lambda number, _: os.kill(process_id, number))
        code = int(ends.recv(32))
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
