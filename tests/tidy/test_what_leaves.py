"""What writes to a stream, a file or the network is known here, with what keeps secrets out of it.

A call that looks like one of these, in a module that is not listed, fails: whoever adds it sends
its text through `edges/secrets.py` and says so, or says here why nothing of a server or of a
connection can be in it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

import pytest

from tests.tidy.source import PACKAGE, nodes, python_files

REDACTS = "sends its text through SECRETS"

KNOWN = {
    "cli/streams.py": REDACTS,
    "edges/files/writer.py": REDACTS,
    "edges/github/runner.py": REDACTS,
    "edges/http.py": REDACTS,
    "edges/http_server/server.py": REDACTS,
    "edges/github/webhook.py": REDACTS,
    "cli/in_place.py": "a console over the standard error of cli/streams.py",
    "edges/engines/gh_ost/last_row.py": "a program of ours and a word to it, for its owner alone",
    "edges/engines/process.py": "what a program of ours needs, for its owner alone",
    "edges/fetching/packages.py": "settings of a package client of our own, to be read by it",
    "edges/fetching/prefixes.py": "a script that starts a program, and a file to lock",
    "edges/files/git_objects.py": "object ids, to git",
    "edges/ledger/engine.py": "a .gitignore of one line",
    "edges/containers/container.py": "a keeper's process number",
    "edges/keeper.py": "process numbers, and the log of a server of our own to its parent",
    "edges/kept.py": "a byte to the keeper",
    "edges/server/process.py": "settings and accounts of a server of our own, to be read by it",
    "edges/server/sandbox.py": "a file to lock, left empty",
    "edges/server/sandbox_state.py": "the sandbox's own logins, to be used: for their owner alone",
    "edges/vitess/local/daemon.py": "logins of a cluster of our own, to be read by it",
    "edges/vitess/vschemas.py": "a plan's VSchema, to be read by vtctldclient",
    "edges/server/warm.py": "a server of our own, its login too: for its owner alone",
    "edges/server/template.py": "files of a server of our own",
}

_PRINTING = {"print", "echo", "secho", "print_exc", "Console"}
_METHODS = {"write", "writelines", "write_text", "write_bytes"}
_SENDING = {"post", "put", "patch", "urlopen"}
_MODULES_THAT_SEND = {"requests", "urllib", "http"}


def sinks_of(found: Iterable[ast.AST]) -> Iterator[ast.Call]:
    for node in found:
        if isinstance(node, ast.Call) and _is_sink(node):
            yield node


def _is_sink(call: ast.Call) -> bool:
    match call.func:
        case ast.Name(id=name):
            return name in _PRINTING or (name in ("open", "fdopen") and _opens_to_write(call))
        case ast.Attribute(value=ast.Name(id=module), attr=name) if module in _MODULES_THAT_SEND:
            return name in {*_SENDING, "request"}
        case ast.Attribute(value=value, attr=name):
            if name in ("open", "fdopen"):
                return _opens_to_write(call)
            # The port of files; its adapter is in the list.
            is_the_port = isinstance(value, ast.Name) and value.id == "writer"
            is_a_record = isinstance(value, ast.Attribute | ast.Name) and not call.args
            return name in _PRINTING or (name in _METHODS and not is_the_port and not is_a_record)
        case _:
            return False


def _opens_to_write(call: ast.Call) -> bool:
    texts = [*call.args, *(each.value for each in call.keywords)]
    values = {each.value for each in texts if isinstance(each, ast.Constant)}
    modes = {value for value in values if isinstance(value, str) and len(value) <= 3}
    return any(set(mode) & set("wax+") for mode in modes)


def modules_that_write() -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for path in python_files(PACKAGE):
        lines = [call.lineno for call in sinks_of(nodes(path, ast.Call))]
        if lines:
            found[path.relative_to(PACKAGE).as_posix()] = lines
    return found


@pytest.mark.invariant("PL-16")
def test_nothing_leaves_past_those_who_keep_secrets() -> None:
    written = modules_that_write()
    unknown = {path: lines for path, lines in written.items() if path not in KNOWN}
    assert not unknown, "send the text through edges/secrets.py, or say why nothing can be in it"
    assert not set(KNOWN) - set(written), "these write nothing any more"


@pytest.mark.invariant("PL-16")
def test_those_who_say_that_they_redact_do() -> None:
    for path, why in KNOWN.items():
        text = (PACKAGE / path).read_text()
        assert ("SECRETS." in text) is (why == REDACTS), path


@pytest.mark.parametrize(
    "code",
    [
        "print(x)",
        "click.echo(x)",
        "sys.stderr.write(x)",
        "path.write_text(x)",
        "open(path, 'w')",
        "path.open('a', encoding='utf-8')",
        "os.write(1, x)",
        "requests.post(url, json=x)",
    ],
)
def test_a_new_one_would_be_seen(code: str) -> None:
    assert list(sinks_of(ast.walk(ast.parse(code))))


@pytest.mark.parametrize("code", ["show(x)", "remark(x)", "writer.write(path, x)", "path.open()"])
def test_what_goes_through_them_is_none(code: str) -> None:
    assert not list(sinks_of(ast.walk(ast.parse(code))))
