"""Caps and courtesy bite when a batch is armed, wait with a reason, and end at their time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from aicmo.database import Database
from aicmo.errors import TryLater
from aicmo.execution import guards, pauses, runs
from aicmo.execution.importing import import_document
from aicmo.execution.preview import preview_items
from aicmo.execution.project import load_items, load_plan
from aicmo.execution.report import ExecutionReport
from aicmo.gateways.smtp import open_smtp_gateway
from aicmo.models import AuditEvent
from aicmo.smtp_relay import SmtpRelay
from tests.projects import KEY, NOW, TOMORROW, contact, document, email, post
from tests.unit.courteous_runs import (
    DAY,
    HOUR,
    Clock,
    not_before,
    opened,
    ran,
    ready,
    sent,
    set_deliveries,
    stopped_when_armed,
    told,
    waiting,
)

SECOND = timedelta(seconds=1)
MIDNIGHT = datetime(2026, 3, 11, 5, tzinfo=UTC)
"""The next one after NOW (10:00) in Chicago."""
EVENING, MORNING = MIDNIGHT - 4 * HOUR, MIDNIGHT + 8 * HOUR
"""20:00 and 08:00 in Chicago."""
QUIET = {"start": "20:00", "end": "08:00"}
UNTIL_MORNING = "quiet hours in America/Chicago until"


# Caps


def test_a_run_sends_no_more_than_its_cap_and_says_so(database: Database) -> None:
    ready(database, 5, per_run=2)
    run = opened(database, NOW)
    assert len(sent(run)) == 2
    report = ExecutionReport("studio")
    runs.close_run(run, report)
    assert report.reasons["waiting"] == {"cap per run reached (2)": 3}
    assert not report.errors
    assert waiting(database) == {"due": 3}
    assert [len(ran(database)) for _ in range(3)] == [2, 1, 0]


def test_a_run_in_several_steps_has_one_cap(database: Database) -> None:
    ready(database, 5, per_run=2)
    run = opened(database, NOW)
    assert [len(sent(run)) for _ in range(2)] == [2, 0]


def test_a_cap_is_counted_over_all_emails_of_a_project_and_over_no_other(
    database: Database,
) -> None:
    ready(database, 3, email("first"), email("second"), per_run=4, per_day=4)
    ready(database, 3, project="other", per_run=4, per_day=4)
    assert len(ran(database, project="other")) == 3
    assert len(ran(database)) == 4


def test_a_day_has_a_cap_whatever_runs(database: Database) -> None:
    ready(database, 5, per_day=2)
    full = {"cap per day reached (2) in America/Chicago until 2026-03-11 00:00": 3}
    assert len(ran(database)) == 2
    assert waiting(database) == full
    assert ran(database, MIDNIGHT - SECOND) == []
    assert waiting(database, MIDNIGHT - SECOND) == full
    assert waiting(database, MIDNIGHT) == {"due": 3}
    assert [len(ran(database, MIDNIGHT)) for _ in range(2)] == [2, 0]
    assert len(ran(database, MIDNIGHT + DAY)) == 1


def test_the_tighter_cap_counts(database: Database) -> None:
    ready(database, 6, per_day=3, per_run=2)
    assert [len(ran(database)) for _ in range(3)] == [2, 1, 0]


@pytest.mark.parametrize(("day", "hours"), [("2026-03-08T06:00", 23), ("2026-11-01T05:00", 25)])
def test_a_day_on_which_the_clocks_change_is_one_day(
    database: Database, day: str, hours: int
) -> None:
    midnight = datetime.fromisoformat(day).replace(tzinfo=UTC)
    ready(database, 4, email(send_at=midnight - HOUR), at=midnight, per_day=2)
    assert len(ran(database, midnight)) == 2
    assert ran(database, midnight + hours * HOUR - SECOND) == []
    assert len(ran(database, midnight + hours * HOUR)) == 2


def test_after_midnight_the_rest_waits_for_the_window(database: Database) -> None:
    ready(database, 3, per_day=2, window={"start": "09:00", "end": "17:00"})
    ran(database)
    assert waiting(database) == {
        "cap per day reached (2) in America/Chicago until 2026-03-11 09:00": 1
    }
    assert ran(database, MIDNIGHT) == []
    assert len(ran(database, MIDNIGHT + 9 * HOUR)) == 1


def test_a_cap_is_kept_when_a_batch_was_claimed_before_it_was_reached(database: Database) -> None:
    ready(database, 5, email("first"), email("second"), per_day=6)
    run = opened(database, NOW)
    runs.extract_items(run)
    batch = stopped_when_armed(database, Clock(NOW), NOW)
    assert len(batch.outgoing) == 5
    assert not batch.is_full
    batch = stopped_when_armed(database, Clock(NOW), NOW)
    assert len(batch.outgoing) == 1
    assert batch.is_full


# Hours


def test_everybody_is_written_to_by_their_own_clocks(database: Database) -> None:
    people = [contact(1), contact(2, timezone="Asia/Tokyo"), contact(3, timezone="Europe/Berlin")]
    ready(database, people, quiet_hours=QUIET)
    assert ran(database) == ["person1", "person3"]
    assert waiting(database) == {"quiet hours in Asia/Tokyo until 08:00": 1}
    opening = NOW + 8 * HOUR
    assert not_before(database) == [None, opening, None]
    assert ran(database, opening - SECOND) == []
    assert ran(database, opening) == ["person2"]


RULES: list[tuple[dict[str, Any], datetime, datetime, str]] = [
    ({"quiet_hours": QUIET}, EVENING, MORNING, f"{UNTIL_MORNING} 2026-03-11 08:00"),
    (
        {"window": {"start": "08:00", "end": "20:00"}}, EVENING, MORNING,
        "outside the send window in America/Chicago until 2026-03-11 08:00",
    ),
    (
        {"blackout": [{"first": "2026-03-11", "reason": "Funeral"}]}, MIDNIGHT, MIDNIGHT + DAY,
        "blackout (Funeral) in America/Chicago until 2026-03-12 00:00",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("rules", "begins", "ends", "reason"), RULES)
def test_a_rule_that_begins_between_claim_and_arming_bites(
    database: Database, rules: dict[str, Any], begins: datetime, ends: datetime, reason: str
) -> None:
    ready(database, 2, at=begins, **rules)
    batch = stopped_when_armed(database, Clock(begins - SECOND), begins)
    assert batch.outgoing == ()
    assert waiting(database, begins) == {reason: 2}
    assert not_before(database) == [ends, ends]
    assert ran(database, ends - SECOND) == []
    assert len(ran(database, ends)) == 2


def moves(database: Database) -> int:
    with database.read() as session:
        return session.scalars(
            select(func.count()).where(AuditEvent.event == "delivery.moved")
        ).one()


def test_what_waits_for_its_hour_is_never_claimed(database: Database) -> None:
    ready(database, at=EVENING, quiet_hours=QUIET)
    assert ran(database, EVENING) == []
    assert ran(database, EVENING + HOUR) == []
    assert moves(database) == 0
    assert waiting(database, MORNING) == {"due": 3}


def test_what_was_let_go_until_its_hour_is_not_claimed_again(database: Database) -> None:
    ready(database, at=EVENING, quiet_hours=QUIET)
    stopped_when_armed(database, Clock(EVENING - SECOND), EVENING)
    before = moves(database)
    assert ran(database, EVENING + HOUR) == []
    assert moves(database) == before


def test_a_provider_s_longer_wait_stays(database: Database) -> None:
    ready(database, at=EVENING, quiet_hours=QUIET)
    set_deliveries(database, "studio", not_before=MORNING + HOUR)
    assert ran(database, EVENING) == []
    assert not_before(database) == [MORNING + HOUR] * 3


def test_a_plan_without_the_rule_lets_go_what_waited_for_it(database: Database) -> None:
    ready(database, at=EVENING, quiet_hours=QUIET)
    assert ran(database, EVENING) == []
    ready(database, at=EVENING)
    assert len(ran(database, EVENING)) == 3


def test_what_waited_and_was_paused_meanwhile_goes_when_nothing_stops_it(
    database: Database,
) -> None:
    ready(database, at=EVENING, quiet_hours=QUIET)
    ran(database, EVENING)
    pauses.pause(database, by="Ann", now=EVENING)
    assert ran(database, EVENING) == []
    pauses.unpause(database, by="Ann")
    ready(database, at=EVENING)
    assert len(ran(database, EVENING)) == 3


def test_a_post_is_nobodys_disturbance(database: Database) -> None:
    ready(database, 1, post(), per_day=1, blackout=[{"first": "2026-03-10"}])
    assert told(database).reasons("held") == {guards.OPERATOR_TASK: 1}


# What comes first


def test_who_left_or_has_not_agreed_is_told_so_whatever_the_hour(database: Database) -> None:
    people = [contact(1, consent="unsubscribed"), contact(2, consent="unknown"), contact(3)]
    ready(database, people, blackout=[{"first": "2026-03-10"}])
    ran(database)
    assert told(database).reasons("skipped") == {"unsubscribed": 1}
    assert told(database).reasons("held") == {"no consent": 1}
    assert waiting(database) == {"blackout in America/Chicago until 2026-03-11 00:00": 1}


def test_what_is_not_due_waits_for_its_time_first(database: Database) -> None:
    ready(database, 1, email(send_at=TOMORROW), blackout=[{"first": "2026-03-10"}])
    assert waiting(database) == {"not due yet": 1}


# Late


LATE: list[tuple[str, dict[str, dict[str, int]]]] = [
    ("hold", {"held": {"late: approve it again to send it now": 1}}),
    ("drop", {"expired": {"late": 1}}),
    ("send", {"waiting": {"due": 1}}),
]


@pytest.mark.parametrize(("rule", "expected"), LATE)
def test_what_its_time_has_passed_is_held_dropped_or_sent(
    database: Database, rule: str, expected: dict[str, dict[str, int]]
) -> None:
    ready(database, 1, late=rule)
    monday = NOW + 3 * DAY
    assert told(database, monday).as_dict()["reasons"] == expected
    assert len(ran(database, monday)) == (rule == "send")


def test_an_item_has_the_last_word_on_its_lateness(database: Database) -> None:
    ready(database, 1, email("a"), email("b", late="drop"), late="send")
    assert told(database, NOW + 3 * DAY).reasons("expired") == {"late": 1}


def test_what_was_dropped_goes_when_somebody_approves_it_again(database: Database) -> None:
    ready(database, 1, late="drop")
    monday = NOW + 3 * DAY
    assert ran(database, monday) == []
    ready(database, 1, late="drop", at=monday)
    assert len(ran(database, monday)) == 1


def test_a_relay_that_is_down_uses_up_no_cap(database: Database) -> None:
    ready(database, 3, per_day=3)
    run = opened(database, NOW)
    nobody = open_smtp_gateway(SmtpRelay("127.0.0.1", 1, "none"))
    with pytest.raises(TryLater):
        runs.execute_channel(run, "email", runs.extract_items(run), lambda: nobody)
    runs.close_run(run, ExecutionReport("studio"))

    assert len(ran(database, NOW + timedelta(hours=1))) == 3


def test_a_plan_that_says_send_later_on_needs_its_approval_for_that(database: Database) -> None:
    ready(database, 1, late="hold")
    plan = document(contacts=[contact(1)], client="northside", sending={"late": "send"})
    import_document(database, plan, source="test", actor="tester", secret_key=KEY)

    assert ran(database, NOW + 3 * DAY) == []
    assert told(database, NOW + 3 * DAY).reasons("held") == {"changed since its approval": 1}


WAITS: list[dict[str, Any]] = [
    {"blackout": [{"first": "2026-03-10", "last": "2026-03-20"}]},
    {"per_day": 1},
]


@pytest.mark.parametrize("rules", WAITS, ids=["blackout", "cap"])
@pytest.mark.parametrize(("rule", "state"), [("hold", "held"), ("drop", "expired")])
def test_what_courtesy_makes_wait_for_more_than_a_day_is_late(
    database: Database, rules: dict[str, Any], rule: str, state: str
) -> None:
    ready(database, 3, late=rule, **rules)
    left = 3 - len(ran(database))
    assert told(database).count("waiting") == left
    monday = NOW + 3 * DAY
    ran(database, monday)
    assert told(database, monday).count(state) == left


# The preview


def blocked_by(database: Database, at: datetime = NOW) -> dict[str, dict[str, int]]:
    with database.read() as session:
        plan, items = load_plan(session, "studio"), load_items(session, "studio")
    preview = preview_items(database, plan, items, at)
    return {each.item.key: dict(each.blocked_by) for each in preview.items}


def test_a_preview_says_what_each_rule_makes_wait(database: Database) -> None:
    people = [contact(1), contact(2, timezone="Asia/Tokyo"), contact(3), contact(4)]
    mails = email("first"), email("second"), email("third", send_at=TOMORROW)
    ready(database, people, *mails, per_run=2, quiet_hours=QUIET)
    quiet, over = "quiet hours in Asia/Tokyo until 08:00", "cap per run reached (2)"
    assert blocked_by(database) == {
        "first": {quiet: 1, over: 1}, "second": {quiet: 1, over: 3}, "third": {"not due yet": 4},
    }  # fmt: skip


def test_a_preview_counts_what_the_day_has_had(database: Database) -> None:
    ready(database, 5, per_day=4, per_run=3)
    ran(database)
    told = "cap per day reached (4) in America/Chicago until 2026-03-11 00:00"
    assert blocked_by(database) == {"mail-1": {told: 1}}
