"""Email through Resend's API: repeat-safe, because it knows an Idempotency-Key again for 24 hours.

Facts: resend.com/docs, "Send Email", "Idempotency Keys", "Errors" and "Rate Limit", read in 2026-11.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import SecretStr

from aicmo.gateways.contract import (
    LivePermit,
    OpenGateway,
    Outcome,
    OutcomeKind,
    Outgoing,
    RateLimit,
    RepeatClass,
    StillAllowed,
)
from aicmo.gateways.email_json import EmailFields, read_email
from aicmo.gateways.http_answers import Answer, Clock, confirmed, refused, utc_now
from aicmo.gateways.http_exchange import (
    HTTP_TIMING,
    HttpExchange,
    HttpTimes,
    account_name,
)
from aicmo.gateways.http_gateway import HttpGateway
from aicmo.smtp_relay import Rate

_HOST = "api.resend.com"
_OK, _CONFLICT = 200, 409
DEFAULT_RATES = ((2, timedelta(seconds=1)),)
"""What Resend takes of a team that hasn't asked for more."""

_KINDS = {
    "concurrent_idempotent_requests": OutcomeKind.REFUSED_FOR_NOW,
    # The same key with other content would be a fault of ours: never to be tried again.
    "invalid_idempotent_request": OutcomeKind.REFUSED_FOR_GOOD,
    # Every message has this sender and this key, so it isn't about one of them.
    "invalid_from_address": OutcomeKind.REFUSED_ACCOUNT,
    "invalid_access": OutcomeKind.REFUSED_ACCOUNT,
}
_NAMES = frozenset(
    {
        *_KINDS, "validation_error", "invalid_idempotency_key", "missing_required_field",
        "invalid_parameter", "missing_api_key", "restricted_api_key", "invalid_api_key",
        "daily_quota_exceeded", "monthly_quota_exceeded", "rate_limit_exceeded", "security_error",
        "application_error", "internal_server_error",
    }
)  # fmt: skip
"""Error names are shown only if we know them: a text of the provider could hold anything."""


class ResendGateway(HttpGateway):
    """A team's account at Resend.

    rates: at most so many messages in each span; Resend's own default without them.
    base_url: a loopback address in tests.
    clock: what a time to come back is counted from.

    Raises:
        FixConfiguration: the base URL is another host's.
    """

    channel = "email"
    repeat_class = RepeatClass.REPEAT_SAFE
    timing = HTTP_TIMING
    token_lifetime = timedelta(hours=24)

    def __init__(
        self,
        permit: LivePermit,
        api_key: SecretStr,
        *,
        rates: Sequence[Rate] = (),
        base_url: str = f"https://{_HOST}",
        times: HttpTimes | None = None,
        clock: Clock = utc_now,
    ) -> None:
        super().__init__(permit, clock)
        self.limits = tuple(RateLimit(*rate) for rate in rates or DEFAULT_RATES)
        key = api_key.get_secret_value()
        self.name = account_name("resend", key)
        login = {"Authorization": f"Bearer {key}"}
        self._exchange = HttpExchange(base_url, host=_HOST, headers=login, times=times)

    def _post(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome:
        headers = {"Content-Type": "application/json", "Idempotency-Key": outgoing.token}
        body = _body(read_email(outgoing))
        answer = self._exchange.post("/emails", body, headers, outgoing, still_allowed)
        return _outcome(answer, self._clock())


def open_resend_gateway(api_key: SecretStr, rates: Sequence[Rate] = ()) -> OpenGateway:
    """What the engine calls with its permit to open the account."""
    return lambda permit: ResendGateway(permit, api_key, rates=rates)


def _body(email: EmailFields) -> bytes:
    """The same bytes on every attempt, as Resend compares them with those it had with the key."""
    fields: dict[str, object] = {
        "from": email.sender,
        "to": [email.recipient],
        "subject": email.subject,
        "html": email.html,
        "reply_to": email.reply_to,
        "headers": dict(email.headers),
    }
    sent = {name: value for name, value in fields.items() if value}
    return json.dumps(sent | {"text": email.text}).encode()  # without a text, it would make one


def _outcome(answer: Answer, now: datetime) -> Outcome:
    content = answer.content()
    if answer.status == _OK:
        return confirmed(answer, content.get("id"))
    name = content.get("name")
    known = name if isinstance(name, str) and name in _NAMES else ""
    usual = refused(answer, now, known)
    is_refusal = answer.status == _CONFLICT or usual.kind is not OutcomeKind.UNKNOWN
    if is_refusal and known in _KINDS:
        return Outcome(_KINDS[known], code=usual.code)
    return usual
