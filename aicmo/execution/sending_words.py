"""A plan's sending rules as sentences that a client can agree to."""

from __future__ import annotations

from collections.abc import Iterator

from aicmo.plans.sending import WEEKDAYS, Blackout, SendingRules, Window

_LATE = {
    "hold": "What is more than a day late waits until a person approves it again.",
    "send": "What is late goes out all the same.",
    "drop": "What is more than a day late doesn't go out at all.",
}
_DAYS = dict(
    zip(
        WEEKDAYS,
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        strict=True,
    )
)


def in_words(rules: SendingRules, timezone: str) -> list[str]:
    """The rules, one sentence each; `timezone` is the project's."""
    return [*_hours(rules, timezone), *_caps(rules), _LATE[rules.late], *_tags(rules)]


def _hours(rules: SendingRules, timezone: str) -> Iterator[str]:
    clocks = f"by the recipient's clocks, or those of {timezone} where none are known"
    if rules.window:
        yield f"Emails go out {_window(rules.window)}, {clocks}."
    if rules.quiet_hours:
        quiet = rules.quiet_hours
        yield f"Nobody gets one from {quiet.start} to {quiet.end}, {clocks}."
    if rules.blackout:
        yield f"None on {'; '.join(_blackout(each) for each in rules.blackout)}."
    if not (rules.window or rules.quiet_hours or rules.blackout):
        yield "Emails go out at any hour of any day."


def _window(window: Window) -> str:
    hours = f"from {window.start} to {window.end}"
    if set(window.weekdays) == set(WEEKDAYS):
        return f"{hours} on any day"
    if set(window.weekdays) == set(WEEKDAYS[:5]):
        return f"{hours} from Monday to Friday"
    return f"{hours} on {', '.join(_DAYS[day] for day in window.weekdays)}"


def _blackout(days: Blackout) -> str:
    span = f"{days.first.day} {days.first:%B %Y}"
    if days.last and days.last != days.first:
        span += f" to {days.last.day} {days.last:%B %Y}"
    return f"{span} ({days.reason})" if days.reason else span


def _caps(rules: SendingRules) -> Iterator[str]:
    if rules.per_run is not None:
        yield f"At most {rules.per_run:,} in one run."
    if rules.per_day is not None:
        yield f"At most {rules.per_day:,} in a day of the project's calendar."
    for each in rules.per_recipient:
        yield (
            f"At most {each.count} to one person in {each.days} day{'s' * (each.days > 1)}, "
            "over all projects of the client."
        )


def _tags(rules: SendingRules) -> Iterator[str]:
    if rules.utm:
        campaign = rules.utm.campaign or "the item's id"
        yield (
            f"Links carry utm_source={rules.utm.source}, utm_medium={rules.utm.medium} and "
            f"utm_campaign={campaign}; in posts, the network's name and social."
        )
