"""Hours by the clocks of a zone: the first minute that is allowed, also when the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aicmo.errors import FixDocument
from aicmo.plans.opening import Hours, day_began, day_ends, hours_of
from aicmo.plans.sending import WEEKDAYS, Blackout, QuietHours, SendingRules, Weekday, Window
from tests.unit.plan_documents import email_item, plain_document, post_item, problems_of, read_plain

CHICAGO, BERLIN = "America/Chicago", "Europe/Berlin"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def quiet(start: str, end: str) -> Hours:
    return hours_of(SendingRules(quiet_hours=QuietHours(start=start, end=end)))


def window(start: str, end: str, *weekdays: str) -> Hours:
    days = {"weekdays": weekdays} if weekdays else {}
    return Hours(Window.model_validate({"start": start, "end": end, **days}), None, ())


def days_off(first: str, last: str | None = None, reason: str | None = None) -> Hours:
    part = {"first": first, "last": last, "reason": reason}
    return Hours(None, None, (Blackout.model_validate(part),))


def told(hours: Hours, now: str, zone: str = CHICAGO) -> tuple[str, datetime] | None:
    closed = hours.closed(at(now), zone)
    return (closed.reason, closed.opens_at) if closed else None


OPENINGS: list[tuple[Hours, str, str, str]] = [
    (
        quiet("20:00", "08:00"), "2026-03-10T07:59:59-05:00",
        "quiet hours in America/Chicago until 08:00", "2026-03-10T08:00-05:00",
    ),
    (
        quiet("20:00", "08:00"), "2026-03-10T20:00-05:00",
        "quiet hours in America/Chicago until 2026-03-11 08:00", "2026-03-11T08:00-05:00",
    ),
    (
        quiet("12:00", "13:00"), "2026-03-10T12:30-05:00",
        "quiet hours in America/Chicago until 13:00", "2026-03-10T13:00-05:00",
    ),
    (
        window("09:00", "17:00", "mon", "fri"), "2026-03-10T10:00-05:00",
        "outside the send window in America/Chicago until 2026-03-13 09:00",
        "2026-03-13T09:00-05:00",
    ),
    (
        days_off("2026-12-24", "2026-12-26", "Christmas"), "2026-12-24T00:00-06:00",
        "blackout (Christmas) in America/Chicago until 2026-12-27 00:00",
        "2026-12-27T00:00-06:00",
    ),
    (
        days_off("2026-12-24"), "2026-12-24T23:59-06:00",
        "blackout in America/Chicago until 2026-12-25 00:00", "2026-12-25T00:00-06:00",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("hours", "now", "reason", "opens_at"), OPENINGS)
def test_what_is_closed_says_which_rule_and_until_when(
    hours: Hours, now: str, reason: str, opens_at: str
) -> None:
    assert told(hours, now) == (reason, at(opens_at))
    assert told(hours, opens_at) is None


OPEN: list[tuple[Hours, str]] = [
    (quiet("20:00", "08:00"), "2026-03-10T08:00-05:00"),
    (quiet("20:00", "08:00"), "2026-03-10T19:59:59-05:00"),
    (quiet("12:00", "13:00"), "2026-03-10T11:59:59-05:00"),
    (window("09:00", "17:00", "tue"), "2026-03-10T09:00-05:00"),
    (days_off("2026-12-24", "2026-12-26"), "2026-12-23T23:59:59-06:00"),
    (hours_of(SendingRules()), "2026-03-10T03:00-05:00"),
]


@pytest.mark.parametrize(("hours", "now"), OPEN)
def test_outside_of_a_rule_all_is_open(hours: Hours, now: str) -> None:
    assert told(hours, now) is None


def test_each_zone_has_its_own_clocks() -> None:
    hours, now = quiet("20:00", "08:00"), "2026-03-10T12:00-05:00"
    assert told(hours, now) is None
    assert told(hours, now, "Asia/Tokyo") == (
        "quiet hours in Asia/Tokyo until 08:00", at("2026-03-11T08:00+09:00"),
    )  # fmt: skip


def test_an_end_that_the_clocks_leave_out_is_the_change_itself() -> None:
    assert told(quiet("20:00", "02:30"), "2026-03-29T01:30+01:00", BERLIN) == (
        "quiet hours in Europe/Berlin until 03:00", at("2026-03-29T03:00+02:00"),
    )  # fmt: skip


def test_an_hour_that_comes_twice_is_quiet_twice() -> None:
    hours = quiet("02:30", "03:00")
    first, between, second = "2026-10-25T02:30+02:00", "2026-10-25T02:00+01:00", "02:30+01:00"
    assert told(hours, first, BERLIN) == (
        "quiet hours in Europe/Berlin until 02:00", at(between),
    )  # fmt: skip
    assert told(hours, between, BERLIN) is None
    assert told(hours, f"2026-10-25T{second}", BERLIN) == (
        "quiet hours in Europe/Berlin until 03:00", at("2026-10-25T03:00+01:00"),
    )  # fmt: skip


@pytest.mark.parametrize("offset", ["+02:00", "+01:00"])
def test_an_end_that_comes_twice_ends_it_each_time(offset: str) -> None:
    hours = quiet("20:00", "02:30")
    assert told(hours, f"2026-10-25T02:10{offset}", BERLIN) == (
        "quiet hours in Europe/Berlin until 02:30", at(f"2026-10-25T02:30{offset}"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("now", "hours"), [("2026-03-08", 23), ("2026-11-01", 25), ("2026-07-01", 24)]
)
def test_a_calendar_day_is_as_long_as_its_clocks_make_it(now: str, hours: int) -> None:
    noon = datetime.fromisoformat(f"{now}T12:00").replace(tzinfo=ZoneInfo(CHICAGO))
    began, ends = day_began(noon, CHICAGO), day_ends(noon, CHICAGO)
    assert ends - began == hours * HOUR
    for each in (began, ends):
        assert f"{each.astimezone(ZoneInfo(CHICAGO)):%H:%M}" == "00:00"


def test_a_day_without_midnight_begins_when_the_clocks_jump() -> None:
    noon = datetime(2026, 4, 24, 12, tzinfo=ZoneInfo("Africa/Cairo"))
    began = day_began(noon, "Africa/Cairo").astimezone(ZoneInfo("Africa/Cairo"))
    assert (began.day, began.hour) == (24, 1)
    assert (began.astimezone(UTC) - MINUTE).astimezone(ZoneInfo("Africa/Cairo")).day == 23


ZONES = st.sampled_from(
    [CHICAGO, BERLIN, "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Cairo", "America/Havana",
     "America/Santiago", "Atlantic/Azores", "Africa/Casablanca", "America/St_Johns", "UTC"]
)  # fmt: skip
CLOCKS = [
    f"{hour:02}:{minute:02}"
    for hour in (0, 1, 2, 3, 8, 12, 20, 22, 23)
    for minute in (0, 1, 15, 30, 59)
]
PAIRS = st.permutations(CLOCKS).map(lambda clocks: (clocks[0], clocks[1]))
WEEKS = st.sets(st.sampled_from(WEEKDAYS), min_size=1)


def _window(pair: tuple[str, str], days: set[Weekday]) -> Window:
    return Window(start=min(pair), end=max(pair), weekdays=tuple(sorted(days)))


def _quiet(pair: tuple[str, str]) -> QuietHours:
    return QuietHours(start=pair[0], end=pair[1])


WINDOWS, QUIET = st.builds(_window, PAIRS, WEEKS), st.builds(_quiet, PAIRS)


@st.composite
def moments(draw: st.DrawFn) -> tuple[datetime, str, Hours]:
    """An instant, often near a change of the clocks, a zone, and rules that leave some time."""
    zone = draw(ZONES)
    now = datetime(2026, 1, 1, tzinfo=UTC) + MINUTE * draw(st.integers(0, 525_000))
    if draw(st.booleans()):
        now = _next_change_of_clocks(now, ZoneInfo(zone)) - MINUTE * draw(st.integers(0, 1500))
    first = now.date() + timedelta(days=draw(st.integers(-2, 2)))
    last = first + timedelta(days=draw(st.integers(0, 3)))
    blackout = (Blackout(first=first, last=last),) if draw(st.booleans()) else ()
    hours = Hours(draw(st.none() | WINDOWS), draw(st.none() | QUIET), blackout)
    assume(hours.leave_time)
    return now, zone, hours


def _next_change_of_clocks(now: datetime, zone: ZoneInfo) -> datetime:
    offset, end = now.astimezone(zone).utcoffset(), now + timedelta(days=250)
    while now < end and now.astimezone(zone).utcoffset() == offset:
        now += HOUR
    return now


def allowed(local: datetime, hours: Hours) -> bool:
    """The rules read once more, one by one."""
    clock, day = f"{local:%H:%M}", local.date()
    in_window = hours.window is None or (
        WEEKDAYS[day.weekday()] in hours.window.weekdays
        and clock >= hours.window.start
        and clock < hours.window.end
    )
    if hours.quiet is None:
        is_quiet = False
    elif hours.quiet.start < hours.quiet.end:
        is_quiet = hours.quiet.start <= clock < hours.quiet.end
    else:
        is_quiet = clock >= hours.quiet.start or clock < hours.quiet.end
    off = any(days.first <= day <= (days.last or days.first) for days in hours.blackout)
    return in_window and not is_quiet and not off


@given(moments())
def test_it_opens_at_the_first_minute_that_is_allowed(
    moment: tuple[datetime, str, Hours],
) -> None:
    now, zone, hours = moment
    closed = hours.closed(now, zone)
    at_minute = now
    while not allowed(at_minute.astimezone(ZoneInfo(zone)), hours):
        at_minute += MINUTE
        assert at_minute < now + timedelta(days=30)
    assert (closed.opens_at if closed else now) == at_minute


RULES: list[tuple[dict[str, Any], dict[str, str], dict[str, str]]] = [
    (
        {"window": {"start": "09:00", "end": "17:00"},
         "quiet_hours": {"start": "17:00", "end": "09:30"}}, {}, {},
    ),
    (
        {"blackout": [{"first": "2026-03-03"}]}, {"send_until": "2026-03-04T00:00"},
        {"items[0].send_at":
         "blackout in America/Chicago until 2026-03-04 00:00, after send_until: nobody gets it"},
    ),
    ({"blackout": [{"first": "2026-03-03"}]}, {"send_until": "2026-03-04T00:01"}, {}),
    ({"blackout": [{"first": "2026-03-03"}]}, {}, {}),
    (
        {"blackout": [{"first": "2026-03-02", "last": "2026-03-06"}]}, {},
        {"items[0].send_at": "blackout in America/Chicago until 2026-03-07 00:00, more than a day "
         "later: it is then held as late"},
    ),
    (
        {"blackout": [{"first": "2026-03-02", "last": "2026-03-06"}], "late": "send"},
        {"late": "drop"},
        {"items[0].send_at": "blackout in America/Chicago until 2026-03-07 00:00, more than a day "
         "later: it is then dropped as late"},
    ),
    ({"blackout": [{"first": "2026-03-02", "last": "2026-03-06"}], "late": "send"}, {}, {}),
    (
        {"window": {"start": "09:00", "end": "17:00", "weekdays": ["mon"]}}, {},
        {"items[0].send_at": "outside the send window in America/Chicago until 2026-03-09 09:00, "
         "more than a day later: it is then held as late"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("sending", "item", "expected"), RULES)
def test_an_email_that_its_hours_keep_back_too_long_is_a_warning(
    tmp_path: Path, sending: dict[str, Any], item: dict[str, str], expected: dict[str, str]
) -> None:
    document = plain_document(sending=sending, items=[email_item("e1", **item), post_item("p1")])
    assert problems_of(tmp_path, document) == expected


def test_hours_that_leave_no_time_are_an_error(tmp_path: Path) -> None:
    rules = {
        "window": {"start": "09:00", "end": "17:00"},
        "quiet_hours": {"start": "17:00", "end": "09:00"},
    }
    assert problems_of(tmp_path, plain_document(sending=rules)) == {}
    rules["quiet_hours"] = {"start": "08:00", "end": "17:00"}
    assert problems_of(tmp_path, plain_document(sending=rules)) == {
        "sending.quiet_hours": "covers the whole send window, so that no email could ever go out"
    }
    with pytest.raises(FixDocument):
        read_plain(tmp_path, plain_document(sending=rules))
