"""What the machine has room for: how many test processes, and whether their files fit in memory."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

_GIB = 1 << 30

# Each test process runs up to five servers of its own, and most of its time it waits for them.
PROCESSES_PER_CORE_MAX = 2
MEMORY_PER_PROCESS_BYTES = 3 * _GIB
# What five servers write: a DDL statement makes files, and a disk is what tests wait for most.
FILES_PER_PROCESS_BYTES = 2 * _GIB
# What tests write themselves: repositories, ledgers, sandboxes.
FILES_OF_TESTS_BYTES = 2 * _GIB
# Besides, a test may run some of its own that it kills, each of at most about 170 MB of files.
SERVERS_BESIDE_MAX = 3
SERVER_FILES_BYTES = _GIB // 4
SERVER_MEMORY_BYTES = _GIB // 2

_MEMORY_FOLDER = Path("/dev/shm")
_DISK_FOLDER = Path("/var/tmp")


def processes() -> int:
    """At least as many as there are cores."""
    wanted = min(PROCESSES_PER_CORE_MAX * cores(), _memory_free_bytes() // MEMORY_PER_PROCESS_BYTES)
    return max(cores(), wanted)


def memory_folder(for_processes: int) -> Path | None:
    """A folder whose files stay in memory, if it has room for those of tests, and for those of the
    servers of so many processes."""
    if not os.access(_MEMORY_FOLDER, os.W_OK):
        return None
    files_bytes = FILES_OF_TESTS_BYTES + for_processes * FILES_PER_PROCESS_BYTES
    has_room = shutil.disk_usage(_MEMORY_FOLDER).free >= files_bytes
    memory_bytes = for_processes * MEMORY_PER_PROCESS_BYTES + files_bytes
    return _MEMORY_FOLDER if has_room and _memory_free_bytes() >= memory_bytes else None


def server_folder() -> Path | None:
    """Where the files of a server go that a test starts and kills by itself: in memory, if there is
    room for those of every process that may be about to; None: where temporary files go."""
    told = Path(tempfile.gettempdir())
    is_memory = told.is_relative_to(_MEMORY_FOLDER)
    if "TMPDIR" in os.environ and not is_memory:
        return None
    if not os.access(_MEMORY_FOLDER, os.W_OK):
        return None
    servers = SERVERS_BESIDE_MAX * PROCESSES_PER_CORE_MAX * cores()
    has_room = shutil.disk_usage(
        _MEMORY_FOLDER
    ).free >= servers * SERVER_FILES_BYTES and _memory_free_bytes() >= servers * (
        SERVER_FILES_BYTES + SERVER_MEMORY_BYTES
    )
    return _MEMORY_FOLDER if has_room else _DISK_FOLDER if is_memory else None


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _memory_free_bytes() -> int:
    """0 where nothing tells."""
    try:
        told = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return 0
    found = re.search(r"^MemAvailable: +(\d+) kB$", told, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0
