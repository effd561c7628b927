"""A client never reads the engine's reasons: codes, gateways and states stay inside."""

from __future__ import annotations

import pytest

from aicmo.packaging.client_words import in_client_words


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("no gateway for linkedin", "LinkedIn is not connected"),
        ("550 5.1.1 refused at RCPT", "the receiving mail server refused it"),
        ("changed since its approval", "it waits for approval"),
        ("late: approve it again to send it now", "it waits for approval"),
        ("to be tried again: 451 4.3.0 later", "it is still to go out"),
        ("the worker stopped between arming and recording", "its delivery is not confirmed"),
        ("connection failed: TimeoutError", "its delivery is not confirmed"),
        ("unsubscribed", "the recipient has unsubscribed"),
        ("no consent", "the recipient has not agreed to be written to"),
        ("outside the send window", "outside the send window"),
    ],
)
def test_reasons_are_told_in_words(reason: str, told: str) -> None:
    assert in_client_words({reason: 3}) == {told: 3}


def test_reasons_with_the_same_words_are_added_up() -> None:
    assert in_client_words({"due": 2, "not due yet": 5, "550 x": 1}) == {
        "it is still to go out": 7,
        "the receiving mail server refused it": 1,
    }
