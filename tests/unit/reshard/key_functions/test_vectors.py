"""Keys are Vitess' keys, byte for byte: the values are those of the tests of its own vindexes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import Refused
from reconciler.model.key_function import KeyFunctionName
from reconciler.reshard.key_functions.function import Takes, Value
from reconciler.reshard.key_functions.registry import KEY_FUNCTIONS, SAMPLES, samples

VECTORS: dict[str, list[tuple[Value, str]]] = {
    "hash": [
        (0, "8ca64de9c1b123a7"),
        (1, "166b40b44aba4bd6"),
        (2, "06e7ea22ce92708f"),
        (3, "4eb190c9a2fa169c"),
        (4, "d2fd8867d50d2dfe"),
        (5, "70bb023c810ca87a"),
        (6, "f098480ac4c4be71"),
        (11, "aefc44491cfe474c"),
        (0x100000000000000, "0d9f279ba5d87260"),
        (0x800000000000000, "20b9e767b2fb1456"),
        ((1 << 64) - 1, "355550b2150e2451"),
        (-1, "355550b2150e2451"),
        (b"30375298039", "031265661e5f1133"),
        (1123, "031b565d41bdf8ca"),
    ],
    "xxhash": [
        (b"", "99e9d85137db46ef"),
        (1, "d46405367612b4b7"),
        (b"1", "d46405367612b4b7"),
        (-1, "d8e2a6a7c8c7623d"),
        (b"test1", "d01ab7e4d6978f0b"),
        (b"test2", "87eb11714c0a0e89"),
        (b"testaverylongvaluetomakesurethisworks", "81d8c38e0d850e6a"),
        ((1 << 63) - 1, "b37eb01f7bffafd8"),
        ((1 << 64) - 1, "477cfa8d6d8f1f8d"),
        (-(1 << 63), "102c27ddb26a609e"),
    ],
    "numeric": [
        (0, "0000000000000000"),
        (1, "0000000000000001"),
        (b"8", "0000000000000008"),
        (1 << 63, "8000000000000000"),
        ((1 << 64) - 1, "ffffffffffffffff"),
    ],
    "reverse_bits": [
        (0, "0000000000000000"),
        (1, "8000000000000000"),
        (3, "c000000000000000"),
        (6, "6000000000000000"),
        (1 << 63, "0000000000000001"),
        ((1 << 64) - 1, "ffffffffffffffff"),
    ],
    "binary": [(b"test2", "7465737432"), (b"", ""), (b"\0\xff", "00ff"), (12, "3132")],
    "binary_md5": [
        (b"Test", "0cbc6611f5540bd0809a388dc95a615b"),
        (b"TEST", "033bd94b1168d7e4f0d644c3c95e35bf"),
    ],
    "range_int": [
        (-(1 << 63), "0000000000000000"),
        (-1, "7fffffffffffffff"),
        (0, "8000000000000000"),
        (b"1", "8000000000000001"),
        ((1 << 63) - 1, "ffffffffffffffff"),
    ],
}


def test_every_function_has_vectors() -> None:
    assert set(VECTORS) == set(KeyFunctionName) == set(KEY_FUNCTIONS)


@pytest.mark.invariant("SP-6")
@pytest.mark.parametrize("name", KeyFunctionName)
def test_keys_are_those_of_vitess(name: KeyFunctionName) -> None:
    function = KEY_FUNCTIONS[name]
    values = [value for value, _ in VECTORS[name]]
    expected = [key for _, key in VECTORS[name]]
    assert [key.hex() for key in function.keys(values)] == expected
    assert [function.key(value).hex() for value in values] == expected
    assert function.keys([]) == ()


@pytest.mark.invariant("SP-7")
@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        *((name, None, "NULL") for name in KeyFunctionName),
        *((name, 1 << 64, "a number above") for name in ("hash", "numeric", "reverse_bits")),
        *((name, -1, "a number below 0") for name in ("numeric", "reverse_bits")),
        ("hash", -(1 << 63) - 1, "a number below"),
        ("range_int", 1 << 63, "a number above"),
        *(
            (name, value, "a value that is no whole number")
            for name in ("hash", "numeric", "reverse_bits", "range_int")
            for value in (b"", b"1.0", b"1e3", b" 1", b"1_0", b"+1", b"-", b"0x1", b"\xb2", b"x")
        ),
    ],
)
def test_a_value_without_a_key_is_refused_and_not_shown(
    name: str, value: Value, reason: str
) -> None:
    with pytest.raises(Refused) as caught:
        KEY_FUNCTIONS[KeyFunctionName(name)].keys([0, value])
    [problem] = caught.value.problems
    assert problem.code == "key-none"
    assert f"key function {name} has no key for {reason}" in problem.message


@given(number=st.integers(-(1 << 63), (1 << 64) - 1))
def test_a_number_has_the_key_of_its_text(number: int) -> None:
    for function in KEY_FUNCTIONS.values():
        try:
            key = function.key(number)
        except Refused:
            with pytest.raises(Refused):
                function.key(str(number).encode())
        else:
            assert function.key(str(number).encode()) == key


@given(one=st.integers(-(1 << 63), (1 << 63) - 1), other=st.integers(-(1 << 63), (1 << 63) - 1))
def test_keys_of_range_int_are_in_the_order_of_the_numbers(one: int, other: int) -> None:
    key = KEY_FUNCTIONS[KeyFunctionName.RANGE_INT].key
    assert (key(one) < key(other)) == (one < other)


@pytest.mark.parametrize("name", KeyFunctionName)
def test_samples_are_many_and_each_has_a_key(name: KeyFunctionName) -> None:
    function = KEY_FUNCTIONS[name]
    values = samples(function)
    assert values == samples(function)
    assert len(set(values)) > SAMPLES * 9 // 10
    assert len(function.keys(values)) == len(values)
    if function.takes is not Takes.BYTES:
        assert {0, 1} <= set(values)
