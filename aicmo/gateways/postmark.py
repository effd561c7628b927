"""Email through Postmark's API: after a lost answer it can be asked, by the message's metadata.

Facts: postmarkapp.com/developer, "Email API", "API overview" (error codes) and "Messages API", read
in 2026-11.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast
from urllib.parse import urlencode

import httpx
from pydantic import SecretStr

from aicmo.errors import FixConfiguration
from aicmo.gateways.contract import (
    Found,
    LivePermit,
    OpenGateway,
    Outcome,
    OutcomeKind,
    Outgoing,
    Question,
    RateLimit,
    Reading,
    RepeatClass,
    StillAllowed,
    Timing,
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

_HOST = "api.postmarkapp.com"
_TEST_TOKEN = "POSTMARK_API_TEST"  # noqa: S105  (public: postmarkapp.com, "Sandbox mode")
_OK, _UNPROCESSABLE = 200, 422
_KEPT_FOR = timedelta(days=45)
"""How long Postmark keeps a message's data unless somebody pays for more or chooses less."""
_INACTIVE_RECIPIENT = 406
_ABOUT_THE_ACCOUNT = frozenset(
    {
        10,  # bad or missing server token
        400, 401,  # the sender signature is missing or not confirmed
        405,  # out of credits
        412,  # the account is pending approval
        1235,  # no such message stream
    }
)  # fmt: skip


class PostmarkGateway(HttpGateway):
    """A server at Postmark, and the message stream that its marketing goes through.

    stream: its id; `broadcast` is the one for bulk mail. In a transactional one, bulk mail gets an
        account stopped.
    rates: at most so many messages in each span.
    base_url: a loopback address in tests.
    clock: what a time to come back, and the age of a message, are counted from.

    Raises:
        FixConfiguration: the base URL is another host's, or the token is the one for trials, with
            which everything would count as sent.
    """

    channel = "email"
    repeat_class = RepeatClass.READABLE
    timing = Timing(HTTP_TIMING.send_deadline, HTTP_TIMING.request_bound, quiet=600)

    def __init__(
        self,
        permit: LivePermit,
        server_token: SecretStr,
        *,
        stream: str = "broadcast",
        rates: Sequence[Rate] = (),
        base_url: str = f"https://{_HOST}",
        times: HttpTimes | None = None,
        clock: Clock = utc_now,
    ) -> None:
        super().__init__(permit, clock)
        self.limits = tuple(RateLimit(*rate) for rate in rates)
        self._stream = stream
        token = server_token.get_secret_value()
        if token == _TEST_TOKEN:
            raise FixConfiguration(
                "Postmark's test token takes every message and sends none",
                next_step="Use the token of a server: Postmark, Servers, API Tokens.",
            )
        self.name = account_name("postmark", token, stream)
        login = {"X-Postmark-Server-Token": token, "Accept": "application/json"}
        self._exchange = HttpExchange(base_url, host=_HOST, headers=login, times=times)

    def _post(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome:
        headers = {"Content-Type": "application/json"}
        body = _body(read_email(outgoing), outgoing.token, self._stream)
        answer = self._exchange.post("/email", body, headers, outgoing, still_allowed)
        return _outcome(answer, self._clock())

    def reconcile(self, question: Question) -> Reading:
        """Looks for the message that carries the delivery's token."""
        query = {
            "count": "50",
            "offset": "0",
            "messagestream": self._stream,  # without it, only the transactional one is searched
            "metadata_delivery": question.token,
        }
        try:
            answer = self._exchange.get(f"/messages/outbound?{urlencode(query)}")
        except httpx.HTTPError as error:
            return Reading(Found.CANNOT_TELL, detail=type(error).__name__)
        return _reading(answer, question, self._clock())


def open_postmark_gateway(
    server_token: SecretStr, stream: str, rates: Sequence[Rate] = ()
) -> OpenGateway:
    """What the engine calls with its permit to open the server."""
    return lambda permit: PostmarkGateway(permit, server_token, stream=stream, rates=rates)


def _body(email: EmailFields, token: str, stream: str) -> bytes:
    # Links and pictures go out as approved; and our own Message-ID is kept.
    fields: dict[str, object] = {
        "From": email.sender,
        "To": email.recipient,
        "Subject": email.subject,
        "HtmlBody": email.html,
        "TextBody": email.text,
        "ReplyTo": email.reply_to,
        "Headers": [
            {"Name": name, "Value": value}
            for name, value in (*email.headers, ("X-PM-KeepID", "true"))
        ],
        "Metadata": {"delivery": token},
        "MessageStream": stream,
        "TrackLinks": "None",
    }
    sent = {name: value for name, value in fields.items() if value}
    return json.dumps(sent | {"TrackOpens": False}).encode()


def _outcome(answer: Answer, now: datetime) -> Outcome:
    content = answer.content()
    given = content.get("ErrorCode", 0)
    code = given if isinstance(given, int) else 0
    if answer.status == _OK and not code:
        return confirmed(answer, content.get("MessageID"))
    shown = f"error {code}" if code else ""
    if answer.status not in (_OK, _UNPROCESSABLE):
        return refused(answer, now, shown)
    is_inactive = code == _INACTIVE_RECIPIENT
    kind = OutcomeKind.REFUSED_FOR_GOOD
    if code in _ABOUT_THE_ACCOUNT:
        kind = OutcomeKind.REFUSED_ACCOUNT
    return Outcome(kind, code=f"{answer.status} {shown}".strip(), suppress=is_inactive)


def _reading(answer: Answer, question: Question, now: datetime) -> Reading:
    content = answer.content()
    found, total = content.get("Messages"), content.get("TotalCount")
    if answer.status != _OK or not isinstance(found, list) or not isinstance(total, int):
        return Reading(Found.CANNOT_TELL, detail=f"the search answered {answer.status}")
    messages = cast("list[object]", found)
    for message in messages:
        if ref := _ref_if_ours(message, question):
            return Reading(Found.PRESENT, ref)
    if messages or total:
        return Reading(Found.CANNOT_TELL, detail="the search found other messages")
    if now - question.armed_at > _KEPT_FOR:
        return Reading(Found.CANNOT_TELL, detail="it is older than what Postmark keeps")
    return Reading(Found.ABSENT)


def _ref_if_ours(message: object, question: Question) -> str:
    if not isinstance(message, Mapping):
        return ""
    fields = cast("Mapping[str, Any]", message)
    metadata, recipients = fields.get("Metadata"), fields.get("Recipients")
    is_ours = isinstance(metadata, Mapping) and (
        cast("Mapping[str, Any]", metadata).get("delivery") == question.token
    )
    is_theirs = isinstance(recipients, list) and question.recipient in cast(
        "list[object]", recipients
    )
    return str(fields.get("MessageID") or "") if is_ours and is_theirs else ""
