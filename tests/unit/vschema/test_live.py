"""What Vitess says is understood in two ways, and believed only where they agree."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from reconciler.errors import Refused
from reconciler.vschema.document import VSchema
from reconciler.vschema.live import live_vschema
from tests.unit.vschema.test_read import VSCHEMAS, with_defaults


@pytest.mark.invariant("FZ-6")
@given(VSCHEMAS)
def test_what_vitess_prints_is_understood(vschema: VSchema) -> None:
    assert live_vschema(json.dumps(with_defaults(vschema))) == vschema


def test_a_keyspace_without_a_vschema_has_an_empty_one() -> None:
    assert live_vschema("{}") == VSchema()


@pytest.mark.invariant("VS-2")
@pytest.mark.parametrize("text", ['{"views": {}}', "", "\ud800", '{"tables": {"t": {"ttl": 3}}}'])
def test_what_a_later_vitess_may_say_is_refused_by_name(text: str) -> None:
    with pytest.raises(Refused, match="vschema-live-unread"):
        live_vschema(text)


# Each is one value to whoever knows the fields, and another to whoever does not.
TWO_WAYS = [
    '{"tables": {"t": {"columns": [{"name": "a", "size": "12"}]}}}',
    '{"foreign_key_mode": 3}',
    '{"tables": {"t": {"column_vindexes": [{"name": "", "column": "a"}]}}}',
]


@pytest.mark.invariant("FZ-6")
@pytest.mark.parametrize("text", TWO_WAYS)
def test_where_the_two_ways_disagree_nothing_is_believed(text: str) -> None:
    with pytest.raises(Refused, match="vschema-two-ways"):
        live_vschema(text)
