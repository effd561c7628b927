"""Pictures for LinkedIn: put up and waited for before the post is armed.

Facts: Microsoft Learn, "Images API", version 202609. A picture that no post uses is seen by nobody.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

from aicmo.errors import FixInput
from aicmo.gateways.account_gateway import Refused
from aicmo.gateways.contract import Attachment, Outcome, OutcomeKind
from aicmo.gateways.http_answers import Clock
from aicmo.gateways.json_shapes import an_object
from aicmo.gateways.linkedin_answers import encoded
from aicmo.gateways.staging_time import StagingTime

_KEPT_FOR = timedelta(hours=24)
"""LinkedIn doesn't say how long it keeps a picture without a post."""
_SETTLES_IN = timedelta(seconds=15)
"""A member's picture can't be asked for, so it is given this time."""
_ASK_AGAIN_SECONDS = 3.0
_MISSED_AT_MOST = 10
"""So often LinkedIn may say that it waits for a picture that it has been given."""

Pause = Callable[[float], None]


class Ask(Protocol):
    """One request to the API; returns the answer's JSON object.

    Raises:
        Refused, NoToken, httpx.HTTPError: there is no documented answer.
    """

    def __call__(self, method: str, path: str, body: bytes = b"") -> dict[str, Any]: ...


class LinkedInMedia:
    """The pictures of one post on their way up.

    put: writes a picture to the address that LinkedIn named for it.
    owner: the URN of the account. is_readable: LinkedIn tells what became of its pictures.
    values: what is put up already; added to as it goes on.
    """

    def __init__(
        self,
        ask: Ask,
        put: Callable[[str, bytes], None],
        owner: str,
        values: dict[str, Any],
        clock: Clock,
        pause: Pause,
        *,
        is_readable: bool,
    ) -> None:
        self._ask, self._put, self._owner = ask, put, owner
        self._values, self._clock, self._pause = values, clock, pause
        self._is_readable, self._time = is_readable, StagingTime()

    def put_up(self, pictures: Sequence[Attachment]) -> None:
        """See `SocialGateway._stage`; all are uploaded before the first is waited for."""
        for picture in pictures:
            if not self._is_known(picture.sha256):
                self._images[picture.sha256] = self._upload(picture.content)
        for sha256 in {picture.sha256 for picture in pictures}:
            self._wait(sha256)

    @property
    def _images(self) -> dict[str, dict[str, Any]]:
        return self._values.setdefault("images", {})

    def _is_known(self, sha256: str) -> bool:
        known = self._images.get(sha256)
        return known is not None and self._age(known) < _KEPT_FOR

    def _age(self, known: Mapping[str, Any]) -> timedelta:
        return self._clock() - datetime.fromisoformat(known["at"])

    def _upload(self, content: bytes) -> dict[str, Any]:
        self._time.require()
        request = {"initializeUploadRequest": {"owner": self._owner}}
        path = "/rest/images?action=initializeUpload"
        value = an_object(self._ask("POST", path, json.dumps(request).encode()).get("value"))
        urn, url = value.get("image"), value.get("uploadUrl")
        if not isinstance(urn, str) or not isinstance(url, str):
            raise Refused(_not_now("LinkedIn gave an upload no address"))
        self._put(url, content)
        return {"urn": urn, "at": self._clock().isoformat(), "is_ready": False}

    def _wait(self, sha256: str) -> None:
        known = self._images[sha256]
        if known["is_ready"]:
            return
        if self._is_readable:
            self._ask_until_available(sha256, known["urn"])
        else:
            left = (_SETTLES_IN - self._age(known)).total_seconds()
            self._pause(max(left, 0))
        known["is_ready"] = True

    def _ask_until_available(self, sha256: str, urn: str) -> None:
        missed = 0
        while True:
            self._time.require()
            status = self._ask("GET", f"/rest/images/{encoded(urn)}").get("status")
            if status == "AVAILABLE":
                return
            missed += status == "WAITING_UPLOAD"
            if status == "PROCESSING_FAILED" or missed > _MISSED_AT_MOST:
                del self._images[sha256]
                raise _unusable(status)
            self._pause(_ASK_AGAIN_SECONDS)


def image_urn(sha256: str, staged: Mapping[str, Any]) -> str:
    """What LinkedIn calls a picture.

    Raises:
        FixInput: it isn't put up.
    """
    images = cast("Mapping[str, Mapping[str, str]]", staged.get("images", {}))
    if sha256 not in images:
        raise FixInput("A picture of the post isn't put up at LinkedIn")
    return images[sha256]["urn"]


def upload_place(url: str, api_url: str) -> tuple[str, str, str]:
    """Base URL, host and path of an upload's address: the token goes to LinkedIn's own hosts alone.

    api_url: a loopback address in tests.

    Raises:
        Refused: it is another one's.
    """
    parts = urlsplit(url)
    host = parts.netloc.lower()
    base = f"{parts.scheme}://{host}"
    is_linkedin = parts.scheme == "https" and f".{host}".endswith(".linkedin.com")
    if "@" in host or (not is_linkedin and base != api_url):
        raise Refused(_not_now("LinkedIn named a foreign host for an upload"))
    return base, host, f"{parts.path}?{parts.query}" if parts.query else parts.path


def _unusable(status: object) -> Exception:
    if status == "PROCESSING_FAILED":
        return FixInput("LinkedIn can't process the picture")
    return Refused(_not_now("LinkedIn hasn't got the picture"))


def _not_now(detail: str) -> Outcome:
    return Outcome(OutcomeKind.REFUSED_FOR_NOW, detail=detail)
