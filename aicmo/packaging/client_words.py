"""The engine's reasons as a client reads them: no codes, no names of our own parts.

A reason that is in plain words already is told as it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from aicmo.packaging.wording import channel_name

_WORDS: tuple[tuple[str, str], ...] = (
    (r"no gateway for (.+)", ""),
    (r"unsubscribed", "the recipient has unsubscribed"),
    (r"no consent", "the recipient has not agreed to be written to"),
    (r"hard bounced|no email address", "there is no working address"),
    (r"\d{3}\b.*", "the receiving mail server refused it"),
    (r"not approved|changed since its approval|late:.*", "it waits for approval"),
    (r"paused|account paused.*", "sending is paused"),
    (r"due|not due yet|in progress|to be tried again.*", "it is still to go out"),
    (r"no longer in the plan|its time window has closed", "it is no longer planned"),
    (r"can't be composed.*", "a detail about the recipient is missing"),
    (r"cancelled.*", "it was called off"),
    (r"restored from a backup.*", "it is being checked whether it has gone out"),
    (r"account waits.*", "it is still to go out"),
    (r"proven absent.*|a person says it isn't there", "it did not go out"),
    (r"given up.*|it may have gone out.*|to be repeated safely.*", "its delivery is not confirmed"),
    (
        r"the worker.*|interrupted.*|no answer|.*connection failed.*",
        "its delivery is not confirmed",
    ),
)


def in_client_words(reasons: Mapping[str, int]) -> Counter[str]:
    """Deliveries by reason, the engine's reasons told in a client's words."""
    told: Counter[str] = Counter()
    for reason, number in reasons.items():
        told[_told(reason)] += number
    return told


def _told(reason: str) -> str:
    for pattern, words in _WORDS:
        if match := re.fullmatch(pattern, reason, flags=re.DOTALL):
            return words or f"{channel_name(match[1])} is not connected"
    return reason
