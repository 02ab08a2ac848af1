"""Look for pairs of schemas that do not converge: `python -m tests.property.hunt --pairs 1000`.

Each pair is grown from its own seed, which is printed with every miss and grows it again.
"""

from __future__ import annotations

import sys
import time
from collections import Counter

import click

from reconciler.edges.server.find import ServerBinary, find_servers
from reconciler.edges.server.process import start_server
from reconciler.model.server import Flavor
from tests.integration.convergence import End, EndNotMade, Way, Workbench, both_ways, connect
from tests.property.table_grammar import Grower


@click.command()
@click.option("--flavor", type=click.Choice([f.value for f in Flavor]), default=Flavor.MYSQL.value)
@click.option("--seed", default=0, help="The first seed; each pair takes the next one.")
@click.option("--pairs", default=200)
@click.option("--unrelated", is_flag=True, help="Ends that share names and nothing else.")
@click.option("--show", is_flag=True, help="Print the statements of every way, not only of misses.")
@click.option("--stop", default=5, help="Misses after which to stop.")
def main(flavor: str, seed: int, pairs: int, unrelated: bool, show: bool, stop: int) -> None:
    """Run PAIRS random pairs both ways and print what did not converge."""
    with start_server(newest(Flavor(flavor))) as server, connect(server) as bench:
        found = hunt(bench, seed=seed, pairs=pairs, unrelated=unrelated, show=show, stop=stop)
    sys.exit(found)


def hunt(
    bench: Workbench,
    *,
    seed: int,
    pairs: int,
    unrelated: bool = False,
    show: bool = False,
    stop: int = 5,
) -> int:
    """The number of ways that missed."""
    counts: Counter[str] = Counter()
    not_made: Counter[str] = Counter()
    started = time.monotonic()
    for number in range(seed, seed + pairs):
        grower = Grower(number, bench.version.flavor)
        before, after = grower.unrelated_pair() if unrelated else grower.pair()
        one, other = (End(statements=schema.statements()) for schema in (before, after))
        try:
            ways = both_ways(bench, one, other, grower.renames)
        except EndNotMade as error:
            counts["not made"] += 1
            not_made[str(error)[:60]] += 1
            continue
        for way, ends in zip(ways, ((one, other), (other, one)), strict=True):
            outcome = _outcome(way)
            counts[outcome] += 1
            if show or way.miss or way.refusals:
                _print(number, way, *ends)
        if counts["miss"] >= stop:
            break
    click.echo(f"{dict(counts)} in {time.monotonic() - started:.0f} s")
    for text, count in not_made.most_common(12):
        click.echo(f"  not made {count}: {text}")
    return counts["miss"]


def _outcome(way: Way) -> str:
    if way.miss is not None:
        return "miss"
    if way.refusals:
        return "refused"
    return "converged" if way.statements else "nothing to do"


def _print(seed: int, way: Way, before: End, after: End) -> None:
    click.echo(f"===== seed {seed}: {_outcome(way)}")
    for title, lines in (
        ("from", before.statements),
        ("to", after.statements),
        ("sent", way.statements),
        ("refused", tuple(map(str, way.refusals))),
        ("miss", (way.miss,) if way.miss else ()),
    ):
        for line in lines:
            click.echo(f"-- {title}\n{line};")


def newest(flavor: Flavor) -> ServerBinary:
    found = [server for server in find_servers() if server.version.flavor is flavor]
    return max(found, key=lambda server: server.version)


if __name__ == "__main__":
    main()
