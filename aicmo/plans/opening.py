"""When a plan's hours let a message arrive, by the clocks of a time zone.

Clocks change: an hour may be missing or come twice (PEP 495). All that is asked here is asked of
instants, and holds on those days, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from aicmo.plans import times
from aicmo.plans.sending import WEEKDAYS, Blackout, QuietHours, SendingRules, Window

_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)
_SHOWN = 80
_MOST_STEPS = 1000
"""Hours that leave any time leave some within a week, which has far fewer changes than this."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Why no message may arrive now, and the first instant (aware, UTC) at which one may again."""

    reason: str
    opens_at: datetime


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours of a plan's sending rules."""

    window: Window | None
    quiet: QuietHours | None
    blackout: tuple[Blackout, ...]

    @property
    def are_limited(self) -> bool:
        return bool(self.window or self.quiet or self.blackout)

    @property
    def leave_time(self) -> bool:
        """Whether any day has a time at which a message may arrive, blackouts aside."""
        minutes = (f"{at // 60:02}:{at % 60:02}" for at in range(24 * 60))
        return any(not self._closes(clock) for clock in minutes)

    def closed(self, now: datetime, zone: str) -> Closed | None:
        """Why a message may not arrive at `now` where the clocks are those of `zone`.

        Raises:
            FixInput: there is no such time zone.
        """
        # Clocks show whole minutes, so that everybody who asks in the same one gets one answer.
        return _closed(self, _minute(now), zone)

    def objection(self, local: datetime) -> str:
        """What stands against this time on the clock; '' if nothing does."""
        for days in self.blackout:
            if days.first <= local.date() <= (days.last or days.first):
                return f"blackout ({days.reason[:_SHOWN]})" if days.reason else "blackout"
        if self.window and WEEKDAYS[local.weekday()] not in self.window.weekdays:
            return "outside the send window"
        return self._closes(f"{local:%H:%M}")

    def _closes(self, clock: str) -> str:
        if self.window and not self.window.start <= clock < self.window.end:
            return "outside the send window"
        quiet = self.quiet
        if quiet and quiet.start < quiet.end and quiet.start <= clock < quiet.end:
            return "quiet hours"
        if quiet and quiet.start > quiet.end and not quiet.end <= clock < quiet.start:
            return "quiet hours"
        return ""

    def next_change(self, now: datetime, zone: ZoneInfo) -> datetime:
        """The next instant at which the answer may be another one; never a later one than that."""
        local = now.astimezone(zone)
        day = local.date()
        ends = [days.last or days.first for days in self.blackout
                if days.first <= day <= (days.last or days.first)]  # fmt: skip
        walls = [datetime.combine(max([day, *ends]) + _DAY, time())]
        if not ends:
            walls += [datetime.combine(day, clock) for clock in self._clock_times]
        instants = (_instant(wall, zone, fold) for wall in walls for fold in (0, 1))
        following = min(each for each in instants if each > now)
        return following if ends else _before_clocks_change(now, following, zone)

    @property
    def _clock_times(self) -> list[time]:
        parts = [part for part in (self.window, self.quiet) if part]
        return [time.fromisoformat(text) for part in parts for text in (part.start, part.end)]


def hours_of(rules: SendingRules) -> Hours:
    """The hours of these rules."""
    return Hours(rules.window, rules.quiet_hours, rules.blackout)


def day_began(now: datetime, zone: str) -> datetime:
    """The instant at which the calendar day of `now` began in `zone`."""
    return _instant(datetime.combine(times.in_zone(now, zone).date(), time()), times.zone(zone))


def day_ends(now: datetime, zone: str) -> datetime:
    """The instant at which the next calendar day begins in `zone`."""
    tomorrow = times.in_zone(now, zone).date() + _DAY
    return _instant(datetime.combine(tomorrow, time()), times.zone(zone))


def clock_text(at: datetime, now: datetime, zone: str) -> str:
    """`08:00`, or `2026-03-03 08:00` if that is on another day than `now`."""
    local = times.in_zone(at, zone)
    today: date = times.in_zone(now, zone).date()
    return f"{local:%H:%M}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"


@lru_cache(maxsize=4096)
def _closed(hours: Hours, now: datetime, zone: str) -> Closed | None:
    place = times.zone(zone)
    reason = hours.objection(now.astimezone(place))
    if not reason:
        return None
    opens_at = now
    for _ in range(_MOST_STEPS):
        opens_at = hours.next_change(opens_at, place)
        if not hours.objection(opens_at.astimezone(place)):
            break
    return Closed(f"{reason} in {zone} until {clock_text(opens_at, now, zone)}", opens_at)


def _minute(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(second=0, microsecond=0)


def _instant(wall: datetime, zone: ZoneInfo, fold: int = 0) -> datetime:
    """When the clock shows `wall`; one that is left out stands for the change of the clocks."""
    return wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def _before_clocks_change(now: datetime, following: datetime, zone: ZoneInfo) -> datetime:
    """`following`, or the change of the clocks if that comes before."""
    offset = now.astimezone(zone).utcoffset()
    if following.astimezone(zone).utcoffset() == offset:
        return following
    before, after = now, following
    while after - before > _MINUTE:
        middle = _minute(before + (after - before) / 2)
        if middle <= before:
            break
        same = middle.astimezone(zone).utcoffset() == offset
        before, after = (middle, after) if same else (before, middle)
    return after
