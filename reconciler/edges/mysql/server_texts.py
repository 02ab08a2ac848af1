"""What of a server's own words anybody may read.

A server's message may hold what it heard (an account, a password), where it stands, and what rows
hold; proxies and clusters put their own machines into theirs. Rules: what concerns logging in is
worded in `problems.py`; of the rest, the text itself is told for the numbers below, which are about
definitions and statements, without accounts, addresses, secrets and values of rows. Any other error
is told by its number, and its text, as far as that may be read, is in this run's log alone (PL-17).
"""

from __future__ import annotations

import logging
import re

from reconciler.edges.mysql.limits import SERVER_TEXT_CHARS_MAX
from reconciler.edges.mysql.problems import worded
from reconciler.edges.secrets import SECRETS
from reconciler.model.server import ServerError
from reconciler.plan.visible import visible_line

LOG = logging.getLogger("reconciler.server")
LOG.addHandler(logging.NullHandler())  # without one, Python would print to standard error itself

_ACCOUNT = re.compile(r"(?:'[^']*'|`[^`]*`|\b[\w.%-]+)@(?:'[^']*'|`[^`]*`|[\w.%-]+)")
_STATE = re.compile(r"[0-9A-Z]{5}")

# What rows hold: Duplicate entry 'x' for key; Incorrect integer value: 'x' for column; Table has no
# partition for value x. Where the text was cut within one, all that is left of it.
_VALUE = re.compile(
    r"(?P<before>\b[Dd]uplicate entry |\bvalue: |\bfor value )"
    r"(?:'.*'(?= for (?:key|column|function) )|'.*|[^\s']+)",
    re.DOTALL,
)

# The same in the middle of a line, and statements with what they were given: gh-ost's "; query=",
# DBD::mysql's "[for Statement ", "with ParamValues: ".
_ANY_VALUE = re.compile(
    r"(?P<before>\b[Dd]uplicate entry |\bvalue: |\bfor value )'.*'(?= for (?:key|column|function) )"
)
_QUOTED = re.compile(r"(?:; query=|\[for Statement |with ParamValues: ).*")

# What vttablet and vtgate put around a server's words: the shard, whose name we have; the caller,
# who is an account; the statement with the values that it was given.
_OF_TABLET = re.compile(
    r"target: \S+: (?:vttablet: )?(?:rpc error: code = \w+ desc = )?"
    r"|(?: \(errno \d+\))?(?: \(sqlstate \w{5}\))?,? ?\(CallerID: .*",
    re.DOTALL,
)
# vtgate's own errors have a number of Vitess' and speak of the statement alone (VT12001: it is not
# supported; VT03001: an argument is wrong).
_OF_VTGATE = re.compile(r"VT\d{5}: ")


def _numbers(*spans: int | tuple[int, int]) -> frozenset[int]:
    ranges = (span if isinstance(span, tuple) else (span, span) for span in spans)
    return frozenset(number for first, last in ranges for number in range(first, last + 1))


# By MySQL's "Server Error Message Reference" and MariaDB's "MariaDB Error Code Reference".
_ABOUT_DEFINITIONS = _numbers(
    # Objects that exist or do not; names, columns, keys, limits of tables; syntax.
    *(1005, 1007, 1008, 1022, 1031, (1046, 1048), 1050, 1051, 1054, (1059, 1064)),
    *((1066, 1075), 1082, (1089, 1091), 1097, 1099, 1100, (1101, 1103), (1109, 1115)),
    *(1117, 1118, 1121, 1125, 1128, 1138, 1146, 1149, (1163, 1164), (1166, 1171), 1173, 1176),
    *(1178, 1193, 1194, 1195),
    # Waiting for locks; privileges, whose account is taken out.
    *(1142, 1143, 1205, 1213, 1223, 1227, 1290, 1317, 1370, 1410, 1418, 1419),
    # Usage, foreign keys, character sets and collations, engines, defaults.
    *(1210, (1214, 1217), 1221, 1225, 1231, 1235, (1238, 1240), 1246, 1247, (1252, 1253)),
    *(1264, 1265, 1267, 1271, 1273, 1280, 1283, 1286, 1289, (1291, 1294), 1299, 1305),
    # Views, triggers, routines and events.
    *(1304, 1347, (1349, 1353), 1356, (1359, 1364), (1366, 1367), 1391, 1406, 1411),
    *((1425, 1428), 1435, 1439, 1442, 1446, 1449, 1450, (1451, 1452), 1459, 1462),
    *(1464, 1465, 1470, 1474, 1478, 1537, 1539),
    # Partitions, and indexes that foreign keys need.
    *((1479, 1489), (1491, 1517), (1519, 1523), (1525, 1526), 1553, (1562, 1564), 1566, 1567),
    *(1569, 1586, 1596, 1598, (1627, 1629), (1652, 1657), 1660, 1674, 1687, 1688, 1690),
    # ALTER: classes of execution, exchange of partitions, tablespaces, foreign keys.
    *(1708, 1709, 1713, 1727, (1731, 1741), 1748, 1795, 1800, 1801, (1807, 1809), 1813, 1814),
    *(1821, (1822, 1834), (1845, 1847), (1848, 1862), 1877),
    # MariaDB: generated columns and defaults; MySQL 8: the same, CHECK, JSON, functional indexes.
    *((1901, 1912), 1965, 1967, 1969, 1970, 1978, 1986, 1996, 1997, 3024, (3102, 3109)),
    *((3140, 3158), 3161, (3183, 3186), 3522, (3598, 3599), 3616, 3643, 3664, 3665, 3714, 3716),
    *(3719, 3720, (3723, 3724), 3733, 3734, (3750, 3780), (3811, 3825), 3837, 3855),
    *((3903, 3909), 3959, 3989, (4078, 4092), (4107, 4110)),
    # MySQL 8 and 9, by the names that `performance_schema` has for its numbers: partitions, foreign
    # keys, generated columns, ENUM and SET, spatial columns and indexes, CHECK, engine attributes.
    *(1658, 1659, 1701, 1707, 1725, 1726, 1743, 1747, 1757, 1764, 1793),
    *(1796, 1797, 1798, 1818, 3003, 3008, 3060, 3174, 3175, 3178, 3187, 3192, 3193),
    *(3500, 3502, 3504, 3505, 3548, 3564, 3603, 3642, 3644, 3674, 3721, (3728, 3730)),
    *(3800, 3826, 3829, 3832, 3833, 3886, 3913, (3939, 3941), 3978, 3981, 4032, 4164),
    *(6122, 6123, 6125, 6136, 6137, 6509, (6575, 6577)),
    # MariaDB: constraints, sequences, versioning, periods, compression, invisible columns.
    *(4025, 4026, 4027, 4028, 4029, 4030, (4079, 4091), (4093, 4097), (4100, 4137), 4141),
    *((4143, 4146), (4149, 4162), 4171, 4174, 4175, 4187),
)


def server_error(
    number: int, message: str, *, state: str = "HY000", database: str | None = None
) -> ServerError:
    """What a server answered, fit to be shown to anybody."""
    if (words := worded(number)) is not None:
        return ServerError(number=number, message=words)
    readable = neutral(_OF_TABLET.sub("", message), database=database)
    if number in _ABOUT_DEFINITIONS or _OF_VTGATE.match(readable):
        return ServerError(number=number, message=_VALUE.sub(r"\g<before><value>", readable))
    shown_state = state if _STATE.fullmatch(state) else "HY000"
    told = visible_line(readable, limit_chars=SERVER_TEXT_CHARS_MAX)
    LOG.warning("error %d (%s) of a server: %s", number, shown_state, told)
    return ServerError(
        number=number,
        message=f"an error of SQLSTATE {shown_state}, whose text is in this run's log alone",
    )


def of_a_program(text: str, *, database: str | None = None) -> str:
    """What a program that speaks to a server says, such as an engine: like `neutral`, and without
    values of rows. The statements it quotes with their values are left out to the end of the line.
    """
    without_rows = _QUOTED.sub("", _ANY_VALUE.sub(r"\g<before><value>", text))
    return neutral(without_rows, database=database)


def neutral(text: str, *, database: str | None = None) -> str:
    """A server's text without accounts, addresses, secrets, and the name of the database."""
    text = SECRETS.of_a_server(_ACCOUNT.sub("<account>", text))
    if database:
        for qualifier in (f"`{database}`.", f"{database}.", f"{database}/"):
            text = text.replace(qualifier, "")
        text = text.replace(f"'{database}'", "<database>").replace(f"`{database}`", "<database>")
    return text
