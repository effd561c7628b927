"""Shows that a written time means one instant, or is refused with the readings it could have."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo.errors import FixInput
from aicmo.plans.times import in_zone, resolve, zone

ZONES = ("America/Chicago", "Asia/Kolkata", "Europe/Berlin", "Australia/Lord_Howe", "UTC")
LOCAL_TIMES = st.datetimes(
    datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2060-01-01")
).map(lambda at: at.replace(microsecond=0))


@pytest.mark.parametrize(
    ("text", "timezone", "instant"),
    [
        ("2026-03-03T07:30", "America/Chicago", "2026-03-03T13:30+00:00"),
        ("2026-03-03 07:30:15", "America/Chicago", "2026-03-03T13:30:15+00:00"),
        ("2026-03-03T07:30-06:00", "Asia/Kolkata", "2026-03-03T13:30+00:00"),
        ("2026-03-03T07:30Z", "Asia/Kolkata", "2026-03-03T07:30+00:00"),
        ("2026-02-02T10:30", "Asia/Kolkata", "2026-02-02T05:00+00:00"),
    ],
)
def test_a_written_time_means_an_instant(text: str, timezone: str, instant: str) -> None:
    found = resolve(text, timezone)
    assert found == datetime.fromisoformat(instant)
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "timezone", "what", "readings"),
    [
        (
            "2026-11-01T01:30",
            "America/Chicago",
            "exists twice",
            ("2026-11-01T01:30-05:00", "2026-11-01T01:30-06:00"),
        ),
        (
            "2026-03-08T02:30",
            "America/Chicago",
            "does not exist",
            ("2026-03-08T01:30-06:00", "2026-03-08T03:30-05:00"),
        ),
        (
            "2026-04-05T01:45",
            "Australia/Lord_Howe",
            "exists twice",
            ("2026-04-05T01:45+11:00", "2026-04-05T01:45+10:30"),
        ),
    ],
)
def test_a_change_of_clocks_is_refused_with_both_readings(
    text: str, timezone: str, what: str, readings: tuple[str, str]
) -> None:
    with pytest.raises(FixInput, match=what) as refusal:
        resolve(text, timezone)
    first, second = (resolve(reading, timezone) for reading in readings)
    assert first != second
    assert all(reading in str(refusal.value) for reading in readings)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "2026-03-03",
            "07:30",
            "03/03/2026 07:30",
            "2026-13-01T07:30",
            "2026-03-03T24:00",
            "soon",
        ),
        *("2026-03-03T07:30+25:00", "0001-01-01T00:00+14:00", "9999-12-31T23:59-10:00", ""),
        "20260303T0730",
    ],
)
def test_what_is_no_date_and_time_is_refused(text: str) -> None:
    with pytest.raises(FixInput):
        resolve(text, "America/Chicago")


@pytest.mark.parametrize(
    "name", ["Nowhere/Town", "", "America", "../../etc/passwd", "/etc/localtime", "localtime", "\0"]
)
def test_a_name_of_no_time_zone_is_refused(name: str) -> None:
    with pytest.raises(FixInput, match="time zone"):
        zone(name)


@given(LOCAL_TIMES, st.sampled_from(ZONES))
def test_a_local_time_comes_back_or_is_ambiguous(local: datetime, timezone: str) -> None:
    try:
        instant = resolve(local.isoformat(), timezone)
    except FixInput:
        by_fold = {
            local.replace(tzinfo=ZoneInfo(timezone), fold=fold).utcoffset() for fold in (0, 1)
        }
        assert len(by_fold) == 2
    else:
        assert in_zone(instant, timezone).replace(tzinfo=None) == local


@given(LOCAL_TIMES.map(lambda at: at.replace(tzinfo=UTC)), st.sampled_from(ZONES))
def test_an_instant_written_with_its_offset_is_itself(instant: datetime, timezone: str) -> None:
    assert resolve(in_zone(instant, timezone).isoformat(), "America/Chicago") == instant
