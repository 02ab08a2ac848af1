"""SQL that walks a table along a key, a stretch at a time, and no value of it leaves the server,
unless somebody asks for the place (`place_sql`).

Where a stretch begins and ends is in variables of the session, `@reconciler_from_0` and
`@reconciler_to_0` for the first column: a stretch is everything behind the one and up to the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.ddl.quote import quote_identifier


def next_end_sql(
    source: str,
    columns: Sequence[str],
    *,
    rows: int,
    is_first: bool,
    reads_into: bool,
    condition: str | None = None,
) -> tuple[str, ...]:
    """Finds the end of the stretch of so many rows behind the last one, of rows that meet the
    condition; `at_end_sql` tells whether there is one. `source` is the table as FROM takes it.
    `reads_into`: a SELECT may put values into variables. A server would lock what SET reads, and
    vtgate reads nothing else, but keeps the variables itself: there each column is found alone, for
    rows that come or go in between move the end, which may be any."""
    names = [quote_identifier(column) for column in columns]
    parts = [*([condition] if condition else []), *([] if is_first else [behind_sql(names)])]
    where = f" WHERE {' AND '.join(parts)}" if parts else ""
    found = f" FROM {source}{where} ORDER BY {', '.join(names)} LIMIT 1 OFFSET {rows - 1}"
    ends = [f"@reconciler_to_{n}" for n in range(len(names))]
    if reads_into:
        forget = ", ".join(f"{end} = NULL" for end in ends)
        find = f"SELECT {', '.join(names)} INTO {', '.join(ends)}{found}"
        return f"SET {forget}", find
    return tuple(
        f"SET {end} = (SELECT {name}{found})" for end, name in zip(ends, names, strict=True)
    )


def outer_ends_sql(source: str, columns: Sequence[str], condition: str | None) -> tuple[str, ...]:
    """Has the one stretch begin behind the first row, and end with the last. A SELECT that finds no
    row leaves its variables as they were."""
    names = [quote_identifier(column) for column in columns]
    where = f" WHERE {condition}" if condition else ""
    forgotten, found = [], []
    for end, way in (("from", ""), ("to", " DESC")):
        variables = [f"@reconciler_{end}_{n}" for n in range(len(names))]
        order = ", ".join(f"{name}{way}" for name in names)
        into = f"SELECT {', '.join(names)} INTO {', '.join(variables)} FROM {source}"
        forgotten += [f"{variable} = NULL" for variable in variables]
        found.append(f"{into}{where} ORDER BY {order} LIMIT 1")
    return f"SET {', '.join(forgotten)}", *found


def at_end_sql(columns: Sequence[str]) -> str:
    """1: the stretch has no end, it is the last one."""
    ends = (f"@reconciler_to_{n} IS NULL" for n in range(len(columns)))
    return f"SELECT {' OR '.join(ends)}"


def go_on_sql(columns: Sequence[str]) -> str:
    """The next stretch begins behind the end of this one."""
    numbers = range(len(columns))
    return "SET " + ", ".join(f"@reconciler_from_{n} = @reconciler_to_{n}" for n in numbers)


def place_sql(shown: Sequence[str]) -> str:
    """The connection that answers, and where the next stretch begins, each value as `shown` by a
    function of SQL: '{}' stands for it."""
    values = (how.format(f"@reconciler_from_{n}") for n, how in enumerate(shown))
    return f"SELECT CONNECTION_ID(), {', '.join(values)}"


def begin_behind_sql(literals: Sequence[str]) -> str:
    """The next stretch begins behind these."""
    return "SET " + ", ".join(f"@reconciler_from_{n} = {one}" for n, one in enumerate(literals))


def set_aside_sql(columns: Sequence[str], walk: int) -> str:
    """Keeps where the next stretch begins, for as long as the session lasts, while another walk
    goes on."""
    return "SET " + ", ".join(f"{kept} = {now}" for now, kept in _aside(columns, walk))


def take_up_sql(columns: Sequence[str], walk: int) -> str:
    return "SET " + ", ".join(f"{now} = {kept}" for now, kept in _aside(columns, walk))


def is_taken_up_sql(columns: Sequence[str], walk: int) -> str:
    """The connection that answers, and whether the next stretch begins there where this walk was
    set aside."""
    same = " AND ".join(f"{now} <=> {kept}" for now, kept in _aside(columns, walk))
    return f"SELECT CONNECTION_ID(), {same}"


def _aside(columns: Sequence[str], walk: int) -> Iterator[tuple[str, str]]:
    for n in range(len(columns)):
        yield f"@reconciler_from_{n}", f"@reconciler_aside_{walk}_{n}"


def behind_sql(names: Sequence[str]) -> str:
    """The key is behind where the stretch begins. `names` are quoted, and may have an alias."""
    return _beyond(names, "from", signs=(">", ">"))


def up_to_sql(names: Sequence[str]) -> str:
    return _beyond(names, "to", signs=("<", "<="))


def _beyond(names: Sequence[str], end: str, *, signs: tuple[str, str]) -> str:
    """Written out, for MySQL (9.7) uses no index for `(a, b) > (x, y)`; the second sign is for the
    last column."""
    ways = []
    for place, name in enumerate(names):
        equal = [f"{names[n]} = @reconciler_{end}_{n}" for n in range(place)]
        sign = signs[place == len(names) - 1]
        ways.append(" AND ".join([*equal, f"{name} {sign} @reconciler_{end}_{place}"]))
    return "(" + " OR ".join(f"({way})" for way in ways) + ")"
