"""Email over SMTP submission, at the level of commands (RFC 5321, RFC 6409, RFC 2920).

The final dot is what commits. It is written after everything else was accepted and allowed once
more: a failure before it is certainly not sent, a lost answer after it is a doubt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
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
    Outgoing,
    Question,
    RateLimit,
    Reading,
    RepeatClass,
    StillAllowed,
    Timing,
)
from aicmo.gateways.smtp_letter import Envelopes, Sign, can_carry
from aicmo.gateways.smtp_pool import SmtpPool
from aicmo.gateways.smtp_session import SmtpSession, SmtpTimeouts, open_session
from aicmo.smtp_relay import SmtpRelay, is_loopback

Search = Callable[[Question], Reading]
"""Looks for a delivery where the journal copies go."""

_COPIES_ARRIVE_SECONDS = 4 * 3600.0
"""Until then a relay may still hold a journal copy back, so its absence proves nothing."""


class SmtpGateway(Gateway):
    """A relay; its connections open as messages need them and serve the whole run.

    ca_file: PEM file of the authorities to trust instead of the system's.
    local_hostname: this machine's name for EHLO; without one its address is given.
    journal_address: also gets a copy of each message, in the same transaction.
    sign: applied to each message's bytes before it is handed over.
    search: looks for a journal copy; with it, doubts can be asked about.

    Raises:
        FixConfiguration: the relay would be spoken to in the clear beyond this machine, or the
            journal's address can't be put into an envelope.
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
        journal_address: str | None = None,
        sign: Sign | None = None,
        search: Search | None = None,
    ) -> None:
        super().__init__(permit)
        if relay.tls == "none" and not is_loopback(relay.host):
            raise FixConfiguration(
                f"The mail relay {relay.host} would be spoken to without encryption",
                next_step="Set tls=starttls or tls=implicit in AICMO_SMTP_URL.",
            )
        if journal_address and not can_carry(journal_address):
            raise FixConfiguration(
                "The address for journal copies can't be put into an envelope",
                next_step="Set AICMO_JOURNAL_ADDRESS to one plain address.",
            )
        self.limits = tuple(RateLimit(count, per) for count, per in relay.rates)
        self._relay, self._ca_file, self._local_hostname = relay, ca_file, local_hostname
        self._timeouts = timeouts or SmtpTimeouts()
        self._search = search
        if search:
            self.repeat_class = RepeatClass.READABLE
            self.timing = replace(self.timing, quiet=_COPIES_ARRIVE_SECONDS)
        # A test message goes to its one address, and so not to the archive either.
        copies_to = "" if permit.only_to else journal_address or ""
        envelopes = Envelopes(copies_to, relay.dsn_success)
        self._pool = SmtpPool(self._open_session, relay, self._timeouts, envelopes, sign)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc_type is None:
            with suppress(Exception):  # the messages are settled; a failed goodbye changes nothing
                self._pool.leave()
        self._pool.close()

    def send(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome:
        """One message to one recipient, in one transaction; see `Gateway.send`."""
        ((_, outcome),) = self.send_batch([outgoing], still_allowed)
        return outcome

    def send_batch(
        self, batch: Iterable[Outgoing], still_allowed: StillAllowed
    ) -> Iterator[tuple[Outgoing, Outcome]]:
        """Several at once, on as many connections as the relay may have; see `Gateway.send_batch`.

        Raises:
            PermissionError: the permit is for asking only.
        """
        if not self.permit.may_send:
            raise PermissionError("this gateway was opened to ask, not to send")
        yield from self._pool.send(batch, still_allowed)

    def reconcile(self, question: Question) -> Reading:
        """Looks for the journal copy of a delivery, where there is one."""
        return self._search(question) if self._search else super().reconcile(question)

    def _open_session(self, deadline: float) -> SmtpSession:
        return open_session(
            self._relay,
            self._timeouts,
            deadline=deadline,
            ca_file=self._ca_file,
            local_hostname=self._local_hostname,
        )


def open_smtp_gateway(relay: SmtpRelay) -> OpenGateway:
    """What the engine calls with its permit to open `relay`."""
    return lambda permit: SmtpGateway(permit, relay)
