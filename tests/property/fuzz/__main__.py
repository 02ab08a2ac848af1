"""Tries readers for as long as asked: `python -m tests.property.fuzz [READER]... [--seconds N]`.

Each reader runs in a process of its own, with a bound on its memory and on the time for one input,
so that a hang or a flood ends the try and not the machine. An input that was too much is left in a
file and named with the seed that makes it again.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import resource
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from tests.property.fuzz.mutations import hostile_from
from tests.property.fuzz.reader import Reader, judge
from tests.property.fuzz.readers import READERS

MEMORY_BYTES_MAX = 2_000_000_000
INPUT_S_MAX = 60
GROWN_BYTES = (50_000, 1_000_000)


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    asked = [reader for reader in READERS if not options.readers or reader.name in options.readers]
    fine = True
    for reader in asked:
        seconds = options.seconds / len(asked)
        tried = multiprocessing.get_context("fork").Process(
            target=_try, args=(reader, options.seed, seconds, options.keep)
        )
        tried.start()
        tried.join()
        fine &= tried.exitcode == 0
        if tried.exitcode not in (0, 1):
            pass
    return 0 if fine else 1


def _options(arguments: list[str]) -> Any:
    names = [reader.name for reader in READERS]
    parser = argparse.ArgumentParser(prog="python -m tests.property.fuzz", description=__doc__)
    parser.add_argument("readers", nargs="*", metavar="READER", help=", ".join(names))
    parser.add_argument("--seconds", type=float, default=60.0, help="for all readers together")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument(
        "--keep", type=Path, default=Path(".hypothesis/fuzz"), help="for inputs that failed"
    )
    options = parser.parse_args(arguments)
    for name in options.readers:
        if name not in names:
            parser.error(f"there is no reader {name!r}; there are {', '.join(names)}")
    return options


def _try(reader: Reader, seed: int, seconds: float, keep: Path) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    signal.signal(signal.SIGALRM, _too_long)
    end = time.monotonic() + seconds
    count, refused = 0, 0
    for name, make in reader.grown:
        for size in GROWN_BYTES:
            refused += _tried(reader, make(size), f"grown {name} {size}", keep)
            count += 1
    while time.monotonic() < end:
        content = hostile_from(reader, random.Random(f"{seed}/{reader.name}/{count}"))
        refused += _tried(reader, content, f"seed {seed}, input {count}", keep)
        count += 1


def _tried(reader: Reader, content: bytes, which: str, keep: Path) -> bool:
    signal.alarm(INPUT_S_MAX)
    try:
        return judge(reader, content) is not None
    except BaseException:
        keep.mkdir(parents=True, exist_ok=True)
        place = keep / f"{reader.name}-{abs(hash(content)):x}"
        place.write_bytes(content)
        traceback.print_exc()
        sys.exit(1)
    finally:
        signal.alarm(0)


def _too_long(_number: int, _frame: object) -> None:
    raise TimeoutError(f"one input took more than {INPUT_S_MAX} s")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
