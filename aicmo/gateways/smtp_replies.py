"""What an SMTP server's answer means for a delivery (RFC 5321 §4.2, RFC 3463)."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from aicmo.gateways.contract import Outcome, OutcomeKind, Scope

Step = Literal[
    "connect", "EHLO", "STARTTLS", "AUTH", "RSET", "MAIL", "RCPT", "journal RCPT", "DATA",
    "end of data", "QUIT",
]  # fmt: skip

CLOSING = 421
"""The server is about to close the connection (RFC 5321 §3.8)."""
ACCOUNT_WAITS = timedelta(minutes=5)
"""How long an account waits when its relay asks for patience without saying how long."""

_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?!\S)")
_QUEUE_ID = re.compile(r"(?:queued as |\bid=)([A-Za-z0-9][A-Za-z0-9._-]{0,63})")
_WAIT = re.compile(r"\b(\d{1,5}) ?(s|m|h)(?:ec(?:ond)?s?|in(?:ute)?s?|ours?)?\b", re.IGNORECASE)
_UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1)}
_SHORTEST_WAIT, _LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=4)
NO_SUCH_RECIPIENT = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})
"""The address doesn't exist and never will (RFC 3463 §3.2, RFC 7505): suppressed at once."""


@dataclass(frozen=True)
class Reply:
    """A server's answer. code: 200-599, or -1 for what isn't an SMTP reply."""

    code: int
    text: str

    @property
    def enhanced(self) -> str:
        """The enhanced status code, such as 5.1.1; empty without one."""
        found = _ENHANCED.match(self.text)
        return found[0] if found and found[0][0] == str(self.code)[0] else ""

    @property
    def shown(self) -> str:
        """Both codes, and nothing of the text: servers repeat addresses in it."""
        return f"{self.code} {self.enhanced}".strip()

    @property
    def queue_id(self) -> str | None:
        found = _QUEUE_ID.search(self.text)
        return found[1] if found else None

    @property
    def asked_wait(self) -> timedelta | None:
        """The time that the text names, as greylisting does; within bounds that make sense."""
        found = _WAIT.search(self.text)
        if not found:
            return None
        named = int(found[1]) * _UNITS[found[2].lower()]
        return min(max(named, _SHORTEST_WAIT), _LONGEST_WAIT)


class StepRefused(Exception):
    """A step before the committing byte didn't get the answer that lets us go on.

    A turn in the dialogue: it never leaves the gateway.
    """

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.detail)
        self.outcome = outcome


class _Rule(NamedTuple):
    steps: frozenset[Step]
    codes: Container[int]
    enhanced: tuple[str, ...]
    """How the enhanced code begins; empty for any."""
    kind: OutcomeKind
    scope: Scope


_GREETING: frozenset[Step] = frozenset({"connect", "EHLO", "STARTTLS"})
_LOG_IN: frozenset[Step] = frozenset({"AUTH"})
_SENDER: frozenset[Step] = frozenset({"MAIL"})
_MESSAGE: frozenset[Step] = frozenset({"RCPT", "journal RCPT", "DATA", "end of data"})
_ANY: frozenset[Step] = _GREETING | _LOG_IN | _SENDER | _MESSAGE
_4YZ, _5YZ = range(400, 500), range(500, 600)
_SENDERS_PROOF = (
    *(f"5.7.{detail}" for detail in range(20, 27)),  # RFC 7372: DKIM, SPF, reverse DNS, several
    "5.7.27",  # RFC 7505: the sender's domain takes no mail
    "5.7.60",  # Exchange: this account may not send as this address
    "5.7.515",  # Outlook.com's rules for bulk senders
)
_OF_ACCOUNT, _FOR_NOW = OutcomeKind.REFUSED_ACCOUNT, OutcomeKind.REFUSED_FOR_NOW
_FOR_GOOD = OutcomeKind.REFUSED_FOR_GOOD

_RULES = (
    # RFC 4954 §6: log in first, too weak, wrong, only encrypted. Met by every message alike.
    _Rule(_ANY, {530, 534, 535, 538}, (), _OF_ACCOUNT, Scope.DELIVERY),
    # RFC 4954 §4 and §6: 454 and 432 may pass; what else is said to AUTH is about the account.
    _Rule(_LOG_IN, _4YZ, (), _FOR_NOW, Scope.RUN),
    _Rule(_LOG_IN, _5YZ, (), _OF_ACCOUNT, Scope.DELIVERY),
    # RFC 5321 §3.1 and §4.2.2: nobody was named yet, so it is the relay that can't be used.
    _Rule(_GREETING, _4YZ, (), _FOR_NOW, Scope.RUN),
    _Rule(_GREETING, _5YZ, (), OutcomeKind.NOT_SENT, Scope.RUN),
    # RFC 1870 §6 (size) and RFC 6531 §3.5 (non-ASCII): said to MAIL, but about this message.
    _Rule(_SENDER, {552}, (), _FOR_GOOD, Scope.DELIVERY),
    _Rule(_SENDER, _5YZ, ("5.3.4", "5.6.7"), _FOR_GOOD, Scope.DELIVERY),
    # RFC 5321 §3.3: MAIL names the sender only, so its refusal would meet every message.
    _Rule(_SENDER, _5YZ, (), _OF_ACCOUNT, Scope.DELIVERY),
    # RFC 3463 §3.8, X.7.z: policy. At MAIL, and with the codes of a busy server, it is a rate.
    _Rule(_SENDER, _4YZ, ("4.7.",), _FOR_NOW, Scope.RUN),
    _Rule(_MESSAGE, {CLOSING, 452}, ("4.7.",), _FOR_NOW, Scope.RUN),
    # The sender lacks a proof that no message of his has.
    _Rule(_MESSAGE, _5YZ, _SENDERS_PROOF, _OF_ACCOUNT, Scope.DELIVERY),
    # RFC 5321 §4.2.1: 4yz may pass, greylisting among it; 5yz will not.
    _Rule(_ANY, _4YZ, (), _FOR_NOW, Scope.DELIVERY),
    _Rule(_MESSAGE, _5YZ, (), _FOR_GOOD, Scope.DELIVERY),
)
"""The first that fits counts; what none fits proves only that nothing was sent."""


def refusal(step: Step, reply: Reply) -> Outcome:
    """The outcome of a refusal before the committing byte, or of a clear one after it."""
    kind, scope = _meaning(step, reply)
    return Outcome(
        kind,
        code=reply.shown if reply.code > 0 else "",
        detail=f"refused at {step}" if reply.code > 0 else f"no SMTP reply at {step}",
        not_before=_not_before(kind, scope, reply),
        suppress=_is_unknown_recipient(step, reply),
        scope=scope,
    )


def final_answer(reply: Reply, token: str) -> Outcome:
    """The outcome of the answer to the final dot; anything but a clear answer is a doubt."""
    step: Step = "end of data"
    if reply.code == 250:  # noqa: PLR2004  (RFC 5321 §4.3.2: the one success of DATA)
        return Outcome(OutcomeKind.SENT, code=reply.shown, ref=reply.queue_id or token)
    if reply.code // 100 in (4, 5):
        return refusal(step, reply)
    return Outcome(OutcomeKind.UNKNOWN, detail=f"no clear answer at {step}")


def _meaning(step: Step, reply: Reply) -> tuple[OutcomeKind, Scope]:
    for rule in _RULES:
        if step in rule.steps and reply.code in rule.codes and _begins(reply, rule.enhanced):
            return rule.kind, rule.scope
    return OutcomeKind.NOT_SENT, Scope.RUN if step in _GREETING | _LOG_IN else Scope.DELIVERY


def _begins(reply: Reply, wanted: tuple[str, ...]) -> bool:
    """Whole codes, unless what is wanted ends with a dot: 5.7.2 isn't 5.7.20."""
    return not wanted or any(
        reply.enhanced.startswith(each) if each.endswith(".") else reply.enhanced == each
        for each in wanted
    )


def _not_before(kind: OutcomeKind, scope: Scope, reply: Reply) -> datetime | None:
    if kind is not OutcomeKind.REFUSED_FOR_NOW:
        return None
    wait = reply.asked_wait
    if wait is None and scope is Scope.RUN and reply.enhanced.startswith("4.7."):
        wait = ACCOUNT_WAITS
    return datetime.now(UTC) + wait if wait else None


def _is_unknown_recipient(step: Step, reply: Reply) -> bool:
    return step in ("RCPT", "end of data") and reply.enhanced in NO_SUCH_RECIPIENT
