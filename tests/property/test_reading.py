"""Any table that can be said is read back as it was printed; any other text is refused in words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from reconciler.ddl.fingerprint import table_fingerprint
from reconciler.ddl.lexer import TokenKind, tokenize
from reconciler.ddl.normalize import normalize_table
from reconciler.ddl.quote import doubles_in_keys, quote_string
from reconciler.ddl.read import read_table
from reconciler.ddl.render import create_table_sql, render_table
from reconciler.errors import Refused
from reconciler.model.schema import (
    Check,
    Column,
    ForeignKey,
    Generated,
    GeneratedKind,
    Index,
    IndexKind,
    IndexPart,
    Partition,
    Partitioning,
    Table,
)
from reconciler.model.server import Flavor, ServerVersion
from tests.series import share

MYSQL = ServerVersion(Flavor.MYSQL, 9, 7, 4)
MARIADB = ServerVersion(Flavor.MARIADB, 11, 8, 9)
MARIADB_10 = ServerVersion(Flavor.MARIADB, 10, 11, 18)

texts = st.text(
    alphabet=st.one_of(
        st.sampled_from("ab1 '\"`\\/*!-,;()\n\r\t\0%_\x1aé漢\U0001f600"),
        st.characters(codec="utf-8"),
    ),
    max_size=12,
)
names = texts.filter(lambda text: text != "")
# Some releases print names of foreign keys raw: with a backquote inside they are ambiguous.
plain_names = names.filter(lambda name: "`" not in name)
literals = texts.map(quote_string)
numbers = st.integers(min_value=0, max_value=10**9)
expressions: SearchStrategy[str] = st.recursive(
    st.one_of(
        literals,
        literals.map(lambda literal: f"_utf8mb4{literal}"),
        names.map(lambda name: f"`{name.replace('`', '``')}`"),
        numbers.map(str),
    ),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]} + {pair[1]})"),
        st.tuples(inner, inner).map(lambda pair: f"concat({pair[0]},{pair[1]})"),
        inner.map(lambda sql: f"(case when {sql} then 1 end)"),
    ),
    max_leaves=6,
)
sql_types = st.one_of(
    st.sampled_from(
        ["int", "int(10) unsigned zerofill", "bigint unsigned", "decimal(10,2)", "varchar(20)",
         "timestamp(6)", "timestamp", "json", "text", "tinyint(1)", "point", "vector(3)"]
    ),
    st.lists(literals, min_size=1, max_size=3).map(lambda values: f"enum({','.join(values)})"),
)  # fmt: skip
simple_defaults = st.one_of(
    literals, st.sampled_from(["NULL", "b'101'", "0xFF00", "'0.00'", "CURRENT_TIMESTAMP(6)"])
)
optional_texts = st.none() | texts


def columns(flavor: Flavor) -> SearchStrategy[Column]:
    shared = {
        "name": names,
        "sql_type": sql_types,
        "charset": st.none() | st.just("latin1"),
        "collation": st.none() | st.just("latin1_bin"),
        "visible": st.booleans(),
        "auto_increment": st.booleans(),
        "comment": texts,
    }
    if flavor is Flavor.MYSQL:
        return st.builds(
            Column,
            **shared,
            generated=st.none()
            | st.builds(Generated, expression=expressions, kind=st.sampled_from(GeneratedKind)),
            nullable=st.booleans(),
            srid=st.none() | numbers,
            default_sql=st.none() | simple_defaults | expressions.map(lambda sql: f"({sql})"),
            on_update_sql=st.sampled_from([None, "CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP(3)"]),
            column_format=st.sampled_from([None, "FIXED", "DYNAMIC"]),
            storage=st.sampled_from([None, "DISK", "MEMORY"]),
            engine_attribute=optional_texts,
            secondary_engine_attribute=optional_texts,
            not_secondary=st.booleans(),
        )
    generated = st.one_of(
        st.just(Generated(expression="ROW START", kind=GeneratedKind.STORED)),
        st.builds(Generated, expression=expressions, kind=st.sampled_from(GeneratedKind)),
    )
    defaults = st.one_of(
        simple_defaults,
        expressions.map(lambda sql: f"({sql})"),
        expressions.map(lambda sql: f"concat({sql},2)"),
        st.sampled_from(["current_timestamp(6)", "uuid()", "-5", "1.00", "`a`", "x'00ff'"]),
    )
    attributes = {
        "compressed": st.none() | st.just("COMPRESSED"),
        "check_sql": st.none() | expressions,
        "system_versioned": st.booleans(),
    }
    return st.one_of(
        st.builds(
            Column,
            **shared,
            **attributes,
            nullable=st.booleans(),
            default_sql=st.none() | defaults,
            on_update_sql=st.sampled_from([None, "current_timestamp()", "current_timestamp(3)"]),
        ),
        st.builds(Column, **shared, **attributes, generated=generated),
    )


def indexes(flavor: Flavor) -> SearchStrategy[Index]:
    column_part = st.builds(
        IndexPart, column=names, length=st.none() | numbers, descending=st.booleans()
    )
    shared = {
        "name": names,
        "using": st.sampled_from([None, "BTREE", "HASH"]),
        "key_block_size": st.none() | numbers,
        "comment": texts,
        "visible": st.booleans(),
        "parser": st.none() | names,
    }
    kinds = [kind for kind in IndexKind if kind is not IndexKind.PRIMARY]
    if flavor is Flavor.MYSQL:
        expression_part = st.builds(IndexPart, expression=expressions, descending=st.booleans())
        parts = st.lists(column_part | expression_part, min_size=1, max_size=3).map(tuple)
        return st.builds(
            Index,
            **shared,
            kind=st.sampled_from([kind for kind in kinds if kind is not IndexKind.VECTOR]),
            parts=parts,
            engine_attribute=optional_texts,
            secondary_engine_attribute=optional_texts,
        )
    return st.builds(
        Index,
        **shared,
        kind=st.sampled_from(kinds),
        parts=st.lists(column_part, min_size=1, max_size=3).map(tuple),
        period=st.none() | names,
        options=st.sampled_from([(), (("m", "8"),), (("m", "8"), ("distance", "cosine"))]),
    )


primary_keys = st.builds(
    Index,
    name=st.just("PRIMARY"),
    kind=st.just(IndexKind.PRIMARY),
    parts=st.lists(st.builds(IndexPart, column=names), min_size=1, max_size=2).map(tuple),
    comment=texts,
)


def foreign_keys(version: ServerVersion) -> SearchStrategy[ForeignKey]:
    key_names = names if doubles_in_keys(version) else plain_names
    key_lists = st.lists(key_names, min_size=1, max_size=3).map(tuple)
    actions = st.sampled_from([None, "CASCADE", "SET NULL", "RESTRICT", "NO ACTION"])
    return st.builds(
        ForeignKey,
        name=key_names,
        columns=key_lists,
        parent_table=names,
        parent_columns=key_lists,
        parent_database=st.none() | names,
        on_delete=actions,
        on_update=actions,
    )


options = st.lists(
    st.one_of(
        st.just(("ENGINE", "InnoDB")),
        numbers.map(lambda number: ("AUTO_INCREMENT", str(number))),
        st.sampled_from([("DEFAULT CHARSET", "utf8mb4"), ("COLLATE", "utf8mb4_bin")]),
        literals.map(lambda literal: ("COMMENT", literal)),
        st.just(("ROW_FORMAT", "COMPACT")),
    ),
    unique_by=lambda pair: pair[0],
).map(tuple)
partition_options = st.lists(
    st.one_of(
        literals.map(lambda literal: ("COMMENT", literal)),
        st.sampled_from([("ENGINE", "InnoDB"), ("MAX_ROWS", "5"), ("TABLESPACE", "`a b`")]),
    ),
    unique_by=lambda pair: pair[0],
).map(tuple)
quoted_partitions = st.builds(
    Partition,
    name=names,
    values_sql=st.none()
    | st.just("LESS THAN MAXVALUE")
    | expressions.map(lambda sql: f"LESS THAN ({sql})")
    | expressions.map(lambda sql: f"IN ({sql},NULL)"),
    options=partition_options,
)
subpartitioned = st.builds(
    Partition,
    name=st.sampled_from(["p0", "p$1", "1x"]),
    quoted=st.booleans(),
    values_sql=st.just("LESS THAN (10)"),
    subpartitions=st.lists(
        st.builds(Partition, name=names, options=partition_options), min_size=1, max_size=2
    ).map(tuple),
)
partitionings = st.builds(
    Partitioning,
    method_sql=st.one_of(
        expressions.map(lambda sql: f"HASH ({sql})"),
        st.sampled_from(["KEY ()", "LINEAR KEY ALGORITHM = 1 (a,`b c`)", "RANGE  COLUMNS(a,b)"]),
    ),
    count=st.none() | numbers,
    subpartition_sql=st.none() | st.sampled_from(["HASH (`a`)", "KEY ALGORITHM = 1 (b)"]),
    subpartition_count=st.none() | numbers,
    partitions=st.lists(quoted_partitions | subpartitioned, max_size=3).map(tuple),
)


def tables(version: ServerVersion) -> SearchStrategy[Table]:
    flavor = version.flavor
    enforced = st.booleans() if flavor is Flavor.MYSQL else st.just(True)
    keys = st.tuples(st.lists(primary_keys, max_size=1), st.lists(indexes(flavor), max_size=3)).map(
        lambda pair: tuple(pair[0] + pair[1])
    )
    return st.builds(
        Table,
        name=names,
        columns=st.lists(columns(flavor), min_size=1, max_size=4).map(tuple),
        indexes=keys,
        foreign_keys=st.lists(foreign_keys(version), max_size=2).map(tuple),
        checks=st.lists(
            st.builds(Check, name=names, expression=expressions, enforced=enforced), max_size=2
        ).map(tuple),
        options=options,
        partitioning=st.none() | partitionings,
        system_versioned=st.just(False) if flavor is Flavor.MYSQL else st.booleans(),
    )


versions = pytest.mark.parametrize("version", [MYSQL, MARIADB, MARIADB_10], ids=str)


@versions
@settings(max_examples=share(30))
@given(data=st.data())
def test_what_is_printed_is_read_back(version: ServerVersion, data: st.DataObject) -> None:
    table = data.draw(tables(version))
    assert read_table(render_table(table, version), version) == table


@versions
@settings(max_examples=share(30))
@given(data=st.data())
def test_a_damaged_definition_is_refused_or_means_what_it_says(
    version: ServerVersion, data: st.DataObject
) -> None:
    text = render_table(data.draw(tables(version)), version)
    start = data.draw(st.integers(min_value=0, max_value=len(text) - 1))
    length = data.draw(st.integers(min_value=0, max_value=8))
    damaged = text[:start] + data.draw(texts) + text[start + length :]
    try:
        table = read_table(damaged, version)
    except Refused:
        return
    assert render_table(table, version) == damaged


@versions
@settings(max_examples=share(30))
@given(data=st.data())
def test_the_canonical_form_is_stable_and_plain(
    version: ServerVersion, data: st.DataObject
) -> None:
    table = data.draw(tables(version))
    canonical = normalize_table(table, version)
    assert normalize_table(canonical, version) == canonical
    assert table_fingerprint(canonical, version) == table_fingerprint(table, version)
    plain = create_table_sql(canonical, version)
    kinds = {token.kind for token in tokenize(plain)}
    assert TokenKind.EXECUTABLE_OPEN not in kinds
    assert TokenKind.UNTERMINATED not in kinds
