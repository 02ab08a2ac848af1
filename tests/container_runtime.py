"""Stands in for `docker` and `podman` where there is neither: their command line, as far as the
product says it, with a real server as what is in the image.

A container outlives the command that runs it, as with the real ones; a command, an option or a
form of one that is not known here ends with 125. What the runtime has, and what goes wrong with it,
is in `config.json` of the folder in which the program stands; what was asked of it, in `calls`.
The standard library only: it is started for each question.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

Container = dict[str, Any]


class Stand:
    """The runtime's state, all of it files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def config(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "config.json").read_text())
        return found

    def place(self, name: str) -> Path:
        return self.folder / "containers" / name

    def container(self, name: str) -> Container | None:
        with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
            found: Container = json.loads((self.place(name) / "state.json").read_text())
            return found
        return None

    def keep(self, name: str, state: Container) -> None:
        fresh = self.place(name) / "state.new"
        fresh.write_text(json.dumps(state))
        fresh.replace(self.place(name) / "state.json")

    def names(self) -> list[str]:
        return sorted(path.parent.name for path in self.folder.glob("containers/*/state.json"))

    @property
    def images(self) -> list[str]:
        pulled = self.folder / "pulled"
        return [*self.config["images"], *(pulled.read_text().split() if pulled.exists() else ())]


def main(program: Path, arguments: list[str]) -> int:
    stand = Stand(program.parent)
    if arguments[0] == "monitor":
        return monitor(stand, arguments[1], arguments[2:])
    with (stand.folder / "calls").open("a") as calls:
        calls.write(json.dumps([program.name, *arguments]) + "\n")
    if said := stand.config.get("down"):
        fail(said, 1)
    match arguments:
        case ["ps", "--all", filtered, "--format={{.Names}}"]:
            label = value(filtered, "--filter=label=")
            for name in stand.names():
                if (stand.container(name) or {})["label"] == label:
                    tell(name)
        case ["image", "inspect", "--format={{.Id}}", reference]:
            if reference not in stand.images:
                fail(f"Error: No such image: {reference}", 1)
            tell(stand.config.get("ids", {}).get(reference, f"sha256:{'0' * 64}"))
        case ["pull", reference]:
            if reference not in stand.config.get("registry", []):
                fail(f"Error response from daemon: pull access denied for {reference}", 1)
            with (stand.folder / "pulled").open("a") as pulled:
                pulled.write(f"{reference}\n")
        case ["port", name, inside]:
            return port(stand, name, inside)
        case ["rm", "--force", "--volumes", name]:
            return remove(stand, name)
        case ["run", *rest]:
            return run(stand, program, rest)
        case _:
            fail(f"unknown command: {arguments}", 125)
    return 0


def port(stand: Stand, name: str, inside: str) -> int:
    found = stand.container(name)
    if found is None:
        fail(f"Error response from daemon: No such container: {name}", 1)
    if f"{found['inside']}/tcp" != inside:
        fail(f"Error: No public port '{inside}' published for {name}", 1)
    tell(f"{stand.config.get('published_at', found['address'])}:{found['port']}")
    return 0


def remove(stand: Stand, name: str) -> int:
    """As with the real ones, whoever runs it sees it end."""
    found = stand.container(name)
    if found is None:
        fail(f"Error response from daemon: No such container: {name}", 1)
    for number in (found.get("pid"), found["monitor"]):
        with contextlib.suppress(ProcessLookupError):
            if number:
                os.kill(number, signal.SIGKILL)
    shutil.rmtree(stand.place(name), ignore_errors=True)
    tell(name)
    return 0


def run(stand: Stand, program: Path, arguments: list[str]) -> int:
    options, inside = parsed(arguments)
    reference, *told = inside
    if reference not in stand.images:
        fail(f"Unable to find image '{reference}' locally", 125)
    published = re.fullmatch(r"([0-9.]+)::([0-9]+)", options["publish"])
    if published is None or "rm" not in options:
        fail(f"not known here: {options}", 125)
    name = options["name"]
    stand.place(name).mkdir(parents=True)
    (stand.place(name) / "log").touch()
    number = free_port()
    state = {"address": published[1], "inside": int(published[2]), "port": number}
    # The file is there before the container is: who looks for it meets it, running or not.
    kept = {**state, "label": options["label"], "monitor": os.getpid()}
    stand.keep(name, kept)
    password = options["env"].get("MYSQL_ROOT_PASSWORD", "")
    monitoring = subprocess.Popen(
        [program, "monitor", name, *told],
        start_new_session=True,  # of the daemon, not of this command
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "STAND_ROOT_PASSWORD": password},
    )
    return attached(stand, name, monitoring)


def attached(stand: Stand, name: str, monitoring: subprocess.Popen[bytes]) -> int:
    """Says what the container says, hands signals on, and ends when it has ended."""

    def hand_on(number: int, _frame: object) -> None:
        if (found := stand.container(name)) and found.get("pid"):
            os.kill(found["pid"], number)

    signal.signal(signal.SIGTERM, hand_on)
    with (stand.place(name) / "log").open("rb") as log:
        while monitoring.poll() is None:
            say(log.read())
            time.sleep(0.05)
        say(log.read())
    return monitoring.returncode if monitoring.returncode >= 0 else 137


def monitor(stand: Stand, name: str, told: list[str]) -> int:
    """Keeps the container, and removes it when it has ended (`--rm`)."""
    place, config = stand.place(name), stand.config
    state = stand.container(name) or {}
    with (place / "log").open("ab") as log:
        command = inside_of(place, state, config, told)
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        stand.keep(name, {**state, "monitor": os.getpid(), "pid": process.pid})
        status = process.wait()
    shutil.rmtree(place, ignore_errors=True)
    return status


def inside_of(place: Path, state: Container, config: dict[str, Any], told: list[str]) -> list[str]:
    if script := config.get("instead"):
        return ["sh", "-c", script]
    shutil.copytree(config["data"], place / "data", symlinks=True)
    password = os.environ["STAND_ROOT_PASSWORD"]
    (place / "init.sql").write_text(
        f"CREATE USER root@'%' IDENTIFIED BY '{password}';\n"
        "GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;\n"
    )
    own = {
        "datadir": place / "data",
        "init-file": place / "init.sql",
        "socket": place / "s",
        "pid-file": place / "pid",
        "port": state["port"],
        "bind-address": "127.0.0.1",
    }
    as_root = ["--user=root"] if os.geteuid() == 0 else []
    mine = [f"--{key}={value}" for key, value in own.items()]
    return [config["server"], "--no-defaults", *as_root, *told, *mine, *config["more"]]


def parsed(arguments: list[str]) -> tuple[dict[str, Any], list[str]]:
    """Options stand before the image, as both runtimes want it."""
    options: dict[str, Any] = {"env": {}}
    inside = [*arguments]
    while inside and inside[0].startswith("-"):
        word = inside.pop(0)
        name, _, text = word.removeprefix("--").partition("=")
        if name == "env":
            variable, is_given, given = text.partition("=")
            found = given if is_given else os.environ.get(variable)
            options["env"] |= {} if found is None else {variable: found}
        elif name == "security-opt":
            value(text, "no-new-privileges")
        elif name in ("rm", "name", "label", "publish", "tmpfs"):
            options[name] = text
        else:
            fail(f"unknown flag: {word}", 125)
    if not inside:
        fail('"run" requires at least 1 argument.', 125)
    return options, inside


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
        return number


def value(word: str, before: str) -> str:
    if not word.startswith(before):
        fail(f"unknown flag: {word}", 125)
    return word.removeprefix(before)


def say(heard: bytes) -> None:
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.buffer.write(heard)
        sys.stdout.buffer.flush()


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def fail(words: str, status: int) -> NoReturn:
    sys.stderr.write(f"{words}\n")
    sys.exit(status)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
