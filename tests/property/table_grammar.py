"""Random tables that use everything a table can have, and random changes of them.

A pair is one schema and another that grew out of it, because that is how schemas differ. What is
made here is mostly, not always, something the server accepts; it has the last word.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from reconciler.model.renames import Rename, RenameKind
from reconciler.model.server import Flavor
from tests.property.grammar_words import (
    COMMENTS,
    COMPUTED,
    CONDITIONS,
    DEFAULT_EXPRESSIONS,
    LITERALS,
    MARIADB_TYPES,
    RESULTS,
    TYPES,
)
from tests.property.grown_schema import (
    Family,
    GrownColumn,
    GrownForeignKey,
    GrownPartitioning,
    GrownSchema,
    GrownTable,
    Item,
    column_of,
    replaced,
    with_column_name,
    with_table_name,
)

_T = TypeVar("_T")


class Grower:
    """Makes schemas and changes them, from a seed alone; `renames` are those that it has done."""

    def __init__(self, seed: int, flavor: Flavor) -> None:
        self._random = random.Random(seed)
        self._mysql = flavor is Flavor.MYSQL
        self._names = 0
        self.renames: tuple[Rename, ...] = ()

    def pair(self) -> tuple[GrownSchema, GrownSchema]:
        first = self.schema()
        return first, self.changed(first)

    def unrelated_pair(self) -> tuple[GrownSchema, GrownSchema]:
        """Two schemas that share nothing but the names they are made of."""
        first = self.schema()
        self._names = 0
        return first, self.schema()

    def schema(self) -> GrownSchema:
        count = self._pick((1, 1, 2, 2, 3))
        names = [f"t{number}" for number in range(count)]
        return GrownSchema(tables=tuple(self._table(name, names) for name in names))

    def changed(self, schema: GrownSchema) -> GrownSchema:
        tables = list(schema.tables)
        for _ in range(self._pick((1, 1, 2, 3, 4, 6, 8))):
            if not tables:
                break
            place = self._random.randrange(len(tables))
            tables[place] = self._changed_table(tables[place], [t.name for t in tables])
        if self._chance(0.1):
            tables = self._with_renamed_table(tables)
        if self._chance(0.1):
            tables.append(self._table(f"t{len(tables)}", [t.name for t in tables]))
        if self._chance(0.1):
            tables.pop(self._random.randrange(len(tables)))
        return GrownSchema(tables=tuple(tables))

    # tables

    def _table(self, name: str, siblings: Sequence[str]) -> GrownTable:
        id_type = self._pick(("int", "int", "bigint", "int unsigned", "varchar(20)"))
        integer = not id_type.startswith("varchar")
        identity = GrownColumn(
            name="id",
            family=Family.INTEGER if integer else Family.STRING,
            sql_type=id_type,
            nullable=False,
            refers_to=name,
            auto_increment=integer and self._chance(0.5),
        )
        table = GrownTable(
            name=name, id_type=id_type, columns=(identity,), primary=("`id`",), options=()
        )
        for _ in range(self._pick((1, 2, 3, 4, 6, 8))):
            table = self._with_column(table)
        for _ in range(self._pick((0, 1, 2, 3))):
            table = self._with_index(table)
        for _ in range(self._pick((0, 0, 1, 2))):
            table = self._with_check(table)
        for _ in range(self._pick((0, 0, 1, 2))):
            table = self._with_option(table)
        if self._chance(0.4):
            table = self._with_foreign_key(table, siblings)
        if self._chance(0.2):
            table = self._with_partitioning(table)
        if self._chance(0.1):
            table = self._with_other_primary(table)
        return table

    def _changed_table(self, table: GrownTable, siblings: Sequence[str]) -> GrownTable:
        changes: tuple[Callable[[], GrownTable], ...] = (
            lambda: self._with_column(table),
            lambda: self._with_column(table),
            lambda: self._without_column(table),
            lambda: self._with_other_column(table),
            lambda: self._with_other_column(table),
            lambda: self._with_other_attribute(table),
            lambda: self._with_other_attribute(table),
            lambda: self._with_other_order(table),
            lambda: self._with_index(table),
            lambda: self._without(table, "indexes"),
            lambda: self._with_other_index(table),
            lambda: self._with_check(table),
            lambda: self._without(table, "checks"),
            lambda: self._with_option(table),
            lambda: self._without(table, "options"),
            lambda: self._with_foreign_key(table, siblings),
            lambda: self._without(table, "foreign_keys"),
            lambda: self._with_partitioning(table),
            lambda: replace(table, partitioning=None),
            lambda: self._with_other_primary(table),
            lambda: replace(table, id_type=self._pick(("int", "bigint", "varchar(30)"))),
            lambda: self._with_default_less(table),
            lambda: self._with_renamed_column(table),
            lambda: self._with_renamed_index(table),
            lambda: self._with_other_case(table),
            lambda: self._table(table.name, siblings),
        )
        return self._pick(changes)()

    def _with_renamed_table(self, tables: list[GrownTable]) -> list[GrownTable]:
        old = self._pick(tables)
        if old.name.startswith("r"):
            return tables
        new_name = self._new_name("r")
        self.renames = (
            *(replace(r, table=new_name) if r.table == old.name else r for r in self.renames),
            Rename(kind=RenameKind.TABLE, table=new_name, old=old.name, new=new_name),
        )
        return [with_table_name(table, old.name, new_name) for table in tables]

    def _with_renamed_column(self, table: GrownTable) -> GrownTable:
        able = [c for c in table.columns if c.name != "id" and not c.name.startswith("n")]
        if not able:
            return table
        old = self._pick(able).name
        new = self._new_name("n")
        self.renames += (Rename(kind=RenameKind.COLUMN, table=table.name, old=old, new=new),)
        return with_column_name(table, old, new)

    def _with_renamed_index(self, table: GrownTable) -> GrownTable:
        able = [item for item in table.indexes if not item.name.startswith("x")]
        if not able:
            return table
        old = self._pick(able)
        name = self._new_name("x")
        self.renames += (Rename(kind=RenameKind.INDEX, table=table.name, old=old.name, new=name),)
        new = replace(old, name=name, sql=old.sql.replace(f"`{old.name}`", f"`{name}`", 1))
        return replace(table, indexes=tuple(new if i is old else i for i in table.indexes))

    # columns

    def _with_column(self, table: GrownTable) -> GrownTable:
        column = self._column(self._new_name("c"), table.columns)
        place = self._random.randint(0, len(table.columns))
        if self._chance(0.5) or column.expression:
            place = len(table.columns)
        columns = (*table.columns[:place], column, *table.columns[place:])
        return replace(table, columns=columns)

    def _without_column(self, table: GrownTable) -> GrownTable:
        others = [column for column in table.columns if column.name != "id"]
        if not others:
            return table
        gone = self._pick(others)
        return replace(table, columns=tuple(c for c in table.columns if c is not gone))

    def _with_other_column(self, table: GrownTable) -> GrownTable:
        """A column of the same name that has little else in common with the old one."""
        others = [column for column in table.columns if column.name != "id"]
        if not others:
            return table
        old = self._pick(others)
        place = table.columns.index(old)
        new = self._column(old.name, table.columns[:place])
        if self._chance(0.6) and not new.expression:
            new = replace(new, family=old.family, sql_type=self._type(old.family), default="")
        columns = (*table.columns[:place], new, *table.columns[place + 1 :])
        return replace(table, columns=columns)

    def _with_other_attribute(self, table: GrownTable) -> GrownTable:
        old = self._pick(table.columns)
        place = table.columns.index(old)
        if old.name == "id":
            new = replace(old, auto_increment=not old.auto_increment and "int" in table.id_type)
        elif old.expression and self._chance(0.5):
            new = replace(old, stored=not old.stored)
        else:
            kind = self._pick(("nullable", "default", "attributes"))
            match kind:
                case "nullable":
                    new = replace(old, nullable=not old.nullable, default="")
                case "default":
                    new = replace(old, default=self._default(old))
                case _:
                    new = replace(old, attributes=self._attributes(old.family))
        return replace(table, columns=(*table.columns[:place], new, *table.columns[place + 1 :]))

    def _with_other_order(self, table: GrownTable) -> GrownTable:
        columns = list(table.columns)
        for _ in range(self._pick((1, 1, 2, 5))):
            column = columns.pop(self._random.randrange(len(columns)))
            columns.insert(self._random.randint(0, len(columns)), column)
        return replace(table, columns=tuple(columns))

    def _with_other_case(self, table: GrownTable) -> GrownTable:
        """The name of a column nothing else uses, or of an index, in capitals."""
        if table.indexes and self._chance(0.5):
            old = self._pick(table.indexes)
            new = replace(
                old,
                name=old.name.upper(),
                sql=old.sql.replace(f"`{old.name}`", f"`{old.name.upper()}`", 1),
            )
            return replace(table, indexes=tuple(new if i is old else i for i in table.indexes))
        column = self._pick(table.columns)
        if column.name == "id":
            return table
        return replace(
            table,
            columns=tuple(
                replace(c, name=c.name.upper()) if c is column else c for c in table.columns
            ),
        )

    def _with_default_less(self, table: GrownTable) -> GrownTable:
        able = [
            c.name
            for c in table.columns
            if c.nullable and not c.expression and c.family not in (Family.TEXT, Family.BLOB)
        ]
        if not able or not self._mysql:
            return table
        return replace(table, default_less=table.default_less ^ {self._pick(able)})

    def _column(self, name: str, earlier: Sequence[GrownColumn]) -> GrownColumn:
        computable = [c for c in earlier if c.family in COMPUTED and not c.auto_increment]
        if computable and self._chance(0.25):
            return self._generated(name, self._pick(computable))
        family = self._pick(tuple(TYPES))
        if self._chance(0.4):
            family = self._pick((Family.INTEGER, Family.STRING, Family.DATE))
        column = GrownColumn(
            name=name,
            family=family,
            sql_type=self._type(family),
            nullable=self._chance(0.6),
            attributes=self._attributes(family),
        )
        return replace(column, default=self._default(column))

    def _generated(self, name: str, source: GrownColumn) -> GrownColumn:
        family, types = RESULTS[source.family]
        expression = self._pick(COMPUTED[source.family]).format(c=f"`{source.name}`")
        sql_type = self._pick(types)
        return GrownColumn(
            name=name,
            family=Family.STRING if "char" in sql_type else family,
            sql_type=sql_type,
            expression=expression,
            stored=self._chance(0.5),
            uses=frozenset({source.name}),
            attributes=self._comment() if self._chance(0.2) else "",
            nullable=self._chance(0.9) or not self._mysql,
        )

    def _type(self, family: Family) -> str:
        return self._pick(TYPES[family] + (() if self._mysql else MARIADB_TYPES.get(family, ())))

    def _default(self, column: GrownColumn) -> str:
        if self._chance(0.5) or column.expression or column.auto_increment:
            return ""
        if column.sql_type.startswith(("datetime", "timestamp")):
            precision = column.sql_type.partition("(")[2]
            now = f"CURRENT_TIMESTAMP({precision}" if precision else "CURRENT_TIMESTAMP"
            return self._pick(
                (f"DEFAULT {now}", f"DEFAULT {now} ON UPDATE {now}", f"ON UPDATE {now}")
            )
        if column.family in DEFAULT_EXPRESSIONS and self._chance(0.25):
            return f"DEFAULT {self._pick(DEFAULT_EXPRESSIONS[column.family])}"
        literals = LITERALS.get(column.family)
        if literals is None:
            return ""
        literal = self._pick(literals)
        if column.sql_type == "year" or (literal == "NULL" and not column.nullable):
            return ""
        return f"DEFAULT {literal}"

    def _attributes(self, family: Family) -> str:
        if self._chance(0.7):
            return ""
        options = [self._comment(), self._comment(), "INVISIBLE"]
        if self._mysql:
            options += ["COLUMN_FORMAT DYNAMIC", "STORAGE MEMORY"]
            options += ["SECONDARY_ENGINE_ATTRIBUTE '{\"a\": 1}'", "NOT SECONDARY"]
            if family is Family.SPATIAL:
                options += ["SRID 4326", "SRID 0"] * 4
        return self._pick(options)

    def _comment(self) -> str:
        return f"COMMENT '{self._pick(COMMENTS)}'"

    # indexes and constraints

    def _with_index(self, table: GrownTable) -> GrownTable:
        item = self._index(self._new_name("k"), table)
        return table if item is None else replace(table, indexes=(*table.indexes, item))

    def _with_other_index(self, table: GrownTable) -> GrownTable:
        if not table.indexes:
            return table
        old = self._pick(table.indexes)
        if self._chance(0.3):
            options = ("COMMENT 'x'", "USING BTREE", "INVISIBLE" if self._mysql else "IGNORED")
            new: Item | None = replace(old, sql=f"{old.sql} {self._pick(options)}")
        else:
            new = self._index(old.name, table)
        if new is None:
            return table
        return replace(table, indexes=tuple(new if i is old else i for i in table.indexes))

    def _index(self, name: str, table: GrownTable) -> Item | None:
        kind = self._pick(
            ("plain", "plain", "plain", "unique", "fulltext", "spatial", "expression")
        )
        columns = list(table.columns)
        self._random.shuffle(columns)
        match kind:
            case "fulltext":
                return self._fulltext(name, columns)
            case "spatial":
                able = [c for c in columns if c.family is Family.SPATIAL and not c.nullable]
                if not able:
                    return None
                sql = f"SPATIAL KEY `{name}` (`{able[0].name}`)"
                return Item(
                    name=name, sql=sql, uses=frozenset({able[0].name}), fulltext_or_spatial=True
                )
            case "expression" if self._mysql:
                return self._functional(name, columns)
        parts = [p for c in columns[: self._pick((1, 1, 2, 3))] if (p := self._part(c))]
        if not parts:
            return None
        unique = kind == "unique"
        sql = f"{'UNIQUE ' if unique else ''}KEY `{name}` ({', '.join(sql for _, sql in parts)})"
        if self._chance(0.2):
            hidden = "INVISIBLE" if self._mysql else "IGNORED"
            options = (hidden, "COMMENT 'k'", "USING BTREE", "USING HASH", "KEY_BLOCK_SIZE=4")
            sql += f" {self._pick(options)}"
        return Item(name=name, sql=sql, uses=frozenset(c for c, _ in parts), unique=unique)

    def _part(self, column: GrownColumn) -> tuple[str, str] | None:
        match column.family:
            case Family.JSON | Family.SPATIAL | Family.VECTOR:
                return None
            case Family.TEXT | Family.BLOB:
                part = f"`{column.name}`({self._pick((5, 10))})"
            case Family.STRING if self._chance(0.2) and not column.expression:
                part = f"`{column.name}`(3)"
            case _:
                part = f"`{column.name}`"
        if self._chance(0.15):
            part += " DESC"
        return column.name, part

    def _fulltext(self, name: str, columns: list[GrownColumn]) -> Item | None:
        able = [
            c
            for c in columns
            if c.family in (Family.STRING, Family.TEXT)
            and "CHARACTER" not in c.sql_type
            and "COLLATE" not in c.sql_type
            and (not c.expression or c.stored)
        ][: self._pick((1, 2))]
        if not able:
            return None
        names = ", ".join(f"`{c.name}`" for c in able)
        parser = " WITH PARSER ngram" if self._mysql and self._chance(0.4) else ""
        return Item(
            name=name,
            sql=f"FULLTEXT KEY `{name}` ({names}){parser}",
            uses=frozenset(c.name for c in able),
            fulltext_or_spatial=True,
        )

    def _functional(self, name: str, columns: list[GrownColumn]) -> Item | None:
        for column in columns:
            c = f"`{column.name}`"
            match column.family:
                case Family.INTEGER | Family.NUMBER if not column.auto_increment:
                    part = self._pick((f"({c} + 1)", f"(abs({c}))", f"({c} * 2) DESC"))
                case Family.STRING:
                    lower = f"(cast(lower({c}) as char(30)))"
                    part = self._pick((lower, f"(concat({c}, 'it''s'))", f"(upper({c}))"))
                case Family.DATE:
                    part = self._pick((f"(year({c}))", f"(cast({c} as date)) DESC"))
                case Family.JSON:
                    kind = self._pick(("unsigned", "char(10)", "date", "decimal(8,2)"))
                    part = f"(cast({c}->'$.a' as {kind} array))"
                case _:
                    continue
            unique = "UNIQUE " if self._chance(0.1) else ""
            more = ", `id`" if self._chance(0.2) else ""
            return Item(
                name=name,
                sql=f"{unique}KEY `{name}` ({part}{more})",
                uses=frozenset({column.name}),
                unique=bool(unique),
                fulltext_or_spatial=column.family is Family.JSON,
            )
        return None

    def _with_check(self, table: GrownTable) -> GrownTable:
        able = [c for c in table.columns if c.family in CONDITIONS and not c.auto_increment]
        if not able:
            return table
        used = [self._pick(able) for _ in range(self._pick((1, 1, 2)))]
        expression = self._pick((" and ", " or ")).join(
            self._pick(CONDITIONS[c.family]).format(c=f"`{c.name}`") for c in used
        )
        name = self._pick((self._new_name("chk"), self._new_name("chk"), ""))
        named = f"CONSTRAINT `{table.name}_{name}` " if name else ""
        state = " NOT ENFORCED" if self._mysql and self._chance(0.2) else ""
        item = Item(
            name=name,
            sql=f"{named}CHECK ({expression}){state}",
            uses=frozenset(c.name for c in used),
        )
        return replace(table, checks=(*table.checks, item))

    def _with_foreign_key(self, table: GrownTable, siblings: Sequence[str]) -> GrownTable:
        parent = self._pick(tuple(siblings))
        column = GrownColumn(
            name=self._new_name(f"{parent}_id"),
            family=Family.INTEGER,
            sql_type="int",
            refers_to=parent,
            nullable=self._chance(0.7),
        )
        actions = ["", "ON DELETE CASCADE", "ON UPDATE CASCADE", "ON DELETE RESTRICT"]
        actions += ["ON DELETE NO ACTION", "ON DELETE CASCADE ON UPDATE RESTRICT"]
        if column.nullable:
            actions += ["ON DELETE SET NULL", "ON DELETE SET NULL ON UPDATE CASCADE"]
        key = GrownForeignKey(
            name=self._new_name(f"{table.name}_fk") if self._chance(0.8) else "",
            column=column.name,
            parent=parent,
            actions=self._pick(actions),
        )
        indexes = table.indexes
        if self._chance(0.5):
            name = self._pick((key.name or column.name, column.name, self._new_name("k")))
            more = self._pick(("", ", `id`"))
            sql = f"KEY `{name}` (`{column.name}`{more})"
            indexes = (*indexes, Item(name=name, sql=sql, uses=frozenset({column.name})))
        return replace(
            table,
            columns=(*table.columns, column),
            indexes=indexes,
            foreign_keys=(*table.foreign_keys, key),
        )

    def _with_other_primary(self, table: GrownTable) -> GrownTable:
        able = [
            c
            for c in table.columns
            if c.family in (Family.INTEGER, Family.STRING, Family.DATE)
            and (not c.expression or c.stored)
            and not c.nullable
        ]
        if self._chance(0.3) or not able:
            columns = tuple(replace(c, auto_increment=False) for c in table.columns)
            return replace(table, primary=(), columns=columns)
        if self._chance(0.4):
            return replace(table, primary=("`id`",))
        parts = [f"`{c.name}`" for c in self._random.sample(able, min(len(able), 2))]
        if not any(part == "`id`" for part in parts):
            parts.append("`id`")
        if self._chance(0.3):
            parts[-1] += " DESC"
        columns = table.columns
        if column_of(parts[0]) != "id":
            columns = tuple(replace(c, auto_increment=False) for c in columns)
        return replace(table, primary=tuple(parts), columns=columns)

    # options and partitions

    def _with_option(self, table: GrownTable) -> GrownTable:
        options = [
            ("COMMENT", f"'{self._pick(COMMENTS)}'"),
            ("ROW_FORMAT", self._pick(("DYNAMIC", "COMPACT", "REDUNDANT", "COMPRESSED"))),
            ("STATS_PERSISTENT", self._pick(("0", "1"))),
            ("STATS_AUTO_RECALC", self._pick(("0", "1"))),
            ("STATS_SAMPLE_PAGES", self._pick(("10", "20"))),
            ("KEY_BLOCK_SIZE", self._pick(("4", "8"))),
            ("MAX_ROWS", "100"),
            ("MIN_ROWS", "5"),
            ("AVG_ROW_LENGTH", "50"),
            ("CHECKSUM", "1"),
            ("PACK_KEYS", "1"),
            ("DELAY_KEY_WRITE", "1"),
            ("AUTO_INCREMENT", "100"),
            ("DEFAULT CHARSET", self._pick(("latin1", "utf8mb4", "utf8mb3"))),
            ("COLLATE", self._pick(("utf8mb4_bin", "utf8mb4_general_ci", "utf8mb4_unicode_ci"))),
        ]
        if self._mysql:
            options += [
                ("COMPRESSION", "'zlib'"),
                ("AUTOEXTEND_SIZE", "4M"),
                ("SECONDARY_ENGINE_ATTRIBUTE", "'{\"a\": 2}'"),
            ]
        if self._chance(0.1):
            options = [("ENGINE", self._pick(("MyISAM", "MEMORY", "InnoDB")))]
        name, value = self._pick(options)
        kept = tuple(option for option in table.options if option[0] != name)
        if name in ("DEFAULT CHARSET", "COLLATE"):
            kept = tuple(o for o in kept if o[0] not in ("DEFAULT CHARSET", "COLLATE"))
        return replace(table, options=(*kept, (name, value)))

    def _with_partitioning(self, table: GrownTable) -> GrownTable:
        kind = self._pick(
            ("range", "range", "range", "list", "list", "values", "hash", "hash", "key", "columns")
        )
        column, family = self._partition_column(table, kind)
        match kind:
            case "range":
                sql = self._range(f"RANGE (`{column}`)", "LESS THAN ({})", "LESS THAN MAXVALUE")
            case "columns":
                sql = self._columns_range(column, family)
            case "list":
                sql = self._list(f"LIST (`{column}`)")
            case "values":
                sql = self._list(f"LIST COLUMNS(`{column}`)")
            case "hash":
                linear = self._pick(("", "LINEAR "))
                rule = self._pick(("`{}`", "`{}`", "abs(`{}`)", "`{}` MOD 7")).format(column)
                sql = f"{linear}HASH ({rule}){self._count()}"
            case _:
                algorithm = self._pick(("", "ALGORITHM=1 ")) if self._mysql else ""
                linear = self._pick(("", "", "LINEAR "))
                sql = f"{linear}KEY {algorithm}(`{column}`){self._count()}"
        primary = table.primary
        if primary and f"`{column}`" not in primary:
            primary = (*primary, f"`{column}`")
        return replace(
            table,
            primary=primary,
            partitioning=GrownPartitioning(sql=f"PARTITION BY {sql}", uses=frozenset({column})),
        )

    def _partition_column(self, table: GrownTable, kind: str) -> tuple[str, Family]:
        if kind == "columns":
            able = [
                c
                for c in table.columns
                if c.sql_type in ("date", "datetime", "varchar(20)", "int") and not c.expression
            ]
            if able:
                column = self._pick(able)
                return column.name, column.family
        able = [
            c
            for c in table.columns
            if c.family is Family.INTEGER
            and "int" in c.sql_type
            and not c.expression
            and c.refers_to in (None, table.name)
        ]
        return (self._pick(able).name if able else "id"), Family.INTEGER

    def _range(self, method: str, bound: str, top: str) -> str:
        bounds = sorted(self._random.sample(range(10, 100, 10), self._pick((1, 2, 3, 4))))
        parts = [self._partition(f"p{n}", bound.format(n)) for n in bounds]
        if self._chance(0.3):
            parts.append(self._partition("pmax", top))
        if self._chance(0.2):
            parts[0] = parts[0].replace("PARTITION p", "PARTITION q")
        sub = ""
        if self._chance(0.2):
            rule = self._pick(("HASH", "KEY", "LINEAR HASH"))
            sub = f" SUBPARTITION BY {rule} (`id`) SUBPARTITIONS {self._pick((2, 3))}"
        return f"{method}{sub} ({', '.join(parts)})"

    def _columns_range(self, column: str, family: Family) -> str:
        method = f"RANGE COLUMNS(`{column}`)"
        match family:
            case Family.DATE:
                return self._range(method, "LESS THAN ('20{}-01-01')", "LESS THAN (MAXVALUE)")
            case Family.STRING:
                return self._range(method, "LESS THAN ('k{}')", "LESS THAN (MAXVALUE)")
            case _:
                return self._range(method, "LESS THAN ({})", "LESS THAN (MAXVALUE)")

    def _list(self, method: str) -> str:
        values = list(range(self._pick((4, 6, 8))))
        if self._chance(0.5):
            self._random.shuffle(values)
        cuts = sorted(self._random.sample(range(1, len(values)), self._pick((1, 2))))
        groups = [values[a:b] for a, b in zip([0, *cuts], [*cuts, len(values)], strict=True)]
        if self._chance(0.3):
            groups[0].append(20)
        parts = [
            self._partition(f"l{number}", f"IN ({', '.join(map(str, group))})")
            for number, group in enumerate(groups)
        ]
        if self._chance(0.2):
            parts.append(self._partition("ln", "IN (NULL)"))
        return f"{method} ({', '.join(parts)})"

    def _partition(self, name: str, values: str) -> str:
        comment = " COMMENT 'c'" if self._chance(0.1) else ""
        return f"PARTITION {name} VALUES {values}{comment}"

    def _count(self) -> str:
        return self._pick(
            ("", " PARTITIONS 2", " PARTITIONS 4", " PARTITIONS 6", " (PARTITION a, PARTITION b)",
             " (PARTITION a, PARTITION b, PARTITION c)", " (PARTITION p0, PARTITION p1)")
        )  # fmt: skip

    def _without(self, table: GrownTable, what: str) -> GrownTable:
        items = getattr(table, what)
        if not items:
            return table
        gone = self._pick(items)
        return replaced(table, what, tuple(item for item in items if item is not gone))

    def _new_name(self, stem: str) -> str:
        self._names += 1
        return f"{stem}{self._names}"

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _pick(self, choices: Sequence[_T]) -> _T:
        return choices[self._random.randrange(len(choices))]
