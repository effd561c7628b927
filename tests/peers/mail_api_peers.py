"""Scripted mail APIs on loopback: Resend, Postmark and Amazon SES as far as our gateways speak to them.

Each counts its effects with their tokens, and shares the faults of `http_peer`. Shapes of requests and
answers are those of the providers' API references, read in 2026-11.
"""

from __future__ import annotations

import dataclasses
import json
from abc import abstractmethod
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from aicmo.gateways.contract import RepeatClass
from tests.peers.http_exchange import Fault, Request
from tests.peers.http_peer import HttpPeer


class MailApiPeer(HttpPeer):
    """A mail provider; `sent` are the JSON bodies it acted on, `heads` the headers of every body."""

    repeats: ClassVar[RepeatClass]

    def __init__(self, faults: Mapping[int | str, Fault] | None = None, **options: Any) -> None:
        super().__init__(self.repeats, faults, **options)

    @property
    def base_url(self) -> str:
        return "http://{}:{}".format(*self.address)

    @property
    def sent(self) -> list[dict[str, Any]]:
        return [json.loads(effect.body) for effect in self.applied]

    @property
    def heads(self) -> list[Mapping[str, str]]:
        return [request.headers for request in self.begun]

    def take(self, request: Request) -> str:
        token, recipient = self.read(request.headers, json.loads(request.body))
        named = dict(request.headers) | {"idempotency-key": token, "recipient": recipient}
        return super().take(dataclasses.replace(request, headers=named))

    @abstractmethod
    def read(self, headers: Mapping[str, str], fields: dict[str, Any]) -> tuple[str, str]:
        """The token and the bare address of the recipient."""


class ResendPeer(MailApiPeer):
    repeats = RepeatClass.REPEAT_SAFE

    def __init__(self, faults: Mapping[int | str, Fault] | None = None, **options: Any) -> None:
        super().__init__(faults, token_lifetime=timedelta(hours=24), **options)

    def read(self, headers: Mapping[str, str], fields: dict[str, Any]) -> tuple[str, str]:
        return headers["idempotency-key"], _address(fields["to"][0])


class PostmarkPeer(MailApiPeer):
    repeats = RepeatClass.READABLE

    def read(self, headers: Mapping[str, str], fields: dict[str, Any]) -> tuple[str, str]:
        return fields["Metadata"]["delivery"], _address(fields["To"])

    def confirm(self, ref: str) -> dict[str, Any]:
        return {"ErrorCode": 0, "Message": "OK", "MessageID": ref, "To": "x@example.com"}

    def look_up(self, request: Request) -> tuple[int, dict[str, Any]]:
        query = parse_qs(urlsplit(request.path).query)
        stream, token = query.get("messagestream", ["outbound"])[0], query["metadata_delivery"][0]
        messages = [
            {
                "MessageID": effect.ref,
                "Metadata": {"delivery": effect.token},
                "Recipients": [effect.recipient],
            }
            for effect in self.applied
            if effect.token == token and json.loads(effect.body)["MessageStream"] == stream
        ]
        return 200, {"TotalCount": len(messages), "Messages": messages}


class SesPeer(MailApiPeer):
    repeats = RepeatClass.BLIND

    def read(self, headers: Mapping[str, str], fields: dict[str, Any]) -> tuple[str, str]:
        tags = {each["Name"]: each["Value"] for each in fields["EmailTags"]}
        return tags["delivery"], fields["Destination"]["ToAddresses"][0]

    def confirm(self, ref: str) -> dict[str, Any]:
        return {"MessageId": ref}


def _address(shown: str) -> str:
    return shown.rpartition("<")[2].rstrip(">")
