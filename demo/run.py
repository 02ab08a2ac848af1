"""The main job on real servers, told step by step: `make demo`.

Everything shown is the product's own command run as its user would run it; this script only types.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pymysql
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from demo.rows import fill

PROJECT = Path(__file__).resolve().parent.parent
RECONCILER = Path(sys.executable).with_name("reconciler")
DIVERGENT_SHARD = "80-c0"
HOT_FIX_SHARD = "40-80"
BOLD, DIM, END = ("\033[1m", "\033[2m", "\033[0m") if sys.stdout.isatty() else ("", "", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The demo's folder: a fleet and a user's repository."""

    folder: Path
    environ: dict[str, str]

    @property
    def repository(self) -> Path:
        return self.folder / "shop"

    @property
    def fleet(self) -> Path:
        return self.folder / "fleet"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=PROJECT / ".demo")
    parser.add_argument("--keep", action="store_true", help="leave the servers running")
    arguments = parser.parse_args()
    started = time.monotonic()
    stage = Stage(folder=arguments.folder.resolve(), environ=_environ())
    _clear(stage)
    try:
        stage = _boot(stage)
        _found_repository(stage)
        _review_a_change(stage)
        _apply_it(stage)
        _meet_drift(stage)
    finally:
        if not arguments.keep:
            _run(stage, "sandbox", "down", "--folder", str(stage.fleet), quiet=True)
    _account(stage, time.monotonic() - started, kept=arguments.keep)
    return 0


def _clear(stage: Stage) -> None:
    """An earlier demo, finished or not."""
    _run(stage, "sandbox", "down", "--folder", str(stage.fleet), quiet=True)
    shutil.rmtree(stage.folder, ignore_errors=True)
    stage.folder.mkdir(parents=True)


def _boot(stage: Stage) -> Stage:
    _say(
        "A fleet: keyspace commerce, 4 shards on 2 MySQL servers",
        "Real server processes on this machine; they end with the demo.",
    )
    _run(stage, "sandbox", "up", "--folder", str(stage.fleet), "--shards", "4", "--servers", "2")
    environ = {**stage.environ, **_exports(stage.fleet / "sandbox.env")}
    stage = Stage(folder=stage.folder, environ=environ)
    began = time.monotonic()
    rows = _load(stage)
    _tell(f"13 tables and {rows:,} rows loaded in {time.monotonic() - began:.0f} s")
    _sql(stage, DIVERGENT_SHARD, "ALTER TABLE orders DROP KEY idx_orders_status")
    _tell(f"long ago somebody dropped idx_orders_status on shard {DIVERGENT_SHARD}: it diverges")
    return stage


def _found_repository(stage: Stage) -> None:
    _say(
        "A git repository that says what every shard should be",
        "One spec for the keyspace, one CREATE TABLE file per table.",
    )
    shop = stage.repository
    shutil.copytree(PROJECT / "schemas", shop / "schemas")
    _write_spec(stage)
    (shop / ".gitignore").write_text(".reconciler/\n")
    _git(stage, "init", "--quiet", "--initial-branch=main")
    _commit(stage, "The commerce keyspace as it is today")
    _shell(stage, "ls specs schemas/commerce")
    _run(stage, "lint")
    _run(stage, "drift", expect=2)


def _review_a_change(stage: Stage) -> None:
    _say(
        "A branch changes the schema",
        "A new column, a longer name, a longer status list, a new partition, and a column goes.",
    )
    _git(stage, "switch", "--quiet", "--create", "loyalty")
    _edit(
        stage,
        "customers",
        "varchar(120)    NOT NULL DEFAULT ''",
        "varchar(160)    NOT NULL DEFAULT ''",
    )
    _edit(
        stage,
        "customers",
        "  preferences  json",
        "  loyalty_tier tinyint unsigned NOT NULL DEFAULT '0',\n  preferences  json",
    )
    _edit(stage, "orders", "'cancelled')", "'cancelled','disputed')")
    _edit(stage, "orders", "  legacy_channel varchar(20)     DEFAULT NULL,\n", "")
    _edit(
        stage,
        "order_events",
        "  PARTITION pmax ",
        "  PARTITION p2027 VALUES LESS THAN ('2028-01-01'),\n  PARTITION pmax ",
    )
    _shell(stage, "git diff --stat")
    _say(
        "The first plan is refused: dropping a column needs a permission that is reviewed",
        "It stands in the spec, with a reason, for this finding alone. The refusal says how.",
    )
    _run(stage, "plan", "--write", expect=3)
    _write_spec(stage, allow_drop=True)
    _say(
        "With the permission: the plan as a reviewer sees it",
        "Proven on scratch copies; nothing has run.",
    )
    _run(stage, "plan", "--write")
    _commit(stage, "Loyalty tiers, disputed orders, a partition for 2027")
    _say("The check of the pull request", "`verify` derives the plan again and compares.")
    _run(stage, "verify")


def _apply_it(stage: Stage) -> None:
    _say("Merged: apply, canary first, then in waves", "Only what was reviewed, or nothing.")
    _git(stage, "switch", "--quiet", "main")
    _git(stage, "merge", "--quiet", "--no-ff", "--message", "Merge branch 'loyalty'", "loyalty")
    _run(stage, "apply")
    _say("Plan again: nothing to do", "The divergent shard was brought back, too.")
    _run(stage, "plan")


def _meet_drift(stage: Stage) -> None:
    _say("Another change is planned, reviewed and merged …", "")
    _git(stage, "switch", "--quiet", "--create", "reviews")
    _edit(
        stage,
        "reviews",
        "  tags        json ",
        "  verified    tinyint(1)       NOT NULL DEFAULT '0',\n  tags        json ",
    )
    _run(stage, "plan", "--write", quiet=True)
    _commit(stage, "Mark reviews of verified buyers")
    _git(stage, "switch", "--quiet", "main")
    _git(stage, "merge", "--quiet", "--no-ff", "--message", "Merge branch 'reviews'", "reviews")
    _tell("plan written, committed, merged")
    _say(
        f"… and before it is applied, somebody adds an index by hand on shard {HOT_FIX_SHARD}",
        "The scheduled drift check finds it, and the plan that was made before is refused.",
    )
    _sql(stage, HOT_FIX_SHARD, "ALTER TABLE payments ADD KEY idx_hotfix (state, amount)")
    _run(stage, "drift", expect=2)
    _run(stage, "apply", expect=3)


def _account(stage: Stage, elapsed_s: float, *, kept: bool) -> None:
    shop = _shown(stage.repository)
    places = {
        f"{shop}/specs, {shop}/schemas": "what git says",
        f"{shop}/plans/production": "the plan, as JSON and as SQL",
        f"reconciler status -C {shop}": "what was applied, from the ledger",
        "README.md": "how to set it up for a fleet of your own",
    }
    width = max(map(len, places))
    print(f"\n{BOLD}What happened{END}  ({elapsed_s:.0f} s)")
    print(
        "  4 shards on 2 servers; one reviewed change ran on all of them, wave by wave; the shard\n"
        "  that diverged was brought back; a plan that the world had overtaken ran nothing.\n"
        f"\n{BOLD}Where to look{END}"
    )
    for place, what in places.items():
        print(f"  {place:<{width}}  {what}")
    if kept:
        fleet = _shown(stage.fleet)
        print(
            f"\nThe servers still run. `. {fleet}/sandbox.env`, then try the commands in {shop};\n"
            f"end them with `reconciler sandbox down --folder {fleet}`."
        )


def _write_spec(stage: Stage, *, allow_drop: bool = False) -> None:
    """The sandbox's own environment, with a rollout and a policy."""
    environment = yaml.safe_load((stage.fleet / "sandbox.yaml").read_text())["sandbox"]
    environment["rollout"] = {"canary": ["-40"], "waves": ["50%", "100%"], "parallel": 2}
    policy: dict[str, object] = {"ignore_tables": ["_*"]}
    if allow_drop:
        policy["allow"] = [
            {
                "table": "orders",
                "hazard": "drop-column",
                "object": "legacy_channel",
                "reason": "no code has used it since the spring release",
            }
        ]
    spec = {
        "version": 1,
        "keyspace": "commerce",
        "schema": "schemas/commerce",
        "environments": {"production": environment},
        "policy": policy,
    }
    path = stage.repository / "specs" / "commerce.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(spec, sort_keys=False))


def _load(stage: Stage) -> int:
    fleet = json.loads((stage.fleet / "sandbox.json").read_text())

    def load(numbered: tuple[int, dict[str, object]]) -> int:
        number, shard = numbered
        with _connect(stage, str(shard["name"])) as connection:
            with connection.cursor() as cursor:
                cursor.execute("SET foreign_key_checks = 0")
                for path in sorted((PROJECT / "schemas" / "commerce").glob("*.sql")):
                    cursor.execute(path.read_text())
                cursor.execute("SET foreign_key_checks = 1")
            return fill(connection, number)

    with ThreadPoolExecutor(max_workers=2) as pool:
        return sum(pool.map(load, enumerate(fleet["shards"], start=1)))


def _connect(stage: Stage, shard: str) -> pymysql.Connection:
    fleet = json.loads((stage.fleet / "sandbox.json").read_text())
    place = next(found for found in fleet["shards"] if found["name"] == shard)
    server = next(found for found in fleet["servers"] if found["number"] == place["server"])
    return pymysql.connect(
        host=server["host"],
        port=server["port"],
        user=stage.environ["SCHEMA_USER"],
        password=stage.environ["SCHEMA_PASSWORD"],
        database=place["database"],
    )


def _sql(stage: Stage, shard: str, sql: str) -> None:
    with _connect(stage, shard) as connection, connection.cursor() as cursor:
        cursor.execute(sql)


def _edit(stage: Stage, table: str, old: str, new: str) -> None:
    path = stage.repository / "schemas" / "commerce" / f"{table}.sql"
    text = path.read_text()
    assert text.count(old) == 1, f"{path.name} does not hold {old!r} once"
    path.write_text(text.replace(old, new))


def _commit(stage: Stage, message: str) -> None:
    _git(stage, "add", "--all")
    _git(stage, "commit", "--quiet", "--message", message)


def _git(stage: Stage, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=stage.repository, env=stage.environ, check=True)


def _run(stage: Stage, *arguments: str, expect: int = 0, quiet: bool = False) -> None:
    """Type one command of the product; any other exit code than the expected one ends the demo."""
    where = stage.repository if stage.repository.exists() else stage.folder.parent
    if not quiet:
        _tell(f"$ reconciler {shlex.join(_relative(arguments))}", prompt=True)
    ended = subprocess.run(
        [str(RECONCILER), *arguments],
        cwd=where,
        env=stage.environ,
        capture_output=quiet,
        check=False,
    )
    if not quiet and expect:
        _tell(f"(exit code {ended.returncode})")
    if ended.returncode != expect:
        if quiet:
            sys.stderr.buffer.write(ended.stdout + ended.stderr)
        sys.exit(
            f"demo: `reconciler {shlex.join(arguments)}` gave {ended.returncode}, not {expect}"
        )


def _shell(stage: Stage, command: str) -> None:
    _tell(f"$ {command}", prompt=True)
    subprocess.run(["sh", "-c", command], cwd=stage.repository, env=stage.environ, check=True)


def _relative(arguments: tuple[str, ...]) -> list[str]:
    return [_shown(Path(word)) if word.startswith("/") else word for word in arguments]


def _shown(path: Path) -> str:
    return os.path.relpath(path)


def _say(heading: str, line: str) -> None:
    print(f"\n{BOLD}▌ {heading}{END}")
    if line:
        print(f"{DIM}  {line}{END}")
    sys.stdout.flush()


def _tell(line: str, *, prompt: bool = False) -> None:
    print(f"\n{BOLD}{line}{END}" if prompt else f"  {line}")
    sys.stdout.flush()


def _exports(path: Path) -> dict[str, str]:
    lines = [line.removeprefix("export ") for line in path.read_text().splitlines()]
    words = [word for line in lines for word in shlex.split(line)]
    return dict(word.split("=", 1) for word in words)


def _environ() -> dict[str, str]:
    """The caller's, with an author for commits and without a pager or anybody's git settings."""
    return {
        **os.environ,
        "GIT_AUTHOR_NAME": "Demo",
        "GIT_AUTHOR_EMAIL": "demo@example.test",
        "GIT_COMMITTER_NAME": "Demo",
        "GIT_COMMITTER_EMAIL": "demo@example.test",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_PAGER": "cat",
    }


if __name__ == "__main__":
    sys.exit(main())
