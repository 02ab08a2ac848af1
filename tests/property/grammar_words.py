"""The words of the grammar: types, literals, and what can be computed with each."""

from __future__ import annotations

from tests.property.grown_schema import Family

TYPES: dict[Family, tuple[str, ...]] = {
    Family.INTEGER: (
        "tinyint", "tinyint(1)", "smallint unsigned", "mediumint", "int", "int", "int unsigned",
        "int(5) unsigned zerofill", "bigint", "bigint unsigned", "bit(8)", "year", "boolean",
    ),
    Family.NUMBER: ("decimal(10,2)", "decimal(5,0) unsigned", "float", "double", "double(10,3)"),
    Family.STRING: (
        "char(10)", "varchar(20)", "varchar(20)", "varchar(63)", "varchar(64)", "varchar(300)",
        "varchar(20) CHARACTER SET latin1", "varchar(40) COLLATE utf8mb4_bin",
        "char(5) CHARACTER SET ascii", "varchar(30) CHARACTER SET utf8mb3",
        "varchar(20) COLLATE utf8mb4_general_ci", "nchar(4)", "varchar(12) BINARY",
    ),
    Family.BINARY: ("binary(8)", "varbinary(30)", "varbinary(300)"),
    Family.TEXT: (
        "tinytext", "text", "mediumtext", "longtext", "text CHARACTER SET latin1", "text(100)",
    ),
    Family.BLOB: ("tinyblob", "blob", "mediumblob", "longblob"),
    Family.DATE: ("date", "datetime", "datetime(3)", "timestamp", "timestamp(6)"),
    Family.TIME: ("time", "time(2)"),
    Family.CHOICE: (
        "enum('a','b')", "enum('a','b','c')", "enum('b','a')", "set('x','y')", "set('x','y','z')",
        "enum('it''s','ü') CHARACTER SET latin1",
    ),
    Family.JSON: ("json",),
    Family.SPATIAL: ("point", "geometry", "polygon"),
    Family.VECTOR: ("vector(3)", "vector(16)"),
}  # fmt: skip

COMMENTS = ("note", "it''s", "a `b` \\\\ c", "ü€", "/* no */ -- x", "a\\nb", "100%")

LITERALS: dict[Family, tuple[str, ...]] = {
    Family.INTEGER: ("0", "1", "'7'"),
    Family.NUMBER: ("0", "1.5", "'2.25'"),
    Family.STRING: ("''", "'x'", "'it''s'", "'a\\\\b'"),
    Family.BINARY: ("''", "'x'", "0x41"),
    Family.DATE: ("'2020-01-02'", "NULL"),
    Family.TIME: ("'10:00:00'", "0"),
    Family.CHOICE: ("NULL",),
}

COMPUTED: dict[Family, tuple[str, ...]] = {
    Family.INTEGER: ("({c} + 1)", "({c} * 2)", "abs({c})"),
    Family.NUMBER: ("({c} + 1)", "round({c})"),
    Family.STRING: ("upper({c})", "concat({c}, 'x')", "concat('it''s ', {c})"),
    Family.TEXT: ("left({c}, 5)",),
    Family.DATE: ("year({c})", "({c} + interval 1 day)"),
    Family.JSON: ("json_unquote(json_extract({c}, '$.a'))", "json_length({c})"),
}

RESULTS: dict[Family, tuple[Family, tuple[str, ...]]] = {
    Family.INTEGER: (Family.INTEGER, ("bigint", "double", "varchar(30)")),
    Family.NUMBER: (Family.NUMBER, ("double", "decimal(20,2)")),
    Family.STRING: (
        Family.STRING,
        ("varchar(400)", "varchar(500)", "varchar(400) COLLATE utf8mb4_bin"),
    ),
    Family.TEXT: (Family.STRING, ("varchar(400)",)),
    Family.DATE: (Family.STRING, ("varchar(40)",)),
    Family.JSON: (Family.STRING, ("varchar(400)",)),
}
