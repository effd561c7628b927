"""The keys of Bluesky's records: a time that sorts as text (TID, atproto.com/specs/tid)."""

from __future__ import annotations

_SORTED = "234567abcdefghijklmnopqrstuvwxyz"
_LENGTH, _CLOCK_BITS, _TIME_BITS = 13, 10, 53


def tid(microseconds: int, clock_id: int) -> str:
    """The key of a moment: 13 characters, later moments sort after earlier ones.

    Args:
        microseconds: since 1970, below 2^53.
        clock_id: 0-1023, chosen at random, so that two clocks don't make the same key.

    Raises:
        ValueError: one of them is out of its range.
    """
    if not (0 <= microseconds < 1 << _TIME_BITS and 0 <= clock_id < 1 << _CLOCK_BITS):
        raise ValueError(f"no TID: {microseconds} µs, clock {clock_id}")
    number = microseconds << _CLOCK_BITS | clock_id
    places = range(5 * (_LENGTH - 1), -1, -5)
    return "".join(_SORTED[number >> place & 31] for place in places)
