"""Email over SMTP submission, at the level of commands (RFC 5321, RFC 6409).

The final dot is what commits. It is written alone, after everything else was accepted and allowed
once more: a failure before it is certainly not sent, a lost answer after it is a doubt.
"""

from __future__ import annotations

import ipaddress
import re
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from aicmo.errors import FixConfiguration
from aicmo.gateways.contract import (
    Gateway,
    LivePermit,
    OpenGateway,
    Outcome,
    OutcomeKind,
    Outgoing,
    RateLimit,
    RepeatClass,
    Scope,
    StillAllowed,
    Timing,
)
from aicmo.gateways.smtp_replies import Step, StepRefused, final_answer
from aicmo.gateways.smtp_session import SmtpSession, SmtpTimeouts, open_session
from aicmo.smtp_relay import SmtpRelay

_ADDRESS = re.compile(r"[!-;=?-~]+@[A-Za-z0-9.:\[\]-]+")  # printable ASCII but space, < and >
_BARE_LINE_BREAK = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_QUIT_SECONDS = 2.0


class SmtpGateway(Gateway):
    """A relay; the connection opens with the first message and serves the whole batch.

    ca_file: PEM file of the authorities to trust instead of the system's.
    local_hostname: this machine's name for EHLO; without one its address is given.

    Raises:
        FixConfiguration: the relay would be spoken to in the clear beyond this machine.
    """

    name = "smtp"
    channel = "email"
    repeat_class = RepeatClass.BLIND
    # RFC 5321 §4.5.3.2.6 gives the answer to the final dot ten minutes.
    timing = Timing(send_deadline=120, request_bound=620, quiet=1240)

    def __init__(
        self,
        permit: LivePermit,
        relay: SmtpRelay,
        *,
        ca_file: Path | None = None,
        local_hostname: str | None = None,
        timeouts: SmtpTimeouts | None = None,
    ) -> None:
        super().__init__(permit)
        if relay.tls == "none" and not _is_loopback(relay.host):
            raise FixConfiguration(
                f"The mail relay {relay.host} would be spoken to without encryption",
                next_step="Set tls=starttls or tls=implicit in AICMO_SMTP_URL.",
            )
        self.limits = tuple(RateLimit(count, per) for count, per in relay.rates)
        self._relay = relay
        self._ca_file = ca_file
        self._local_hostname = local_hostname
        self._timeouts = timeouts or SmtpTimeouts()
        self._session: SmtpSession | None = None

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._session and exc_type is None:
            with suppress(Exception):  # the messages are settled; a failed goodbye changes nothing
                self._session.bound(_QUIT_SECONDS)
                self._session.putcmd("QUIT")
                self._session.read_reply()
        self._hang_up()

    def send(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome:
        """One message to one recipient, in one transaction; see `Gateway.send`."""
        try:
            refused = self._bring_to_the_dot(outgoing, still_allowed)
        except StepRefused as refusal:
            refused = refusal.outcome
            self._keep_if_usable(refused)
        except Exception as error:  # noqa: BLE001  (no dot was written, so nothing can go out)
            self._hang_up()
            refused = Outcome(OutcomeKind.NOT_SENT, detail=_cause(error))
        return refused or self._commit(outgoing)

    def _bring_to_the_dot(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome | None:
        """Everything up to the committing byte; an outcome if it must not be written."""
        if outgoing.is_late():
            return _not_sent("past its deadline", Scope.BATCH)
        if problem := _unfit(outgoing):
            return Outcome(OutcomeKind.REFUSED_FOR_GOOD, detail=problem)
        session = self._ready_session(outgoing)
        if 0 < session.largest_message() < len(outgoing.payload):
            return Outcome(
                OutcomeKind.REFUSED_FOR_GOOD, detail="larger than the relay's size limit"
            )
        self._hand_over(session, outgoing)
        return self._last_check(outgoing, still_allowed)

    def _last_check(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome | None:
        refused = (
            None if still_allowed([outgoing]) else _not_sent("no longer allowed", Scope.DELIVERY)
        )
        if outgoing.is_late():
            refused = _not_sent("past its deadline", Scope.BATCH)
        if refused:
            self._hang_up()
        return refused

    def _ready_session(self, outgoing: Outgoing) -> SmtpSession:
        if self._session and self._is_alive(self._session, outgoing):
            return self._session
        self._hang_up()
        try:
            self._session = open_session(
                self._relay,
                self._timeouts,
                deadline=outgoing.deadline,
                ca_file=self._ca_file,
                local_hostname=self._local_hostname,
            )
        except OSError as error:
            relay = f"{self._relay.host}:{self._relay.port}"
            raise StepRefused(_not_sent(f"{relay}: {_cause(error)}", Scope.RUN)) from error
        except StepRefused as refusal:
            raise StepRefused(_of_the_relay(refusal.outcome)) from refusal
        return self._session

    def _is_alive(self, session: SmtpSession, outgoing: Outgoing) -> bool:
        try:
            session.bound(_seconds(self._timeouts.command, outgoing))
            session.expect("RSET", "RSET", 250)
        except (OSError, StepRefused):
            return False
        return True

    def _hand_over(self, session: SmtpSession, outgoing: Outgoing) -> None:
        size = f" SIZE={len(outgoing.payload)}" if session.has_extn("size") else ""
        commands: tuple[tuple[Step, str, tuple[int, ...]], ...] = (
            ("MAIL", f"MAIL FROM:<{outgoing.sender}>{size}", (250,)),
            ("RCPT", f"RCPT TO:<{outgoing.recipient}>", (250, 251)),
            ("DATA", "DATA", (354,)),
        )
        for step, command, codes in commands:
            session.bound(_seconds(self._timeouts.command, outgoing))
            session.expect(step, command, *codes)
        session.bound(_seconds(self._timeouts.body, outgoing))
        session.write(_dot_stuffed(outgoing.payload))

    def _commit(self, outgoing: Outgoing) -> Outcome:
        try:
            outcome = self._write_dot(outgoing)
        except Exception as error:  # noqa: BLE001  (the dot may have arrived)
            outcome = Outcome(OutcomeKind.UNKNOWN, detail=_cause(error))
        self._keep_if_usable(outcome)
        return outcome

    def _write_dot(self, outgoing: Outgoing) -> Outcome:
        session = self._session
        if session is None:
            raise ConnectionError
        session.bound(self._timeouts.answer)
        session.write(b".\r\n")
        return final_answer(session.read_reply(), outgoing.token)

    def _keep_if_usable(self, outcome: Outcome) -> None:
        is_in_step = outcome.kind not in (OutcomeKind.UNKNOWN, OutcomeKind.NOT_SENT)
        if not is_in_step or outcome.code.startswith("421"):
            self._hang_up()

    def _hang_up(self) -> None:
        if self._session:
            self._session.close()
        self._session = None


def open_smtp_gateway(relay: SmtpRelay) -> OpenGateway:
    """What the engine calls with its permit to open `relay`."""
    return lambda permit: SmtpGateway(permit, relay)


def _seconds(limit: float, outgoing: Outgoing) -> float:
    return min(limit, outgoing.deadline - time.monotonic())


def _not_sent(detail: str, scope: Scope) -> Outcome:
    return Outcome(OutcomeKind.NOT_SENT, detail=detail, scope=scope)


def _of_the_relay(refused: Outcome) -> Outcome:
    """A refusal before any delivery was named: it is about us or the relay, never about one item."""
    if refused.kind is OutcomeKind.REFUSED_FOR_GOOD:
        return replace(refused, kind=OutcomeKind.REFUSED_ACCOUNT)
    return replace(refused, scope=Scope.RUN)


def _cause(error: Exception) -> str:
    """The kind of failure only: an error's text can hold an address or a password."""
    return f"connection failed: {type(error).__name__}"


def _unfit(outgoing: Outgoing) -> str:
    """Why these bytes can't be put on the wire; empty if they can."""
    if not (_ADDRESS.fullmatch(outgoing.sender) and _ADDRESS.fullmatch(outgoing.recipient)):
        return "an address has a character that SMTP can't carry"
    if not outgoing.payload.isascii():
        return "the message isn't 7-bit"
    if _BARE_LINE_BREAK.search(outgoing.payload):
        return "the message has a bare line break"
    return ""


def _dot_stuffed(payload: bytes) -> bytes:
    """The body as DATA wants it, without the final dot (RFC 5321 §4.5.2)."""
    whole = payload if payload.endswith(b"\r\n") else payload + b"\r\n"
    stuffed = whole.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
