"""A scripted Mastodon server on loopback: as far as our gateway speaks to it, and as strict as its docs.

Shapes are those of docs.joinmastodon.org (2026-07-02). Statuses are shown as HTML with their links
rewritten, and as they were written to their owner (`source`).
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

from aicmo.gateways.contract import RepeatClass
from tests.peers.http_exchange import Fault
from tests.peers.routes import Call, Reply, Route, require, require_fields
from tests.peers.social_peer import Published, SocialPeer

_STATUS_FIELDS = (
    "media_ids",
    "visibility",
    "language",
    "spoiler_text",
    "sensitive",
    "in_reply_to_id",
)
_LINK = re.compile(r"https?://\S+")
LIMITS: Mapping[str, Any] = {
    "statuses": {
        "max_characters": 1000,
        "characters_reserved_per_url": 23,
        "max_media_attachments": 4,
    },
    "media_attachments": {
        "supported_mime_types": ["image/jpeg", "image/png", "video/mp4"],
        "image_size_limit": 8_000_000,
        "image_matrix_limit": 33_177_600,
        "video_size_limit": 40_000_000,
        "description_limit": 1500,
    },
}


class MastodonPeer(SocialPeer):
    """A server of the software's own making; with `keeps_keys` False, one that ignores keys.

    instance: what it says of itself. has_v2: in the second version, too.
    looks: how often a file is still being processed when it is asked about; -1: for ever.
    has_media: files can be asked about. can_delete, has_source: the software has that method.
    """

    repeats = RepeatClass.REPEAT_SAFE
    routes = (
        Route("GET", "/api/v1/accounts/verify_credentials", "who"),
        Route("GET", "/api/v2/instance", "instance_v2", is_open=True),
        Route("GET", "/api/v1/instance", "instance_v1", is_open=True),
        Route("POST", "/api/v2/media", "upload"),
        Route("GET", "/api/v1/media/{id}", "medium"),
        Route("POST", "/api/v1/statuses", "post", acts=True),
        Route("GET", "/api/v1/accounts/{id}/statuses", "statuses"),
        Route("GET", "/api/v1/statuses/{id}/source", "source"),
        Route("GET", "/api/v1/statuses/{id}", "status"),
        Route("DELETE", "/api/v1/statuses/{id}", "delete"),
    )

    def __init__(self, faults: Mapping[int | str, Fault] | None = None, **options: Any) -> None:
        super().__init__(faults, **options)
        self.instance: dict[str, Any] = {
            "domain": "social.test",
            "version": "4.5.2",
            "source_url": "https://github.com/mastodon/mastodon",
            "configuration": LIMITS,
        }
        self.keeps_keys = self.has_v2 = self.has_media = self.can_delete = self.has_source = True
        self.lists_private, self.pages = True, True
        self.looks = 0
        self.media: dict[str, dict[str, Any]] = {}
        self.keys: dict[str, str] = {}

    def unauthorized(self) -> Reply:
        return Reply(401, {"error": "The access token is invalid"})

    def bad_request(self, why: str) -> Reply:
        return Reply(422, {"error": f"Validation failed: {why}"})

    def new_ref(self, number: int) -> str:
        return str(115_000_000_000_000_000 + number)

    def who(self, call: Call) -> Reply:
        del call
        avatar = "https://files.social.test/acme.png"
        found = {"id": self.identity, "username": "acme", "acct": "acme", "display_name": "Acme"}
        shown = {"avatar": avatar, "avatar_static": avatar, "url": "https://social.test/@acme"}
        return Reply(content=found | shown)

    def instance_v2(self, call: Call) -> Reply:
        return self.instance_v1(call) if self.has_v2 else Reply(404, {"error": "Not found"})

    def instance_v1(self, call: Call) -> Reply:
        del call
        return Reply(content=self.instance)

    def upload(self, call: Call) -> Reply:
        fields = _form(call)
        require_fields(fields, ["file"], ["description", "focus"])
        description = str(fields["description"], "utf-8")
        require(len(description) <= 1500, "description is too long")
        media_id = str(len(self.media) + 1)
        self.media[media_id] = {"id": media_id, "description": description, "looks": self.looks}
        return Reply(202 if self.looks else 200, {"id": media_id, "description": description})

    def medium(self, call: Call) -> Reply:
        found = self.media.get(call.names["id"])
        if found is None or found.get("is_attached") or not self.has_media:
            return Reply(404, {"error": "Record not found"})
        if found["looks"]:
            found["looks"] -= 1
            return Reply(206, {"id": found["id"]})
        return Reply(200, {"id": found["id"]})

    def post(self, call: Call) -> Reply:
        asked, key = call.json, call.request.token
        require_fields(asked, ["status"], _STATUS_FIELDS)
        require(bool(key), "no Idempotency-Key")
        require(asked.get("visibility") in ("public", "unlisted", "private"), "visibility")
        require(len(asked.get("language", "en")) == 2, f"language {asked.get('language')}")
        if self.keeps_keys and key in self.keys:
            return Reply(content=self._shown(self._get(self.keys[key])))
        parent = asked.get("in_reply_to_id", "")
        if parent and self.get(parent) is None:
            return Reply(404, {"error": "The post you are trying to reply to does not exist."})
        for each in asked.get("media_ids", []):
            require(not self.media[each].get("is_attached"), f"media {each} has a post")
            require(not self.media[each]["looks"], f"media {each} is being processed")
        media = [self.media[each] for each in asked.get("media_ids", [])]
        for each in media:
            each["is_attached"] = True
        post = self.publish(asked["status"].strip(), asked | {"media": media}, parent=parent)
        self.keys[key] = post.ref
        return Reply(content=self._shown(post))

    def statuses(self, call: Call) -> Reply:
        require(call.names["id"] == self.identity, f"account {call.names['id']}")
        require_fields(call.query, ["exclude_reblogs"], ["limit", "max_id"])
        found = [
            each
            for each in self.timeline()
            if self.lists_private or each.content.get("visibility") != "private"
        ]
        refs = [each.ref for each in found]
        if self.pages and (last := call.query.get("max_id")):
            found = found[refs.index(last) + 1 :]
        if self.pages:
            found = found[: min(40, int(call.query["limit"]))]
        return Reply(content=[self._shown(each) for each in found])

    def source(self, call: Call) -> Reply:
        if not self.has_source:
            return Reply(404, {"error": "Not found"})
        post = self._get(call.names["id"])
        warning = post.content.get("spoiler_text", "")
        return Reply(content={"id": post.ref, "text": post.text, "spoiler_text": warning})

    def status(self, call: Call) -> Reply:
        if self.get(call.names["id"]) is None:
            return Reply(404, {"error": "Record not found"})
        return Reply(content=self._shown(self._get(call.names["id"])))

    def delete(self, call: Call) -> Reply:
        there = self.get(call.names["id"])
        if there is None or not self.can_delete:
            return Reply(404, {"error": "Record not found"})
        there.is_deleted = True
        return Reply(content=self._shown(there))

    def _get(self, ref: str) -> Published:
        found = self.get(ref)
        assert found
        return found

    def _shown(self, post: Published) -> dict[str, Any]:
        return {
            "id": post.ref,
            "created_at": datetime.fromtimestamp(post.at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "url": f"https://social.test/@acme/{post.ref}",
            "content": f"<p>{_LINK.sub('<a>link</a>', html.escape(post.text))}</p>",
            "edited_at": "2026-11-22T09:00:00.000Z" if "edited_from" in post.content else None,
            "in_reply_to_id": post.parent or None,
            "media_attachments": [{"id": each["id"]} for each in post.content.get("media", [])],
        }


def _form(call: Call) -> dict[str, bytes]:
    """The fields of a multipart form, read by the standard library."""
    call.require_type("multipart/form-data")
    head = f"Content-Type: {call.request.headers['content-type']}\r\n\r\n".encode()
    form = cast("EmailMessage", message_from_bytes(head + call.request.body, policy=policy.HTTP))
    fields: dict[str, bytes] = {}
    for part in cast("list[EmailMessage]", form.get_payload()):
        name = part.get_param("name", header="content-disposition")
        fields[str(name)] = cast("bytes", part.get_payload(decode=True))
    require("file" not in fields or bool(fields["file"]), "an empty file")
    return fields
