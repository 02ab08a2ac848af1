"""The words of the grammar: types, literals, and what can be computed with each."""

from __future__ import annotations

from tests.property.grown_schema import Family

TYPES: dict[Family, tuple[str, ...]] = {
    Family.INTEGER: (
        "tinyint", "tinyint(1)", "smallint unsigned", "mediumint", "int", "int", "int unsigned",
        "int(5) unsigned zerofill", "bigint", "bigint unsigned", "bit(8)", "boolean",
        "int(11)", "smallint", "mediumint(8) unsigned", "bit(1)", "bit(64)",
    ),
    Family.NUMBER: (
        "decimal(10,2)", "decimal(5,0) unsigned", "float", "double", "double(10,3)", "numeric",
        "decimal(65,30)", "float unsigned", "decimal(6,2) zerofill",
    ),
    Family.STRING: (
        "char(10)", "varchar(20)", "varchar(20)", "varchar(63)", "varchar(64)", "varchar(300)",
        "varchar(20) CHARACTER SET latin1", "varchar(40) COLLATE utf8mb4_bin",
        "char(5) CHARACTER SET ascii", "varchar(30) CHARACTER SET utf8mb3",
        "varchar(20) COLLATE utf8mb4_general_ci", "nchar(4)", "varchar(12) BINARY",
        "varchar(255)", "varchar(256)", "char(0)", "char(10) CHARACTER SET binary",
        "varchar(40) CHARACTER SET latin2", "varchar(40) CHARACTER SET latin1 COLLATE latin1_bin",
    ),
    Family.BINARY: ("binary(8)", "varbinary(30)", "varbinary(300)", "varbinary(255)", "binary"),
    Family.TEXT: (
        "tinytext", "text", "mediumtext", "longtext", "text CHARACTER SET latin1", "text(100)",
        "text COLLATE utf8mb4_bin", "long varchar", "mediumtext CHARACTER SET utf8mb3",
    ),
    Family.BLOB: ("tinyblob", "blob", "mediumblob", "longblob"),
    Family.DATE: ("date", "datetime", "datetime(3)", "datetime(6)", "timestamp", "timestamp(6)"),
    Family.TIME: ("time", "time(2)", "time(6)", "year"),
    Family.CHOICE: (
        "enum('a','b')", "enum('a','b','c')", "enum('b','a')", "set('x','y')", "set('x','y','z')",
        "enum('it''s','ü') CHARACTER SET latin1", "enum('a','b') COLLATE utf8mb4_bin",
        "enum('','a,b','\\\\')", "set('z','y','x')",
    ),
    Family.JSON: ("json",),
    Family.SPATIAL: (
        "point", "geometry", "polygon", "linestring", "multipoint", "geometrycollection",
    ),
    Family.VECTOR: ("vector(3)", "vector(16)"),
}  # fmt: skip

MARIADB_TYPES: dict[Family, tuple[str, ...]] = {
    Family.STRING: ("varchar(300) COMPRESSED", "uuid", "inet6", "inet4"),
    Family.BINARY: ("varbinary(300) COMPRESSED",),
    Family.TEXT: ("text COMPRESSED",),
    Family.BLOB: ("blob COMPRESSED",),
}

COMMENTS = ("note", "it''s", "a `b` \\\\ c", "ü€", "/* no */ -- x", "a\\nb", "100%")

LITERALS: dict[Family, tuple[str, ...]] = {
    Family.INTEGER: ("0", "1", "'7'"),
    Family.NUMBER: ("0", "1.5", "'2.25'"),
    Family.STRING: ("''", "'x'", "'it''s'", "'a\\\\b'"),
    Family.BINARY: ("''", "'x'", "0x41"),
    Family.DATE: ("'2020-01-02'", "NULL"),
    Family.TIME: ("'10:00:00'", "0", "'-1:02:03'"),
    Family.CHOICE: ("NULL",),
}

DEFAULT_EXPRESSIONS: dict[Family, tuple[str, ...]] = {
    Family.STRING: ("(concat('a','b'))", "(_latin1'x')", "(repeat('x', 3))"),
    Family.TEXT: ("(concat('a','b'))", "('it''s')", "(repeat('ab', 3))"),
    Family.BLOB: ("('ab')",),
    Family.BINARY: ("(unhex('41'))", "(0x4142)"),
    Family.JSON: ("(json_array())", "(json_object('a', 1))", "('[]')"),
    Family.INTEGER: ("(1 + 1)", "(abs(-1))"),
    Family.NUMBER: ("(1 + 1)", "(round(1.7))"),
    Family.DATE: ("(curdate())", "(now() + interval 1 day)"),
    Family.TIME: ("(curtime())",),
}

COMPUTED: dict[Family, tuple[str, ...]] = {
    Family.INTEGER: (
        "({c} + 1)", "({c} * 2)", "abs({c})", "if({c} > 1, {c}, null)", "(not {c})",
        "case {c} when 1 then 2 else -3 end", "coalesce({c}, 0)", "({c} between 1 and 3)",
        "({c} in (1, 2, 3) or {c} is null)", "({c} & 3 | 4)",
    ),
    Family.NUMBER: ("({c} + 1)", "round({c})", "greatest({c}, 1.5)", "({c} <=> 2.25)"),
    Family.STRING: (
        "upper({c})", "concat({c}, 'x')", "concat('it''s ', {c})", "({c} like 'a\\\\_%')",
        "nullif({c}, '')", "substring_index({c}, '.', 1)", "hex({c})", "trim(both 'x' from {c})",
        "replace({c}, '''', '\\\\')", "concat_ws(',', {c}, null)", "cast({c} as char(7))",
    ),
    Family.TEXT: ("left({c}, 5)", "char_length({c})"),
    Family.DATE: (
        "year({c})", "({c} + interval 1 day)", "date_format({c}, '%Y-%m')", "cast({c} as date)",
        "extract(month from {c})", "({c} > '2020-01-01')",
    ),
    Family.JSON: (
        "json_unquote(json_extract({c}, '$.a'))", "json_length({c})", "json_extract({c}, '$.b[0]')",
        "json_contains({c}, '1')",
    ),
}  # fmt: skip

CONDITIONS: dict[Family, tuple[str, ...]] = {
    Family.INTEGER: ("{c} >= 0", "{c} in (1, 2, 3)", "{c} between 0 and 100", "not {c} < -7"),
    Family.NUMBER: ("{c} >= 0", "{c} <> 1.25", "{c} is null or {c} < 1e10"),
    Family.STRING: (
        "{c} <> 'it''s'", "char_length({c}) > 0", "{c} like 'v%' or {c} = ''", "{c} not in ('q')",
    ),
    Family.DATE: ("year({c}) > 1999", "{c} > '2000-01-01'"),
    Family.CHOICE: ("{c} <> 'b'",),
    Family.JSON: ("json_valid({c})",),
}  # fmt: skip

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
