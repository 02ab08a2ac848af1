"""Swaps one trigger of a table for another and back, again and again, until it is killed:

python -m tests.integration.trigger_swaps '{"host": ..., "port": ..., "definer": ...}'
"""

from __future__ import annotations

import itertools
import json
import sys

from reconciler.ddl.statement.trigger import SwapParts, swap_parts
from reconciler.edges.client.target import Target
from reconciler.edges.mysql.connect import Link, connect
from reconciler.edges.mysql.session_settings import set_session
from reconciler.edges.mysql.trigger_swap import begin_swap, finish_swap

LOCK_WAIT_S = 5
BODIES = (
    "INSERT INTO audit (row_id, what) VALUES (NEW.id, 'one')",
    "BEGIN INSERT INTO audit (row_id, what) VALUES (NEW.id, 'two'); END",
)


def swap_to(body: str, definer: str) -> SwapParts:
    parts = swap_parts(
        "LOCK TABLES `t` WRITE;\nDROP TRIGGER IF EXISTS `x`;\n"
        f"CREATE DEFINER={definer} TRIGGER `x` AFTER INSERT ON `t` FOR EACH ROW {body};\n"
        "UNLOCK TABLES"
    )
    assert parts is not None, "the form of plans"
    return parts


def swap(link: Link, parts: SwapParts) -> None:
    begin_swap(link, parts)
    while not link.answer_begins_within(0.1):
        pass
    link.take_answer()
    finish_swap(link, parts, "x")


def main() -> None:
    told = json.loads(sys.argv[1])
    definer = told.pop("definer")
    target = Target(
        label="the server",
        socket=None,
        tls=None,
        connect_timeout_s=10,
        read_timeout_s=60,
        **told,
    )
    link = connect(target)
    link.execute(set_session((("lock_wait_timeout", str(LOCK_WAIT_S)),)))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for body in itertools.cycle(BODIES):
        swap(link, swap_to(body, definer))


if __name__ == "__main__":
    main()
