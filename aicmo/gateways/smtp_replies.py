"""What an SMTP server's answer means for a delivery (RFC 5321 §4.2, RFC 3463)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from aicmo.gateways.contract import Outcome, OutcomeKind

Step = Literal["connect", "EHLO", "STARTTLS", "AUTH", "RSET", "MAIL", "RCPT", "DATA", "end of data"]

_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?!\S)")
_QUEUE_ID = re.compile(r"(?:queued as |\bid=)([A-Za-z0-9][A-Za-z0-9._-]{0,63})")
_NOT_AUTHENTICATED = (530, 534, 535, 538)  # RFC 4954 §6
_TOO_LARGE = 552  # RFC 1870 §6
_NO_SUCH_RECIPIENT = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})  # RFC 3463, RFC 7505


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


class StepRefused(Exception):
    """A step before the committing byte didn't get the answer that lets us go on.

    A turn in the dialogue: it never leaves the gateway.
    """

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.detail)
        self.outcome = outcome


def refusal(step: Step, reply: Reply) -> Outcome:
    """The outcome of a refusal before the committing byte."""
    return Outcome(
        _refusal_kind(step, reply),
        code=reply.shown if reply.code > 0 else "",
        detail=f"refused at {step}" if reply.code > 0 else f"no SMTP reply at {step}",
        suppress=_is_unknown_recipient(step, reply),
    )


def final_answer(reply: Reply, token: str) -> Outcome:
    """The outcome of the answer to the final dot; anything but a clear answer is a doubt."""
    step: Step = "end of data"
    if reply.code == 250:  # noqa: PLR2004  (RFC 5321 §4.3.2: the one success of DATA)
        return Outcome(OutcomeKind.SENT, code=reply.shown, ref=reply.queue_id or token)
    if reply.code // 100 in (4, 5):
        return refusal(step, reply)
    return Outcome(OutcomeKind.UNKNOWN, detail=f"no clear answer at {step}")


def _refusal_kind(step: Step, reply: Reply) -> OutcomeKind:
    family = reply.code // 100
    if family == 4:  # noqa: PLR2004  (RFC 5321 §4.2.1)
        return OutcomeKind.REFUSED_FOR_NOW
    if family != 5 or step in ("connect", "EHLO", "STARTTLS", "RSET"):  # noqa: PLR2004
        return OutcomeKind.NOT_SENT
    if _is_about_account(step, reply):
        return OutcomeKind.REFUSED_ACCOUNT
    return OutcomeKind.REFUSED_FOR_GOOD


def _is_about_account(step: Step, reply: Reply) -> bool:
    """MAIL names only the sender, so but for the size its refusal would meet every message."""
    if reply.code in _NOT_AUTHENTICATED or step == "AUTH":
        return True
    return step == "MAIL" and reply.code != _TOO_LARGE


def _is_unknown_recipient(step: Step, reply: Reply) -> bool:
    return step in ("RCPT", "end of data") and reply.enhanced in _NO_SUCH_RECIPIENT
