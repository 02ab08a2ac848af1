"""No input is too much for a reader: it is taken, or refused in words, in the time it is worth."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.property.fuzz.mutations import hostile
from tests.property.fuzz.reader import Reader, judge
from tests.property.fuzz.readers import READERS
from tests.series import share

GROWN_BYTES = 150_000
GROWN = [(reader, name, make) for reader in READERS for name, make in reader.grown]


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_what_is_sound_is_taken(reader: Reader) -> None:
    assert [str(judge(reader, seed)) for seed in reader.seeds] == ["None"] * len(reader.seeds)


@pytest.mark.invariant("FB-1")
@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
@settings(
    max_examples=share(80),
    suppress_health_check=[HealthCheck.too_slow],
    # An input that is too much takes long to be made smaller: it is shown as it is.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(data=st.data())
def test_whatever_is_done_to_it_is_taken_or_refused_in_words(
    reader: Reader, data: st.DataObject
) -> None:
    judge(reader, data.draw(hostile(reader)))


@pytest.mark.invariant("FB-1")
@pytest.mark.parametrize(
    ("reader", "make"),
    [(reader, make) for reader, _, make in GROWN],
    ids=[f"{reader.name}: {name}" for reader, name, _ in GROWN],
)
def test_a_reader_takes_time_in_proportion(reader: Reader, make: Callable[[int], bytes]) -> None:
    content = make(GROWN_BYTES)
    assert len(content) >= GROWN_BYTES // 2
    judge(reader, content)
