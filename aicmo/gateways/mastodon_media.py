"""Pictures and films on a Mastodon server before a post has them; nobody sees them there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from urllib.parse import quote

from aicmo.gateways.account_gateway import Refused
from aicmo.gateways.contract import Attachment, Outcome, OutcomeKind
from aicmo.gateways.http_answers import Answer, Clock
from aicmo.gateways.mastodon_answers import GONE, OK, content_of, unreadable
from aicmo.gateways.multipart import multipart

Ask = Callable[[str, str, bytes, str], Answer]
"""Method, path, body and its type: one request of the logged-in account."""

_ACCEPTED, _PARTIAL, _UNPROCESSABLE = 202, 206, 422
_LOOKS, _SECONDS = 60, 2.0
"""How often a film that is being processed is asked about, and how long in between."""


class MastodonMedia:
    """Puts up files; `put_up` may be repeated.

    wait: sleeps so many seconds.
    """

    def __init__(self, ask: Ask, clock: Clock, wait: Callable[[float], None]) -> None:
        self._ask, self._clock, self._wait = ask, clock, wait

    def put_up(self, attachment: Attachment, known: dict[str, str]) -> None:
        """Notes the file's id in `known`; goes on where an earlier call was cut off.

        The server drops what no post has after a day, and other software can't be asked: it goes up
        again then.

        Raises:
            Refused, NoToken, httpx.HTTPError: it can't be put up now.
        """
        key = media_key(attachment)
        if key in known and self._is_there(known[key]):
            return
        answer = self._upload(attachment)
        found = content_of(answer, self._clock(), (OK, _ACCEPTED)).get("id")
        if not isinstance(found, str) or not found:
            raise unreadable(answer)
        known[key] = found
        if answer.status == _ACCEPTED and not self._is_there(found):
            raise unreadable(answer)

    def _upload(self, attachment: Attachment) -> Answer:
        fields = {"description": attachment.alt_text}
        content_type, body = multipart(fields, "file", attachment.content, attachment.media_type)
        return self._ask("POST", "/api/v2/media", body, content_type)

    def _is_there(self, media_id: str) -> bool:
        """Waits while it is processed."""
        for _ in range(_LOOKS):
            answer = self._ask("GET", f"/api/v1/media/{quote(media_id, safe='')}", b"", "")
            if answer.status in GONE:
                return False
            if answer.status == _UNPROCESSABLE:
                detail = "the server can't process a file"
                raise Refused(Outcome(OutcomeKind.REFUSED_FOR_GOOD, "422", detail), answer)
            if answer.status != _PARTIAL:
                content_of(answer, self._clock())
                return True
            self._wait(_SECONDS)
        busy = Outcome(OutcomeKind.REFUSED_FOR_NOW, detail="the server still processes a file")
        raise Refused(busy)


def media_key(attachment: Attachment) -> str:
    """Names a file with its description, which goes up with it."""
    return hashlib.sha256(f"{attachment.sha256}\0{attachment.alt_text}".encode()).hexdigest()
