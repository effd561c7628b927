"""What a contact says of a change in doubt: ours, as it was, or something that only a person can tell."""

from __future__ import annotations

from typing import Any

import pytest

from aicmo.crm.record import Found, Record, Several
from aicmo.gateways.contract import Found as Told
from aicmo.gateways.crm_reconciling import reading_of

PRESENT, ABSENT, CANNOT_TELL = Told.PRESENT, Told.ABSENT, Told.CANNOT_TELL
OURS = "studio:c1"


def staged(**changes: Any) -> dict[str, Any]:
    """Our goal, over theirs, with a contact who doesn't have our id yet."""
    return {
        "match": {"contact_id": OURS, "email": "ann@example.com", "id_property": "our_id"},
        "record": "7", "has_id": False, "write": {"goal": "run"}, "former": {"goal": "swim"},
    } | changes  # fmt: skip


def now(goal: str, contact_id: str = "") -> Record:
    return Record("7", contact_id, values={"goal": goal})


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (now("run", OURS), PRESENT),
        (now("swim"), ABSENT),
        (now("run"), CANNOT_TELL),  # somebody else has written the same
        (now("climb", OURS), CANNOT_TELL),  # it arrived, and somebody has changed it since
        (now("climb"), CANNOT_TELL),
        (None, CANNOT_TELL),
        (Several(("7", "8")), CANNOT_TELL),
    ],
)
def test_a_change_of_who_is_there(found: Found, told: Told) -> None:
    assert reading_of(found, staged()).found is told


def test_what_a_step_before_has_emptied_is_not_set_yet() -> None:
    assert reading_of(now(""), staged()).found is CANNOT_TELL
    assert reading_of(now(""), staged(in_steps=True)).found is ABSENT


@pytest.mark.parametrize(
    ("goal", "told"), [("run", PRESENT), ("swim", ABSENT), ("climb", CANNOT_TELL)]
)
def test_where_an_id_stood_before_it_says_nothing(goal: str, told: Told) -> None:
    for contact_id in (OURS, "other:c1"):
        assert reading_of(now(goal, contact_id), staged(has_id=True)).found is told


@pytest.mark.parametrize(("contact_id", "told"), [(OURS, PRESENT), ("", ABSENT)])
def test_our_id_alone_is_a_change(contact_id: str, told: Told) -> None:
    changed = staged(write={}, former={})
    assert reading_of(now("swim", contact_id), changed).found is told


@pytest.mark.parametrize(
    ("found", "told"), [(None, ABSENT), (now("climb"), ABSENT), (now("climb", OURS), CANNOT_TELL)]
)
def test_who_was_to_be_added_and_came_by_somebody_else_was_not_added(
    found: Found, told: Told
) -> None:
    assert reading_of(found, staged(record="", former={"goal": ""})).found is told
