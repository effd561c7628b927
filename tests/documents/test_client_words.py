"""A client never reads the engine's reasons: codes, gateways and states stay inside."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from aicmo.packaging.client_words import in_client_words, outcomes, standing
from aicmo.packaging.content import ItemStatus
from aicmo.packaging.translation import translation
from aicmo.packaging.wording import Wording

ENGLISH = Wording(translation("en"), ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("no gateway for crm", "CRM is not connected"),
        ("no CRM is connected", "CRM is not connected"),
        (
            "isn't changed in the CRM: jobtitle: the CRM has another value",
            "the data in the CRM is being checked first",
        ),
        ("207 VALIDATION_ERROR INVALID_OPTION jobtitle", "the provider refused it"),
        ("operator task: no account is pinned", "it is posted by hand"),
        ("550 5.1.1 refused at RCPT", "the receiving mail server refused it"),
        ("changed since its approval", "it waits for approval"),
        ("late: approve it again to send it now", "it waits for approval"),
        ("to be tried again: 451 4.3.0 later", "it is still to go out"),
        ("the worker stopped between arming and recording", "its delivery is not confirmed"),
        ("connection failed: TimeoutError", "its delivery is not confirmed"),
        ("unsubscribed", "the recipient has unsubscribed"),
        ("no consent", "the recipient has not agreed to be written to"),
        ("outside the send window in Europe/Berlin until 08:00", "outside the send window"),
        ("complained", "the recipient has reported an earlier email as spam"),
        ("late", "its time has passed"),
        ("channel crm is not enabled in this run", "its channel was not switched on"),
        ("SMTPUTF8 isn't offered by relay-7.internal", "it could not be delivered"),
    ],
)
def test_reasons_are_told_in_words(reason: str, told: str) -> None:
    assert in_client_words({reason: 3}, ENGLISH) == {told: 3}


def test_reasons_with_the_same_words_are_added_up() -> None:
    assert in_client_words({"due": 2, "not due yet": 5, "550 x": 1}, ENGLISH) == {
        "it is still to go out": 7,
        "the receiving mail server refused it": 1,
    }


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (ItemStatus(), "Draft"),
        (ItemStatus(approved=True, counts={"waiting": 4}), "Approved"),
        (ItemStatus(approved=False, counts={"held": 4}), "Draft"),
        (ItemStatus(approved=False, counts={"held": 4, "skipped": 1}), "Draft"),
        (ItemStatus(approved=True, counts={"waiting": 4, "skipped": 1}), "Approved"),
        (ItemStatus(approved=True, counts={"held": 4}), "Approved"),
        (ItemStatus(approved=True, counts={"skipped": 4}), "Skipped"),
        (ItemStatus(approved=True, counts={"sent": 4}), "Sent"),
        (ItemStatus(approved=True, counts={"sent": 4, "waiting": 1}), "Partly sent"),
        (ItemStatus(approved=True, counts={"skipped": 4, "failed": 1}), "Skipped"),
    ],
)
def test_an_items_standing_is_told_in_a_word(status: ItemStatus, told: str) -> None:
    assert standing(status, ENGLISH) == told


def test_results_come_in_one_order_and_what_waits_is_none() -> None:
    counts = {"waiting": 9, "held": 1, "unknown": 2, "sent": 1000, "failed": 0}
    assert outcomes(counts, ENGLISH) == "1,000 sent, 2 not confirmed, and 1 held"
