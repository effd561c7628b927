"""X on loopback: posts, media and the account's timeline, in the shapes of its OpenAPI 2.167 (2026-08).

It refuses fields that it doesn't know, and texts that the account has already.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from aicmo.gateways.contract import RepeatClass
from tests.peers.multipart_form import read_form
from tests.peers.routes import Call, Reply, Route, require, require_fields
from tests.peers.social_peer import Published, SocialPeer

_ID = re.compile(r"[0-9]{1,19}")
_LINK = re.compile(r"https://\S+|(?<!/)\bclient\.example/?\w*")
_FIELDS = {"created_at", "text", "entities", "attachments"}
_CATEGORIES = {
    "tweet_image": ("image/jpeg", "image/png", "image/webp"),
    "tweet_gif": ("image/gif",),
    "tweet_video": ("video/mp4",),
}


@dataclass
class Medium:
    """polls: how often X still says that it is working on it; a broken one fails."""

    media_id: str
    category: str
    total_bytes: int
    content: bytes = b""
    segments: int = 0
    alt_text: str = ""
    is_final: bool = False
    is_ready: bool = False
    polls: int = 0
    is_broken: bool = False


class XPeer(SocialPeer):
    """page_size: posts on one page of the timeline. polls, breaks_films: see `Medium`.

    expires_after: seconds until an upload's end.
    """

    repeats = RepeatClass.READABLE
    routes: ClassVar = (
        Route("GET", "/2/users/me", "me"),
        Route("POST", "/2/tweets", "create", acts=True),
        Route("DELETE", "/2/tweets/{post}", "delete"),
        Route("GET", "/2/users/{user}/tweets", "timeline_page"),
        Route("POST", "/2/media/upload", "upload"),
        Route("GET", "/2/media/upload", "status"),
        Route("POST", "/2/media/upload/initialize", "initialize"),
        Route("POST", "/2/media/upload/{medium}/append", "append"),
        Route("POST", "/2/media/upload/{medium}/finalize", "finalize"),
        Route("POST", "/2/media/metadata", "describe"),
    )

    def __init__(
        self,
        *args: Any,
        page_size: int = 100,
        polls: int = 0,
        breaks_films: bool = False,
        expires_after: int = 86_400,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.page_size, self.polls, self.breaks_films = page_size, polls, breaks_films
        self.expires_after = expires_after
        self.media: dict[str, Medium] = {}
        self.user: dict[str, Any] = {
            "id": self.identity,
            "name": "Acme",
            "username": "acme",
            "profile_image_url": "https://pbs.twimg.com/profile_images/1/a_normal.jpg",
        }

    def unauthorized(self) -> Reply:
        said = {"title": "Unauthorized", "type": "about:blank", "status": 401}
        return Reply(401, said | {"detail": "Unauthorized"})

    def bad_request(self, why: str) -> Reply:
        kind = "https://api.x.com/2/problems/invalid-request"
        return Reply(400, {"title": "Invalid Request", "detail": why, "type": kind})

    def new_ref(self, number: int) -> str:
        return str(1_800_000_000_000_000_000 + number)

    def me(self, call: Call) -> Reply:
        require_fields(call.query, (), ("user.fields",))
        return Reply(200, {"data": self.user})

    def create(self, call: Call) -> Reply:
        fields = call.json
        require_fields(fields, ("text",), ("media", "reply"))
        media = self._media_of(fields)
        parent = self._parent_of(fields)
        if any(each.text == fields["text"] and not each.is_deleted for each in self.posts):
            detail = "You are not allowed to create a Tweet with duplicate content."
            said = {"title": "Forbidden", "type": "about:blank", "status": 403}
            return Reply(403, said | {"detail": detail})
        shown = [{"id": each.media_id, "alt": each.alt_text} for each in media]
        post = self.publish(fields["text"], {"media": shown}, parent=parent)
        return Reply(201, {"data": {"id": post.ref, "text": post.text}})

    def delete(self, call: Call) -> Reply:
        post = self.get(call.names["post"])
        if post is None:
            kind = "https://api.x.com/2/problems/resource-not-found"
            return Reply(404, {"title": "Not Found", "detail": "no such post", "type": kind})
        post.is_deleted = True
        return Reply(200, {"data": {"deleted": True}})

    def timeline_page(self, call: Call) -> Reply:
        query = call.query
        require_fields(
            query, ("start_time", "max_results", "exclude", "tweet.fields"), ("pagination_token",)
        )
        require(set(query["tweet.fields"].split(",")) <= _FIELDS, query["tweet.fields"])
        require(5 <= int(query["max_results"]) <= 100, query["max_results"])
        since = datetime.strptime(query["start_time"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        # Replies of a thread are what an account writes, too.
        require(query["exclude"] == "retweets", query["exclude"])
        require(call.names["user"] == self.identity, call.names["user"])
        seen = [each for each in self.timeline() if each.at >= since.timestamp()]
        begin = int(query.get("pagination_token", "0"))
        page = seen[begin : begin + self.page_size]
        meta: dict[str, Any] = {"result_count": len(page)}
        if begin + self.page_size < len(seen):
            meta["next_token"] = str(begin + self.page_size)
        data = {"data": [shown(each) for each in page]} if page else {}
        return Reply(200, data | {"meta": meta})

    def upload(self, call: Call) -> Reply:
        fields, content, media_type = read_form(call.request, "media")
        require_fields(fields, ("media_category",))
        require(fields["media_category"] == "tweet_image", "films and GIFs go up in parts")
        require(media_type in _CATEGORIES["tweet_image"], media_type)
        medium = self._new_medium("tweet_image", len(content))
        medium.content, medium.is_final, medium.is_ready = content, True, True
        return Reply(200, {"data": self._told(medium) | {"size": len(content)}})

    def initialize(self, call: Call) -> Reply:
        fields = call.json
        require_fields(fields, ("media_type", "media_category", "total_bytes"))
        require(fields["media_type"] in _CATEGORIES[fields["media_category"]], str(fields))
        medium = self._new_medium(fields["media_category"], fields["total_bytes"])
        return Reply(200, {"data": self._told(medium)})

    def append(self, call: Call) -> Reply:
        medium = self.media[call.names["medium"]]
        fields, content, _ = read_form(call.request, "media")
        require_fields(fields, ("segment_index",))
        require(int(fields["segment_index"]) == medium.segments <= 999, fields["segment_index"])
        require(0 < len(content) <= 5_000_000, f"{len(content)} bytes in one segment")
        medium.content, medium.segments = medium.content + content, medium.segments + 1
        return Reply(200, {"data": {"expires_at": 0}})

    def finalize(self, call: Call) -> Reply:
        require(call.request.body == b"", "a body")
        medium = self.media[call.names["medium"]]
        require(len(medium.content) == medium.total_bytes, "the segments aren't the whole")
        medium.is_final = True
        return Reply(
            200, {"data": self._told(medium) | {"processing_info": self._progress(medium)}}
        )

    def status(self, call: Call) -> Reply:
        require_fields(call.query, ("media_id", "command"))
        require(call.query["command"] == "STATUS", call.query["command"])
        medium = self.media[call.query["media_id"]]
        medium.polls -= 1
        medium.is_ready = medium.polls < 0 and not medium.is_broken
        return Reply(
            200, {"data": self._told(medium) | {"processing_info": self._progress(medium)}}
        )

    def describe(self, call: Call) -> Reply:
        fields = call.json
        require_fields(fields, ("id", "metadata"))
        require_fields(fields["metadata"], ("alt_text",))
        require_fields(fields["metadata"]["alt_text"], ("text",))
        text = fields["metadata"]["alt_text"]["text"]
        require(0 < len(text) <= 1_000, f"{len(text)} characters of alt text")
        self.media[fields["id"]].alt_text = text
        return Reply(200, {"data": {"id": fields["id"]}})

    def _new_medium(self, category: str, total_bytes: int) -> Medium:
        media_id = str(1_900_000_000_000_000_000 + len(self.media) + 1)
        medium = Medium(media_id, category, total_bytes, polls=self.polls)
        medium.is_broken = self.breaks_films
        self.media[media_id] = medium
        return medium

    def _told(self, medium: Medium) -> dict[str, Any]:
        return {"id": medium.media_id, "expires_after_secs": self.expires_after}

    def _progress(self, medium: Medium) -> dict[str, Any]:
        if medium.is_ready:
            return {"state": "succeeded", "progress_percent": 100}
        if medium.polls < 0 and medium.is_broken:
            return {"state": "failed"}
        state = "pending" if medium.polls == self.polls else "in_progress"
        return {"state": state, "check_after_secs": 7}

    def _media_of(self, fields: Mapping[str, Any]) -> list[Medium]:
        if "media" not in fields:
            return []
        require_fields(fields["media"], ("media_ids",))
        media = [self.media[each] for each in fields["media"]["media_ids"]]
        require(1 <= len(media) <= 4, f"{len(media)} media")
        require(all(each.is_ready for each in media), "a medium isn't processed yet")
        return media

    def _parent_of(self, fields: Mapping[str, Any]) -> str:
        if "reply" not in fields:
            return ""
        require_fields(fields["reply"], ("in_reply_to_tweet_id",))
        parent = fields["reply"]["in_reply_to_tweet_id"]
        require(_ID.fullmatch(parent) is not None and self.get(parent) is not None, parent)
        return parent


def shown(post: Published) -> dict[str, Any]:
    """As a timeline has it: every link is a t.co, also the one to its media; & < > are escaped."""
    text = html.escape(post.text, quote=False)
    urls: list[dict[str, str]] = []
    for number, link in enumerate(_LINK.findall(post.text)):
        short = f"https://t.co/L{number}abc"
        text = text.replace(html.escape(link, quote=False), short, 1)
        place = link if "://" in link else f"http://{link}"
        urls.append({"url": short, "expanded_url": place, "display_url": link[8:30]})
    media = post.content.get("media", [])
    keys = [f"3_{each['id']}" for each in media]
    if keys:
        text += " https://t.co/M0xyz"
        place = f"https://x.com/acme/status/{post.ref}/photo/1"
        urls += [
            {"url": "https://t.co/M0xyz", "expanded_url": place, "media_key": key} for key in keys
        ]
    at = datetime.fromtimestamp(post.at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    data: dict[str, Any] = {"id": post.ref, "text": text, "created_at": at}
    data["edit_history_tweet_ids"] = [*post.content.get("edited_from", ()), post.ref]
    if urls:
        data["entities"] = {"urls": urls}
    return data | ({"attachments": {"media_keys": keys}} if keys else {})
