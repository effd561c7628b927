"""What of a change is sent, given what the CRM has: nothing of theirs is lost unasked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo.crm.change import Answer, Change, WantedField, WantedStage
from aicmo.crm.judging import Decision, Difference, judge
from aicmo.crm.record import Record

NOW = datetime(2026, 3, 10, tzinfo=UTC)
ORDER = ("lead", "opportunity", "customer")


def change(*fields: WantedField, **more: Any) -> Change:
    return Change(
        action="upsert_contact", contact_id="studio:c1", id_property="aicmo_contact_id",
        activity_id_property="", fields=fields, **more,
    )  # fmt: skip


def wanted(value: str, conflict: Any = "ours", **more: Any) -> WantedField:
    return WantedField(name="goal", value=value, conflict=conflict, **more)


def theirs(value: str, at: datetime | None = None, name: str = "goal") -> Record:
    times = {name: at} if at else {}
    return Record("7", values={name: value}, changed_at=times, changed_by={name: "Ann Smith"})


def only(made: Change, record: Record | None) -> Difference:
    (difference,) = judge(made, record).differences
    return difference


@pytest.mark.parametrize("rule", ["ours", "theirs", "newer", "ask"])
def test_an_empty_property_is_filled_whatever_the_rule(rule: str) -> None:
    for record in (None, theirs("")):
        judged = judge(change(wanted("run", rule)), record)
        assert judged.to_write == {"goal": "run"}
        assert judged.former == {"goal": ""}


@pytest.mark.parametrize("rule", ["ours", "theirs", "newer", "ask"])
def test_what_is_there_already_is_not_sent_again(rule: str) -> None:
    judged = judge(change(wanted("run", rule)), theirs("run"))
    assert (judged.to_write, judged.objections) == ({}, ())


@pytest.mark.parametrize(
    ("rule", "decision"),
    [("ours", Decision.WRITE), ("theirs", Decision.KEEP), ("newer", Decision.KEEP), ("ask", Decision.ASK)],
)  # fmt: skip
def test_another_value_stands_or_falls_by_the_rule(rule: str, decision: Decision) -> None:
    found = only(change(wanted("run", rule)), theirs("swim"))
    assert (found.decision, found.theirs, found.ours) == (decision, "swim", "run")
    assert found.changed_by == "Ann Smith"


@pytest.mark.parametrize(
    ("ours_at", "theirs_at", "decision"),
    [
        (NOW, NOW - timedelta(days=1), Decision.WRITE),
        (NOW - timedelta(days=1), NOW, Decision.KEEP),
        (NOW, NOW, Decision.KEEP),
        (None, NOW, Decision.KEEP),
        (NOW, None, Decision.KEEP),
    ],
)
def test_the_newer_value_stands_and_theirs_if_nobody_knows(
    ours_at: datetime | None, theirs_at: datetime | None, decision: Decision
) -> None:
    made = change(wanted("run", "newer", since=ours_at))
    assert only(made, theirs("swim", theirs_at)).decision is decision


def test_a_record_that_only_knows_when_it_was_changed_as_a_whole_is_compared_by_that() -> None:
    made = change(wanted("run", "newer", since=NOW))
    old = Record("7", values={"goal": "swim"}, changed_at={"": NOW - timedelta(days=9)})
    assert only(made, old).decision is Decision.WRITE


def test_an_answer_counts_while_the_crm_has_the_value_that_was_seen() -> None:
    answers = {"goal": Answer(theirs="swim", take="ours")}
    made = change(wanted("run", "ask"), answers=answers)
    assert only(made, theirs("swim")).decision is Decision.WRITE
    assert only(made, theirs("ride")).decision is Decision.ASK
    keeps = change(wanted("run", "ask"), answers={"goal": Answer(theirs="swim", take="theirs")})
    assert only(keeps, theirs("swim")).decision is Decision.KEEP


def stage(value: str, **more: Any) -> Change:
    found = WantedStage(property="goal", value=value, order=ORDER, **more)
    return change(stage=found)


@pytest.mark.parametrize(
    ("there", "to", "decision"),
    [
        ("", "lead", Decision.WRITE), ("lead", "customer", Decision.WRITE),
        ("customer", "customer", Decision.SAME), ("customer", "lead", Decision.REFUSE),
        ("evangelist", "lead", Decision.REFUSE),
    ],
)  # fmt: skip
def test_a_stage_moves_forward_only(there: str, to: str, decision: Decision) -> None:
    assert only(stage(to), theirs(there)).decision is decision


def test_a_stage_moves_back_if_the_item_says_why() -> None:
    made = stage("lead", back_because="the trial was a mistake")
    assert only(made, theirs("customer")).decision is Decision.WRITE


def test_a_tag_is_added_to_those_that_are_there() -> None:
    made = change(tag="spring", tags_property="goal")
    assert judge(made, theirs("winter;autumn")).to_write == {"goal": "autumn;spring;winter"}
    assert judge(made, theirs("spring;winter")).to_write == {}


def test_values_are_compared_by_what_they_mean() -> None:
    made = change(wanted("12.5", "ask", type="number"))
    assert only(made, theirs("12.50")).decision is Decision.SAME


_TEXTS = st.sampled_from(["", "run", "swim", "ride"])


@given(ours=_TEXTS.filter(bool), there=_TEXTS, rule=st.sampled_from(["theirs", "newer", "ask"]))
def test_only_the_rule_ours_overwrites_unasked(ours: str, there: str, rule: str) -> None:
    judged = judge(change(wanted(ours, rule)), theirs(there))
    assert not judged.to_write or not there
