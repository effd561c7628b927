"""What became of deliveries as a client reads it: no codes, no names of our own parts."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from aicmo.packaging.wording import channel_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aicmo.packaging.content import ItemStatus
    from aicmo.packaging.wording import Wording

OUTCOMES = ("sent", "failed", "unknown", "skipped", "held", "cancelled", "expired")
"""The results that deliveries can have, in the order in which they are told; not `waiting`."""


_AFTER_THE_FACT = frozenset(OUTCOMES) - {"held", "skipped"}


def has_results(status: ItemStatus | None) -> bool:
    """Something has happened to the item.

    That it is held has not, nor that some are skipped: who has unsubscribed is left out from the
    day of the import, while the others still wait.
    """
    if status is None:
        return False
    states = {state for state, number in status.counts.items() if number}
    return bool(states & _AFTER_THE_FACT) or (status.approved and states == {"skipped"})


def standing(status: ItemStatus | None, say: Wording) -> str:
    """Where an item stands, in a word or two."""
    if status is None or not has_results(status):
        return say.text("Approved") if status and status.approved else say.text("Draft")
    if status.counts.get("sent") and len([n for n in status.counts.values() if n]) > 1:
        return say.text("Partly sent")
    return outcome_name(max(OUTCOMES, key=lambda state: status.counts.get(state, 0)), say)


def results(status: ItemStatus, say: Wording) -> str:
    """The item's deliveries by their results: `41 sent and 2 held`."""
    return outcomes(status.counts, say)


def outcomes(counts: Mapping[str, int], say: Wording) -> str:
    """Deliveries by their results: `41 sent and 2 held`."""
    told = [_outcome(state, counts[state], say) for state in OUTCOMES if counts.get(state)]
    return say.listing(told)


def outcome_name(state: str, say: Wording) -> str:
    """A result as the label of a number."""
    return {
        "sent": say.text("Sent"),
        "failed": say.text("Not delivered"),
        "unknown": say.text("Not confirmed"),
        "skipped": say.text("Skipped"),
        "held": say.text("Held"),
        "cancelled": say.text("Called off"),
        "expired": say.text("Too late"),
    }[state]


def _outcome(state: str, number: int, say: Wording) -> str:
    return {
        "sent": say.plural("{number} sent", "{number} sent", number),
        "failed": say.plural("{number} not delivered", "{number} not delivered", number),
        "unknown": say.plural("{number} not confirmed", "{number} not confirmed", number),
        "skipped": say.plural("{number} skipped", "{number} skipped", number),
        "held": say.plural("{number} held", "{number} held", number),
        "cancelled": say.plural("{number} called off", "{number} called off", number),
        "expired": say.plural("{number} too late", "{number} too late", number),
    }[state]


def feedback_name(kind: str, say: Wording) -> str:
    """What came back about a delivery, as the label of a number."""
    return {
        "bounced": say.text("Bounced: the address does not work"),
        "delayed": say.text("Delayed by the receiving server"),
        "delivered": say.text("Delivery confirmed"),
        "complained": say.text("Reported as spam"),
        "unsubscribed": say.text("Unsubscribed"),
    }.get(kind, say.text("Other feedback"))


def in_client_words(reasons: Mapping[str, int], say: Wording) -> Counter[str]:
    """Deliveries by reason, the engine's reasons told in a client's words."""
    told: Counter[str] = Counter()
    for reason, number in reasons.items():
        told[_told(reason, say)] += number
    return told


def _told(reason: str, say: Wording) -> str:
    if match := re.fullmatch(r"no gateway for (.+)", reason):
        return say.text("{channel} is not connected", channel=channel_name(match[1]))
    for pattern, words in _words(say):
        if re.fullmatch(pattern, reason, flags=re.DOTALL):
            return words
    return say.text("it could not be delivered")


def _words(say: Wording) -> tuple[tuple[str, str], ...]:
    """The engine's reasons, as patterns, and what a client is told of them; the first match holds."""
    to_go = say.text("it is still to go out")
    unconfirmed = say.text("its delivery is not confirmed")
    return (
        (r"unsubscribed( in the CRM)?", say.text("the recipient has unsubscribed")),
        (r"complained", say.text("the recipient has reported an earlier email as spam")),
        (r"no consent", say.text("the recipient has not agreed to be written to")),
        (r"hard bounced|no email address", say.text("there is no working address")),
        (r"(207|40\d|41\d|422|426|431)\b.*", say.text("the provider refused it")),
        (r"\d{3}\b.*", say.text("the receiving mail server refused it")),
        (r"not approved|changed since its approval|late:.*", say.text("it waits for approval")),
        (r"paused|account paused.*", say.text("sending is paused")),
        (r"operator task.*", say.text("it is posted by hand")),
        (r"the same text goes out.*", say.text("the same text goes out shortly before")),
        (r"a part before it.*|goes out after.*", say.text("it follows another post")),
        (r"can't be put up.*|another account.*", say.text("the network has not taken it yet")),
        (
            r"no CRM is connected",
            say.text("{channel} is not connected", channel=channel_name("crm")),
        ),
        (r"isn't changed in the CRM.*", say.text("the data in the CRM is being checked first")),
        (r"noted once it has gone out|what it notes didn't go out.*", to_go),
        (r"channel .* is not enabled in this run", say.text("its channel was not switched on")),
        (r"due|not due yet|in progress|to be tried again.*|account waits.*", to_go),
        (r"put off.*|past its deadline.*|the plan was changed during the run", to_go),
        (r"had \d+ emails? in .*", say.text("the recipient has had enough emails lately")),
        (
            r"outside the send window.*|quiet hours.*|blackout.*",
            say.text("outside the send window"),
        ),
        (r"no longer in the plan", say.text("it is no longer planned")),
        (r"its time window has closed|late", say.text("its time has passed")),
        (r"can't be composed.*", say.text("a detail about the recipient is missing")),
        (r"cancelled.*", say.text("it was called off")),
        (r"restored from a backup.*", say.text("it is being checked whether it has gone out")),
        (r"proven absent.*|a person says it isn't there", say.text("it did not go out")),
        (r"given up.*|it may have gone out.*|to be repeated safely.*", unconfirmed),
        (r"the worker.*|interrupted.*|no answer|no clear answer.*", unconfirmed),
        (r".*connection failed.*", unconfirmed),
    )
