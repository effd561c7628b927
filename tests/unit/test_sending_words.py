"""A plan's sending rules in words: every rule is said, and none that isn't there."""

from __future__ import annotations

from typing import Any

import pytest

from aicmo.execution.sending_words import in_words
from aicmo.plans.sending import SendingRules

CLOCKS = "by the recipient's clocks, or those of Europe/Berlin where none are known."
LATE = "What is more than a day late waits until a person approves it again."


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({}, ["Emails go out at any hour of any day.", LATE]),
        ({"late": "send"}, ["Emails go out at any hour of any day.", "What is late goes out all the same."]),
        (
            {"window": {"start": "08:00", "end": "18:00", "weekdays": ["fri", "mon", "tue", "wed", "thu"]}},
            [f"Emails go out from 08:00 to 18:00 from Monday to Friday, {CLOCKS}", LATE],
        ),
        (
            {"window": {"start": "08:00", "end": "18:00", "weekdays": ["tue", "sat"]}},
            [f"Emails go out from 08:00 to 18:00 on Tuesday, Saturday, {CLOCKS}", LATE],
        ),
        (
            {"quiet_hours": {"start": "20:00", "end": "08:00"}},
            [f"Nobody gets one from 20:00 to 08:00, {CLOCKS}", LATE],
        ),
        (
            {"blackout": [{"first": "2026-12-24", "last": "2026-12-26", "reason": "Christmas"}, {"first": "2027-01-01"}]},
            ["None on 24 December 2026 to 26 December 2026 (Christmas); 1 January 2027.", LATE],
        ),
        (
            {"per_run": 500, "per_day": 2000, "per_recipient": [{"count": 1, "days": 1}, {"count": 3, "days": 7}]},
            [
                "Emails go out at any hour of any day.",
                "At most 500 in one run.",
                "At most 2,000 in a day of the project's calendar.",
                "At most 1 to one person in 1 day, over all projects of the client.",
                "At most 3 to one person in 7 days, over all projects of the client.",
                LATE,
            ],
        ),
        (
            {"utm": {"campaign": "spring"}},
            [
                "Emails go out at any hour of any day.",
                LATE,
                "Links carry utm_source=newsletter, utm_medium=email and utm_campaign=spring; in posts, the network's name and social.",
            ],
        ),
    ],
)  # fmt: skip
def test_each_rule_is_said(rules: dict[str, Any], said: list[str]) -> None:
    assert in_words(SendingRules.model_validate(rules), "Europe/Berlin") == said
