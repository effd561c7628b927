"""Parts that are encoded once decode, with any values in them, to what would be encoded as a whole."""

from __future__ import annotations

import quopri
from collections.abc import Iterator
from itertools import groupby

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aicmo.gateways.email_encoding import VALUE_ROOM, encode_value, frame
from aicmo.gateways.personalisation import Template
from tests.unit.email_samples import ANA, compose, contents, parse, with_body

LITERAL = st.one_of(
    st.text(st.sampled_from("a =%.\n\té漢😀"), max_size=120),
    st.integers(0, 160).map("x".__mul__),
    st.integers(0, 60).map("é".__mul__),
)
VALUE = st.one_of(
    st.text(st.sampled_from("a =%.é漢😀\t "), max_size=60),
    st.integers(0, 100).map("y".__mul__),
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=30),
)


@settings(max_examples=500, deadline=None)
@given(st.lists(st.one_of(LITERAL, st.integers(0, 2)), max_size=9), st.tuples(VALUE, VALUE, VALUE))
@example(["x" * 49, 0, "x" * 49, 0], ("y" * VALUE_ROOM, "", ""))
@example([0], ("y" * 76, "", ""))
@example([0, " ", 0], (" " * 75, "", ""))
@example(["x" * 75 + " \n", 0], ("", "", ""))
@example(["a ", 0, "\n"], ("", "", ""))
@example([0, 1, 2], ("é" * 40, "=" * 9, " "))
def test_frame_and_values_decode_to_the_whole(
    parts: list[str | int], values: tuple[str, str, str]
) -> None:
    template = Template(tuple(merged(parts)))
    shape, wanted = frame(template)

    written = shape % tuple(encode_value(values[number]) for number in wanted)

    assert quopri.decodestring(written).decode() == template.fill(values).replace("\n", "\r\n")
    assert written.isascii()
    lines = written.split(b"\r\n")
    assert max(map(len, lines)) <= 76
    assert not any(line.endswith((b" ", b"\t")) for line in lines)


@pytest.mark.parametrize("length", range(20, 80))
def test_a_value_of_any_length_at_any_column_keeps_its_line(length: int) -> None:
    person = type(ANA)("ana@example.com", first_name="y" * (length // 2))
    body = "x" * length + "{{ contact.first_name }}" * 2 + "z" * length
    composed = compose(with_body(body, "markdown"), contact=person)

    assert contents(parse(composed)) == [composed.text, composed.html]
    assert max(map(len, composed.payload.split(b"\r\n"))) <= 76


def merged(parts: list[str | int]) -> Iterator[str | int]:
    """No two literals in a row, as templates have it."""
    for literal, group in groupby(parts, key=lambda part: isinstance(part, str)):
        found = list(group)
        yield from ["".join(map(str, found))] if literal else found
