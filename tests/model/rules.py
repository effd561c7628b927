"""The rules of the send protocol: what each says, and which damage it prevents.

Every rule can be taken away (`python -m tests.model.explore --without NAME`): the explorer then
finds the damage. A rule whose absence does no damage doesn't belong here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the protocol.

    says: the rule itself.
    prevents: what happens without it.
    seen_in: a class of provider in which the explorer sees that damage.
    """

    name: str
    says: str
    prevents: str
    seen_in: str


RULES: tuple[Rule, ...] = (
    Rule(
        "intent-first",
        "The intent (SENDING) is committed before the first byte.",
        "A worker dies after the send and the delivery still looks untouched, so it goes out again.",
        "B",
    ),
    Rule(
        "durable-commit",
        "A commit is on the disk before it counts.",
        "A power cut takes the intent back after the send, so it goes out again.",
        "B",
    ),
    Rule(
        "unknown",
        "An armed delivery whose lease has lapsed is in doubt; it isn't simply tried again.",
        "Its worker was slow or died after the send; the second try is a duplicate.",
        "B",
    ),
    Rule(
        "sweeper",
        "A lapsed lease is taken back by whoever comes next.",
        "A machine is lost and what it had claimed or armed stays there for ever.",
        "B",
    ),
    Rule(
        "lease-outlives",
        "The lease of an armed delivery lasts at least W + G.",
        "Its doubt begins before its last byte, so the quiet period is over too early.",
        "B",
    ),
    Rule(
        "send-deadline",
        "No committing byte later than W after arming.",
        "A worker that was frozen sends what has been proven absent and sent again meanwhile.",
        "B",
    ),
    Rule(
        "clock-before-arm",
        "W is counted from a reading of the clock before the arming transaction.",
        "A worker frozen right after the commit gets a fresh W, long after its lease has lapsed.",
        "B",
    ),
    Rule(
        "deadline-last",
        "W is checked after the last permission, directly before the byte.",
        "A worker hangs in the database or the journal between the check and the byte.",
        "B",
    ),
    Rule(
        "bounded-request",
        "A request ends G after its committing byte.",
        "It takes effect long after it has been proven absent and sent again.",
        "B",
    ),
    Rule(
        "quiet",
        "The provider is asked only when the doubt is as old as the quiet period.",
        "It says `absent` because the request is still on its way, or not visible yet.",
        "B",
    ),
    Rule(
        "two-reads",
        "Only the second `absent` proves it.",
        "One wrong reading (an index that lags, a page that is missing) makes a duplicate.",
        "B",
    ),
    Rule(
        "same-doubt",
        "A reading counts only for the doubt it was asked about.",
        "A slow reading about the first try closes the doubt about the second.",
        "B",
    ),
    Rule(
        "fence",
        "An answer is recorded only under the fence of the claim it belongs to.",
        "The late refusal of the first try marks the second, which went out, as failed.",
        "B",
    ),
    Rule(
        "late-answer",
        "A late answer may close a doubt as sent, nothing else.",
        "A worker that wakes up late takes back what has been found to be sent.",
        "B",
    ),
    Rule(
        "refusal-no-proof",
        "A refusal after a try in doubt proves nothing about that try.",
        "The repeat is refused, and what has gone out is reported as failed.",
        "A",
    ),
    Rule(
        "doubt-not-stopped",
        "What is pending in doubt is never held, skipped, cancelled or expired.",
        "What has gone out is reported as stopped, and may be released to go out again.",
        "A",
    ),
    Rule(
        "token-window",
        "A repeat is armed only while the provider still knows the token.",
        "The provider has forgotten the token and takes the repeat for a new message.",
        "A",
    ),
    Rule(
        "token-margin",
        "The ledger's token window is shorter than the provider's by W + G, not by W alone.",
        "The repeat leaves in time and reaches a provider that has just forgotten the token.",
        "A",
    ),
    Rule(
        "token-kept",
        "The window counts from the first try in doubt; a repeat doesn't extend it.",
        "The ledger trusts a token that the provider has forgotten.",
        "A",
    ),
    Rule(
        "begin-first",
        "`begin` is in the journal before the committing byte.",
        "A worker dies after the byte; its journal seems to prove that nothing was sent.",
        "B",
    ),
    Rule(
        "journal-lock",
        "A journal isn't replayed while its owner lives.",
        "A worker that is only slow is taken for dead; both send.",
        "B",
    ),
    Rule(
        "reboot",
        "After a reboot, what the journal lacks proves nothing.",
        "The power cut took the unsynced `begin`; the missing record seems to prove no send.",
        "B",
    ),
    Rule(
        "guards-at-arm",
        "Every guard is asked again in the arming transaction.",
        "An opt-out, a pause or a cancellation between claim and arm is ignored.",
        "C",
    ),
    Rule(
        "retry-proven",
        "`retry` re-opens only what is proven not to have been sent.",
        "A doubt that a person gave up is sent again as if it had been refused.",
        "C",
    ),
)

NAMES = frozenset(rule.name for rule in RULES)
