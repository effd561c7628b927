"""A message is refused if anything in it could be read as the end of it, and stuffed if not."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from aicmo.gateways.contract import Outgoing
from aicmo.gateways.smtp_letter import can_carry, dot_stuffed, unfit

BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
PIECES = st.lists(st.sampled_from([b"\r\n", b"\r", b"\n", b".", b"a", b"\x0b", b"\x0c", b"\x1c"]))


def outgoing(payload: bytes) -> Outgoing:
    return Outgoing(1, "token", "a@b.test", "c@d.test", payload, 0.0)


@given(PIECES)
def test_a_bare_line_break_is_found_wherever_it_stands(pieces: list[bytes]) -> None:
    payload = b"".join(pieces)
    assert bool(unfit(outgoing(payload), payload)) == bool(BARE.search(payload))


@given(st.lists(st.sampled_from([b"\r\n", b".", b"..", b"a"])))
def test_a_server_reads_what_was_written_and_nothing_ends_it_early(pieces: list[bytes]) -> None:
    payload = b"".join(pieces)
    stuffed = dot_stuffed(payload)
    lines = stuffed.split(b"\r\n")
    assert b"." not in lines
    assert lines[-1] == b""
    read = b"\r\n".join(line.removeprefix(b".") for line in lines)
    assert read == payload or read == payload + b"\r\n"


@given(st.text())
def test_no_address_can_end_its_brackets_or_its_line(address: str) -> None:
    if can_carry(address):
        assert not set(address) & set("<> \r\n\t\0")
        assert address.count("@") >= 1
        assert len(address.splitlines()) == 1
