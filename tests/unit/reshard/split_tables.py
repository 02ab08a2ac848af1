"""Tables to be moved, for tests."""

from __future__ import annotations

from reconciler.reshard.rows import MovedColumn, MovedTable, Row


def column(name: str, data_type: str, **more: object) -> MovedColumn:
    fields: dict[str, object] = {"column_type": data_type, **more}
    return MovedColumn(name=name, data_type=data_type, **fields)  # type: ignore[arg-type]


def orders(*, name: str = "orders", shard_by: str | None = "customer") -> MovedTable:
    return MovedTable(
        number=1,
        name=name,
        columns=(
            column("id", "bigint"),
            column("customer", "bigint"),
            column("note", "varchar", charset="latin1", collation="latin1_swedish_ci"),
        ),
        key=("id",),
        shard_by=shard_by,
    )


def order(id_: int, customer: int | None, note: str = "") -> Row:
    owner = None if customer is None else str(customer).encode()
    key = str(id_).encode()
    return Row(key=(key,), owner=owner, values=(key, owner, note.encode()))
