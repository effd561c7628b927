"""An account's part of Meta's Graph API: everything that is asked of Instagram but the publishing itself.

Nothing here has an effect that anybody sees, so all of it may be repeated.

Facts: Meta, "IG Container", "IG User Content Publishing Limit", Graph API v26.0, 2026-07.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import quote, urlencode

from aicmo.gateways import instagram_errors as errors
from aicmo.gateways.account_gateway import Refused
from aicmo.gateways.contract import Outcome, OutcomeKind
from aicmo.gateways.http_answers import Answer, Clock
from aicmo.gateways.http_exchange import HttpExchange

VERSION = "v26.0"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
FINISHED, PUBLISHED, WORKING = "FINISHED", "PUBLISHED", "IN_PROGRESS"
ERROR, EXPIRED, GONE = "ERROR", "EXPIRED", "gone"
_STATES = frozenset({FINISHED, PUBLISHED, WORKING, ERROR, EXPIRED})
_OK = 200
_NUMBER = re.compile(r"\d{1,40}")


class Graph:
    """identity: of the account; login: the headers of a logged-in request; clock: for times to come back."""

    def __init__(
        self,
        exchange: HttpExchange,
        identity: str,
        login: Callable[[], Mapping[str, str]],
        clock: Clock,
    ) -> None:
        self._exchange, self._identity = exchange, identity
        self._login, self.clock = login, clock

    def path(self, edge: str) -> str:
        """Of something that belongs to the account."""
        return f"/{VERSION}/{quote(self._identity, safe='')}/{edge}"

    def own(self, edge: str, **query: str) -> dict[str, Any]:
        """Something that belongs to the account; see `read`."""
        return self._content(self._get(self.path(edge), query))

    def read(self, node: str, **query: str) -> dict[str, Any]:
        """What Instagram says of `node`.

        Raises:
            NoToken: the log-in can't be used.
            Refused: it says nothing, or not now.
            httpx.HTTPError: there is no answer.
        """
        return self._content(self._get(f"/{VERSION}/{node}", query))

    def create(self, fields: Mapping[str, str]) -> str:
        """The id of a new container; raises as `read` does."""
        headers = {**self._login(), **FORM}
        body = urlencode(fields).encode()
        answer = self._exchange.prepare("POST", self.path("media"), body, headers)
        return self.number(self._content(answer).get("id"))

    def state(self, container: str) -> tuple[str, str]:
        """The state of a container, and the text beside it; raises as `read` does."""
        answer = self._get(f"/{VERSION}/{container}", {"fields": "status_code,status"})
        if errors.is_gone(answer):
            return GONE, ""
        content = self._content(answer)
        state = str(content.get("status_code"))
        if state not in _STATES:
            raise self._not_understood()
        return state, str(content.get("status", ""))

    def quota(self) -> tuple[int, int]:
        """Posts of the last 24 hours, and how many there may be; raises as `read` does."""
        content = self.own("content_publishing_limit", fields="quota_usage,config")
        try:
            first = content["data"][0]
            return int(first["quota_usage"]), int(first["config"]["quota_total"])
        except (KeyError, IndexError, TypeError, ValueError):
            raise self._not_understood() from None

    def number(self, found: object) -> str:
        """An id as it may stand in a path.

        Raises:
            Refused: it is none.
        """
        if not isinstance(found, str) or not _NUMBER.fullmatch(found):
            raise self._not_understood()
        return found

    def _get(self, path: str, query: Mapping[str, str]) -> Answer:
        shown = urlencode(query, safe=",")
        return self._exchange.get(f"{path}?{shown}", self._login())

    def _content(self, answer: Answer) -> dict[str, Any]:
        content = answer.content()
        if answer.status != _OK or "error" in content:
            raise Refused(errors.at_container(answer, self.clock()), answer)
        if not answer.is_whole or not content:
            raise self._not_understood()
        return content

    def _not_understood(self) -> Refused:
        detail = "Instagram's answer wasn't understood"
        return Refused(Outcome(OutcomeKind.REFUSED_FOR_NOW, detail=detail))


def entries(content: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The objects of a list."""
    found = content.get("data")
    listed = cast("list[object]", found) if isinstance(found, list) else []
    return [cast("Mapping[str, Any]", each) for each in listed if isinstance(each, dict)]
