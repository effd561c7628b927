"""Keys of Bluesky's records: right to the letter, and in the order of time."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo.posts.tid import tid
from tests.unit.post_samples import vectors

TIMES = st.integers(0, 2**53 - 1)
CLOCKS = st.integers(0, 1023)


@pytest.mark.parametrize("vector", vectors("tids")[0]["vectors"])
def test_a_key_is_its_moment(vector: dict[str, int | str]) -> None:
    assert tid(int(vector["microseconds"]), int(vector["clock_id"])) == vector["tid"]


@given(st.lists(st.tuples(TIMES, CLOCKS), max_size=8))
def test_keys_sort_as_their_moments(moments: list[tuple[int, int]]) -> None:
    keys = [tid(*moment) for moment in sorted(moments)]
    assert keys == sorted(keys)
    assert all(re.fullmatch("[2-7a-j][2-7a-z]{12}", key) for key in keys)
    assert all((a < b) == (x < y) for (a, b), (x, y) in zip(pairwise(keys), pairwise(sorted(moments)), strict=True))  # fmt: skip


@pytest.mark.parametrize("moment", [(-1, 0), (2**53, 0), (0, -1), (0, 1024)])
def test_what_is_no_moment_is_no_key(moment: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="no TID"):
        tid(*moment)
