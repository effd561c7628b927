"""Pictures and films for X: uploaded, described and processed before the post is armed.

Facts: docs.x.com, "Media", OpenAPI 2.167, read in 2026-08. An upload is seen by nobody, and what isn't
used expires: it may be repeated.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

from aicmo.errors import FixInput
from aicmo.gateways.account_gateway import Refused
from aicmo.gateways.contract import Attachment, Outcome, OutcomeKind
from aicmo.gateways.http_answers import Clock
from aicmo.gateways.multipart import multipart
from aicmo.gateways.staging_time import StagingTime
from aicmo.gateways.x_answers import is_id

_SEGMENT = 4 * 1024 * 1024
_EXPIRES_AFTER = 86_400
_KEPT_IN_HAND = timedelta(minutes=30)
_CATEGORIES = {"video/mp4": "tweet_video", "image/gif": "tweet_gif"}
_LONGEST_PAUSE = 30

Pause = Callable[[float], None]


class Ask(Protocol):
    """One request to X; returns the object in the answer's `data`.

    Raises:
        Refused, NoToken, httpx.HTTPError: there is no documented answer.
    """

    def __call__(
        self, method: str, path: str, body: bytes = b"", media_type: str = ""
    ) -> dict[str, Any]: ...


class XMedia:
    """The media of one post on their way up.

    values: what is put up already, with its ids and until when they hold; added to as it goes on.
    """

    def __init__(self, ask: Ask, values: dict[str, Any], clock: Clock, pause: Pause) -> None:
        self._ask, self._values, self._clock, self._pause = ask, values, clock, pause
        self._time = StagingTime()

    def put_up(self, attachments: Sequence[Attachment]) -> None:
        """See `SocialGateway._stage`."""
        for attachment in attachments:
            known = self._known(attachment)
            if known is None:
                self._time.require()
                known = self._upload(attachment)
                self._media[_key(attachment)] = known
            if not known["is_ready"]:
                self._wait(known)

    @property
    def _media(self) -> dict[str, dict[str, Any]]:
        return self._values.setdefault("media", {})

    def _known(self, attachment: Attachment) -> dict[str, Any] | None:
        known = self._media.get(_key(attachment))
        if known is None or datetime.fromisoformat(known["until"]) < self._clock() + _KEPT_IN_HAND:
            return None
        return known

    def _upload(self, attachment: Attachment) -> dict[str, Any]:
        category = _CATEGORIES.get(attachment.media_type)
        data = self._in_parts(attachment, category) if category else self._at_once(attachment)
        media_id = _id(data)
        if attachment.alt_text and attachment.media_type.startswith("image/"):
            self._describe(media_id, attachment.alt_text)
        given = data.get("expires_after_secs")
        seconds = min(given, _EXPIRES_AFTER) if isinstance(given, int) else _EXPIRES_AFTER
        until = self._clock() + timedelta(seconds=seconds)
        is_ready = "processing_info" not in data
        return {"id": media_id, "until": until.isoformat(), "is_ready": is_ready}

    def _at_once(self, attachment: Attachment) -> dict[str, Any]:
        fields = {"media_category": "tweet_image"}
        media_type, body = multipart(fields, "media", attachment.content, attachment.media_type)
        return self._ask("POST", "/2/media/upload", body, media_type)

    def _in_parts(self, attachment: Attachment, category: str) -> dict[str, Any]:
        start = {
            "media_type": attachment.media_type,
            "media_category": category,
            "total_bytes": len(attachment.content),
        }
        path = f"/2/media/upload/{_id(self._ask_json('/2/media/upload/initialize', start))}"
        for number, begin in enumerate(range(0, len(attachment.content), _SEGMENT)):
            self._time.require()
            part = attachment.content[begin : begin + _SEGMENT]
            fields = {"segment_index": str(number)}
            media_type, body = multipart(fields, "media", part, "application/octet-stream")
            self._ask("POST", f"{path}/append", body, media_type)
        return self._ask("POST", f"{path}/finalize")

    def _describe(self, media_id: str, alt_text: str) -> None:
        metadata = {"alt_text": {"text": alt_text}}
        self._ask_json("/2/media/metadata", {"id": media_id, "metadata": metadata})

    def _wait(self, known: dict[str, Any]) -> None:
        while not known["is_ready"]:
            self._time.require()
            path = f"/2/media/upload?media_id={known['id']}&command=STATUS"
            told = self._ask("GET", path).get("processing_info")
            state, seconds = _progress(told)
            if state == "failed":
                self._media.clear()
                raise FixInput("X can't process the film or animation")
            known["is_ready"] = state == "succeeded"
            if not known["is_ready"]:
                self._pause(min(max(seconds, 1), _LONGEST_PAUSE))

    def _ask_json(self, path: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        return self._ask("POST", path, json.dumps(fields).encode(), "application/json")


def media_ids(attachments: Sequence[Attachment], staged: Mapping[str, Any]) -> list[str]:
    """The ids of a post's media, in their order.

    Raises:
        KeyError: one of them isn't put up.
    """
    media = cast("Mapping[str, Mapping[str, str]]", staged.get("media", {}))
    return [media[_key(attachment)]["id"] for attachment in attachments]


def _id(data: Mapping[str, Any]) -> str:
    media_id = data.get("id")
    if not is_id(media_id):
        raise Refused(Outcome(OutcomeKind.REFUSED_FOR_NOW, detail="X gave an upload no id"))
    return cast("str", media_id)


def _progress(told: object) -> tuple[str, int]:
    """State, and after how many seconds to ask again; without a word of it, it is through."""
    if not isinstance(told, dict):
        return "succeeded", 0
    fields = cast("dict[str, Any]", told)
    seconds = fields.get("check_after_secs")
    return str(fields.get("state")), seconds if isinstance(seconds, int) else 1


def _key(attachment: Attachment) -> str:
    """A picture with another description is another upload."""
    return f"{attachment.sha256} {attachment.alt_text}"
