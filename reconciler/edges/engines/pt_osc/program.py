"""How pt-online-schema-change is called: for the copy alone, and over two connections that we set.

Rules: the login goes in a file that its owner alone can read. The program neither swaps nor drops
anything: its triggers keep the copy up to date when it has ended, and the rest is ours. Its own
connections have the settings of the statement's session, and hold a lock by which everybody sees
that it is at work; once lost they are not made again, for the lock would be lost with them.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.ddl.quote import quote_string
from reconciler.edges.client.target import Target
from reconciler.edges.client.tls import Insecure, TlsFiles
from reconciler.edges.engines.process import private_file
from reconciler.edges.mysql.session_settings import Variables, set_session
from reconciler.model.engine import NOTHING_TOLD, Progress

PAUSE_FILE = "pause"

# It gives up where that many threads run, and means 50 where nothing is said.
_NEVER_GIVE_UP = "Threads_running=1000000000"

_PLUGIN = """\
package pt_online_schema_change_plugin;
use strict;
use warnings;

sub new {
   my ($class, %args) = @_;
   open my $file, '<', __FILE__ . '.sql' or die "no settings: $!\\n";
   chomp(my ($locks, @settings) = <$file>);
   for my $connection ($args{cxn}, $args{aux_cxn}) {
      $connection->dbh()->do($_) for @settings;
   }
   my ($locked) = $args{cxn}->dbh()->selectrow_array($locks);
   die "another one is at work on this table\\n" unless $locked;
   no warnings 'redefine';
   *Cxn::connect = sub {
      my ($connection) = @_;
      my $dbh = $connection->dbh();
      die "the connection was lost\\n" unless $dbh && $dbh->ping();
      return $dbh;
   };
   return bless {}, $class;
}

1;
"""

# "Copying `app`.`t`:  49% 00:01 remain", "... 1+03:04:05 remain"
_COPYING = re.compile(r"^Copying .*: +(\d+)% (?:(\d+)\+)?((?:\d+:)+\d+) remain$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyLocks:
    """Names of GET_LOCK that are held while somebody is at work: on the table, and in this run."""

    table: str
    run: str

    @property
    def sql(self) -> str:
        """1 once both are had."""
        names = map(quote_string, (self.table, self.run))
        return "SELECT " + " AND ".join(f"GET_LOCK({name}, 0)" for name in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyOrder:
    """What to copy: `clauses` are the statement's, behind the table's name."""

    database: str
    table: str
    new_table: str
    clauses: str
    locks: CopyLocks
    settings: Variables
    threads_running_max: int | None


def command(
    program: Path, folder: Path, order: CopyOrder, target: Target, *, is_encrypted: bool
) -> Sequence[str | Path]:
    """Writes what the program reads into `folder`, and says how it is started. `is_encrypted`: what
    our own connection to the server is."""
    login = private_file(folder, "login.cnf", login_file(target, is_encrypted=is_encrypted))
    plugin = private_file(folder, "plugin.pm", _PLUGIN)
    private_file(folder, "plugin.pm.sql", f"{order.locks.sql}\n{set_session(order.settings)}\n")
    limit = order.threads_running_max
    return (
        program,
        "--execute",
        *("--alter", order.clauses),
        *("--new-table-name", order.new_table),
        *("--no-swap-tables", "--no-drop-new-table", "--no-drop-old-table", "--no-drop-triggers"),
        # Foreign keys that refer to the table are moved with the swap, which is not the program's.
        *("--alter-foreign-keys-method=none", "--force"),
        # Who has waited for a lock for as long as a statement may gives up, for now.
        "--tries=create_triggers:1:1",
        *("--recursion-method=none", "--no-version-check", "--no-analyze-before-swap"),
        f"--max-load={_NEVER_GIVE_UP if limit is None else f'Threads_running={limit}'}",
        f"--critical-load={_NEVER_GIVE_UP}",
        *("--progress=time,1", "--sleep=0.2", f"--pause-file={folder / PAUSE_FILE}"),
        f"--plugin={plugin}",
        f"F={login},D={order.database},t={order.table}",
    )


def login_file(target: Target, *, is_encrypted: bool) -> str:
    """The libraries of MySQL and of MariaDB read it: each leaves out what it does not know."""
    pairs = [("user", target.user), ("password", target.password)]
    pairs.append(("default-character-set", "utf8mb4"))
    if target.socket is not None:
        pairs.append(("socket", target.socket))
    else:
        pairs += [("host", target.host), ("port", str(target.port)), ("protocol", "tcp")]
    pairs += _tls_options(target, is_encrypted=is_encrypted)
    lines = [f'{name} = "{_escaped(value)}"' for name, value in pairs]
    return "\n".join(["[client]", *lines, ""])


def _tls_options(target: Target, *, is_encrypted: bool) -> list[tuple[str, str]]:
    """As `client/tls.py` has it: who is not this machine proves its name, or is not spoken to."""
    match target.tls:
        case TlsFiles(ca=ca, cert=cert, key=key):
            authorities = str(ca) if ca is not None else _machine_authorities()
            files = [("ssl-ca", authorities), ("ssl-cert", cert), ("ssl-key", key)]
            named = [(name, str(path)) for name, path in files if path is not None]
        case None if not target.is_local:
            named = [("ssl-ca", _machine_authorities())]
        case None | Insecure():
            # Whatever the two sides have agreed on for us holds for the program, too.
            mode = "REQUIRED" if is_encrypted else "PREFERRED"
            enforced = [("ssl-enforce", "1"), ("ssl-verify-server-cert", "0")]
            return [("ssl-mode", mode), *(enforced if is_encrypted else ())]
    return [*named, ("ssl-mode", "VERIFY_IDENTITY"), ("ssl-verify-server-cert", "1")]


def _machine_authorities() -> str:
    paths = ssl.get_default_verify_paths()
    return paths.cafile or paths.openssl_cafile


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def progress_of_output(tail: str) -> Progress:
    """Of the last line that tells; nothing where the program could not estimate the rows."""
    found = [*_COPYING.finditer(tail)]
    if not found:
        return NOTHING_TOLD
    percent, days, clock = found[-1].groups()
    left_s = int(days or 0) * 86_400
    for power, part in enumerate(reversed(clock.split(":"))):
        left_s += int(part) * 60**power
    return Progress(stage="copy rows", percent=min(int(percent), 99), left_s=left_s)
