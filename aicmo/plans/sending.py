"""How a client's messages are sent: how many, at which hours, and what happens to late ones."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from aicmo.plans.fields import Day, Line, Part

LATE_AFTER = timedelta(hours=24)
"""An item is late when neither its time nor its approval lies within this span."""
LateRule = Literal["hold", "send", "drop"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
ClockTime = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
"""`08:30`, by the recipient's clocks; where none are known, by the client's."""

WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Window(Part):
    """The hours in which messages may arrive."""

    start: ClockTime
    end: ClockTime
    weekdays: tuple[Weekday, ...] = Field(default=WEEKDAYS, min_length=1)

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Window:
        if self.end <= self.start:
            msg = "ends before it starts; a window lies within one day"
            raise ValueError(msg)
        return self


class QuietHours(Part):
    """Hours in which nobody is disturbed; they may pass midnight."""

    start: ClockTime
    end: ClockTime

    @model_validator(mode="after")
    def _leaves_some_time(self) -> QuietHours:
        if self.end == self.start:
            msg = "starts when it ends"
            raise ValueError(msg)
        return self


class Blackout(Part):
    """Days without messages, both included."""

    first: Day
    last: Day | None = Field(default=None, description="Default: the first day alone.")
    reason: Line | None = None

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Blackout:
        if self.last and self.last < self.first:
            msg = "last is before first"
            raise ValueError(msg)
        return self


class Frequency(Part):
    """At most so many emails to one person in any span of so many days."""

    count: int = Field(ge=1, le=100)
    days: int = Field(ge=1, le=365)


class Utm(Part):
    """Tags that are added to links, so that visits can be told apart.

    source, medium: of an email; a post's are its network and `social`.
    """

    source: Line = "newsletter"
    medium: Line = "email"
    campaign: Line | None = Field(default=None, description="Default: the item's id.")


class SendingRules(Part):
    """Caps and courtesy; whatever they stop waits, or goes as `late` says.

    per_recipient: counted over all projects of the client.
    """

    per_run: int | None = Field(default=None, ge=1)
    per_day: int | None = Field(default=None, ge=1, description="By the client's calendar.")
    per_recipient: tuple[Frequency, ...] = ()
    window: Window | None = None
    quiet_hours: QuietHours | None = None
    blackout: tuple[Blackout, ...] = ()
    late: LateRule = "hold"
    utm: Utm | None = None
