"""Email through Amazon SES (API version 2): the approved MIME bytes as they are.

The only gateway that imports boto3. It signs the request and reads the answer; what transmits is
`HttpExchange`, because botocore repeats a request by default, keeps connections, and bounds no
request as a whole. botocore hands over in its `before-send` event, when credentials and signature
are ready and not a byte is written: so the last permission is asked for as late as with any other
HTTP gateway.

Facts: docs.aws.amazon.com/ses, API v2 "SendEmail" and its error list, read in 2026-11.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, cast

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import SecretStr

from aicmo.errors import FixConfiguration, FixInput
from aicmo.gateways.contract import (
    LivePermit,
    OpenGateway,
    Outcome,
    OutcomeKind,
    Outgoing,
    RateLimit,
    RepeatClass,
    Scope,
    StillAllowed,
)
from aicmo.gateways.email_json import read_email
from aicmo.gateways.http_answers import Answer, Clock, confirmed, refused, utc_now, wait
from aicmo.gateways.http_exchange import HTTP_TIMING, HttpExchange, HttpTimes, NoAnswer
from aicmo.gateways.http_gateway import HttpGateway
from aicmo.smtp_relay import Rate

_REGION = re.compile(r"[a-z]{2}(-[a-z]+){1,2}-\d")
_OK, _MOST_REFUSALS = 200, 499
_FULL = frozenset({"TooManyRequestsException", "Throttling", "ThrottlingException"})
_KINDS = {
    "LimitExceededException": OutcomeKind.REFUSED_ACCOUNT,
    "SendingPausedException": OutcomeKind.REFUSED_ACCOUNT,
    "AccountSuspendedException": OutcomeKind.REFUSED_ACCOUNT,
    "MailFromDomainNotVerifiedException": OutcomeKind.REFUSED_ACCOUNT,
    "NotFoundException": OutcomeKind.REFUSED_ACCOUNT,  # of the configuration set
    "MessageRejected": OutcomeKind.REFUSED_FOR_GOOD,
    "BadRequestException": OutcomeKind.REFUSED_FOR_GOOD,
}
_NOT_VERIFIED = "not verified"
"""A MessageRejected that says so is about the sender, or about an account still in the sandbox."""


class SesGateway(HttpGateway):
    """An AWS account in one region.

    region: such as eu-west-1.
    configuration_set: the set that decides about tracking and events; empty for none.
    access_key_id, secret_access_key: empty takes them from boto3's own chain (AWS_*, profiles, roles).
    rates: at most so many messages in each span.
    base_url: a loopback address in tests.
    clock: what a time to come back is counted from.

    Raises:
        FixConfiguration: the region isn't one, or the base URL is another host's.
    """

    name = "ses"
    channel = "email"
    repeat_class = RepeatClass.BLIND
    timing = HTTP_TIMING

    def __init__(
        self,
        permit: LivePermit,
        region: str,
        *,
        configuration_set: str = "",
        access_key_id: str = "",
        secret_access_key: SecretStr | None = None,
        rates: Sequence[Rate] = (),
        base_url: str = "",
        times: HttpTimes | None = None,
        clock: Clock = utc_now,
    ) -> None:
        super().__init__(permit, clock)
        if not _REGION.fullmatch(region):
            raise FixConfiguration(
                "The region of Amazon SES isn't one",
                next_step="Set AICMO_SES_REGION, or the block's region, to one such as eu-west-1.",
            )
        self.limits = tuple(RateLimit(*rate) for rate in rates)
        self._configuration_set = configuration_set
        host = f"email.{region}.amazonaws.com"
        self._base_url = base_url or f"https://{host}"
        self._exchange = HttpExchange(self._base_url, host=host, headers={}, times=times)
        secret = secret_access_key.get_secret_value() if secret_access_key else None
        self._client = _client(region, self._base_url, access_key_id or None, secret or None)
        self._client.meta.events.register("before-send.sesv2.SendEmail", self._transmit)
        self._turn: tuple[Outgoing, StillAllowed] | None = None
        self._answer: Answer | None = None

    def _post(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome:
        self._turn, self._answer = (outgoing, still_allowed), None
        said: dict[str, Any] = {}
        error: Exception | None = None
        try:
            said = self._client.send_email(**self._request(outgoing))
        except (FixInput, NoAnswer):
            raise
        except Exception as failed:  # noqa: BLE001  (what counts is what has come)
            error = failed
        if self._answer is None:
            return _never_left(error)
        return _outcome(self._answer, said, error, self._clock())

    def _request(self, outgoing: Outgoing) -> dict[str, Any]:
        request: dict[str, Any] = {
            "FromEmailAddress": read_email(outgoing).sender_address,
            "Destination": {"ToAddresses": [outgoing.recipient]},
            "Content": {"Raw": {"Data": outgoing.payload}},
            "EmailTags": [{"Name": "delivery", "Value": outgoing.token}],
        }
        if self._configuration_set:
            request["ConfigurationSetName"] = self._configuration_set
        return request

    def _transmit(self, request: Any, **_: Any) -> AWSResponse:
        """Called by botocore instead of its own transmission, once per turn."""
        if self._turn is None:
            raise PermissionError("this delivery has had its one request")
        (outgoing, still_allowed), self._turn = self._turn, None
        path = str(request.url).removeprefix(self._base_url)
        headers = {str(name): _text(value) for name, value in request.headers.items()}
        self._answer = self._exchange.post(
            path, bytes(request.body), headers, outgoing, still_allowed
        )
        return AWSResponse(
            request.url, self._answer.status, self._answer.headers, _Body(self._answer.body)
        )


def open_ses_gateway(
    region: str,
    *,
    configuration_set: str = "",
    access_key_id: str = "",
    secret_access_key: SecretStr | None = None,
    rates: Sequence[Rate] = (),
) -> OpenGateway:
    """What the engine calls with its permit to open the account."""
    return lambda permit: SesGateway(
        permit,
        region,
        configuration_set=configuration_set,
        access_key_id=access_key_id,
        secret_access_key=secret_access_key,
        rates=rates,
    )


class _Body:
    """An answer's body as botocore reads it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self._content


def _client(region: str, base_url: str, key_id: str | None, secret: str | None) -> Any:
    for name in ("boto3", "botocore"):  # at DEBUG they log messages and signatures
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        # Of its own: boto3's shared session would keep the credentials of an earlier environment.
        session = cast("Any", boto3.Session())
        return session.client(
            "sesv2",
            region_name=region,
            endpoint_url=base_url,
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
            config=Config(retries={"mode": "standard", "total_max_attempts": 1}),
        )
    except (BotoCoreError, ValueError) as error:
        raise FixConfiguration(
            f"The configuration of Amazon SES can't be used ({type(error).__name__})",
            next_step="Check the access key and its secret, or the AWS_ variables.",
        ) from None


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _never_left(error: Exception | None) -> Outcome:
    scope = Scope.RUN if isinstance(error, BotoCoreError) else Scope.DELIVERY
    detail = f"not transmitted: {type(error).__name__}"
    return Outcome(OutcomeKind.NOT_SENT, detail=detail, scope=scope)


def _outcome(
    answer: Answer, said: dict[str, Any], error: Exception | None, now: datetime
) -> Outcome:
    if answer.status == _OK:
        return confirmed(answer, said.get("MessageId"))
    name, text = _named(error)
    if answer.status > _MOST_REFUSALS:  # an error's name doesn't prove what a status leaves open
        return refused(answer, now)
    if name in _FULL:
        return wait(answer, now, f"{answer.status} {name}")
    if name not in _KINDS:
        return refused(answer, now)
    is_about_us = name == "MessageRejected" and _NOT_VERIFIED in text
    kind = OutcomeKind.REFUSED_ACCOUNT if is_about_us else _KINDS[name]
    return Outcome(kind, code=f"{answer.status} {name}")


def _named(error: Exception | None) -> tuple[str, str]:
    """The error's name and text, of which only a known name may be shown."""
    if not isinstance(error, ClientError):
        return "", ""
    said = cast("Any", error).response.get("Error", {})
    return str(said.get("Code", "")), str(said.get("Message", ""))
