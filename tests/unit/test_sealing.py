"""A sealed log-in opens with its key, in its place, unchanged; otherwise never."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo.errors import FixConfiguration
from aicmo.sealing import seal, unseal
from tests.conftest import KEY

PLAIN = b'{"access_token": "canary-token"}'


@given(st.binary(max_size=2000), st.text(max_size=40))
def test_what_is_sealed_comes_back(plain: bytes, place: str) -> None:
    assert unseal(KEY, seal(KEY, plain, place), place) == plain


def test_nothing_of_it_shows_and_no_two_are_alike() -> None:
    one, other = seal(KEY, PLAIN, "account 1"), seal(KEY, PLAIN, "account 1")
    assert b"canary" not in one
    assert one != other


@pytest.mark.parametrize("place", ["account 2", ""])
def test_it_opens_in_no_other_row(place: str) -> None:
    with pytest.raises(FixConfiguration):
        unseal(KEY, seal(KEY, PLAIN, "account 1"), place)


def test_another_key_is_told_with_what_to_do() -> None:
    with pytest.raises(FixConfiguration, match="this AICMO_SECRET_KEY") as refused:
        unseal(KEY + b"!", seal(KEY, PLAIN, "account 1"), "account 1")
    assert "former key" in refused.value.next_step
    assert "canary" not in f"{refused.value}{refused.value.__context__}"


@given(st.data())
def test_a_changed_byte_is_noticed(data: st.DataObject) -> None:
    sealed = bytearray(seal(KEY, PLAIN, "account 1"))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(FixConfiguration):
        unseal(KEY, bytes(sealed), "account 1")


@pytest.mark.parametrize("sealed", [b"", b"short", b"x" * 27])
def test_what_was_never_sealed_is_refused(sealed: bytes) -> None:
    with pytest.raises(FixConfiguration):
        unseal(KEY, sealed, "account 1")
