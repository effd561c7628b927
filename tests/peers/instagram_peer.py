"""A scripted Instagram on loopback: containers, their states, publishing, the quota and the list of posts.

Shapes are those of Meta's references "IG User Media", "IG Container", "IG User Media Publish" and "Content Publishing
Limit", read in 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aicmo.gateways.contract import RepeatClass
from tests.peers.routes import Call, Reply, Route, require, require_fields
from tests.peers.social_peer import Published, SocialPeer

BASE = "/v26.0"
_MEDIA = (
    "caption",
    "alt_text",
    "image_url",
    "video_url",
    "media_type",
    "is_carousel_item",
    "children",
)


@dataclass
class Container:
    """What isn't published yet. states: one for each look at it; the last stays."""

    id: str
    fields: Mapping[str, str]
    states: list[str]

    def look(self) -> str:
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]


def graph_error(code: int, subcode: int = 0) -> dict[str, Any]:
    """An error as Graph says it, with a text that must not be repeated."""
    return {"message": "(#1) canary-in-a-message", "type": "OAuthException", "code": code,
            "error_subcode": subcode, "is_transient": False, "fbtrace_id": "A1"}  # fmt: skip


def error(code: int, subcode: int = 0, status: int = 400) -> Reply:
    return Reply(status, {"error": graph_error(code, subcode)})


class InstagramPeer(SocialPeer):
    """quota: posts of the last day, and how many there may be. states: of the next containers; text: beside them.

    fetch: called with the address of each medium, as Instagram does when a container is made.
    """

    repeats = RepeatClass.READABLE
    routes = (
        Route("POST", f"{BASE}/{{account}}/media_publish", "media_publish", acts=True),
        Route("POST", f"{BASE}/{{account}}/media", "create"),
        Route("GET", f"{BASE}/{{account}}/media", "media"),
        Route("GET", f"{BASE}/{{account}}/content_publishing_limit", "limit"),
        Route("GET", f"{BASE}/me", "me"),
        Route("GET", f"{BASE}/{{node}}", "node"),
    )

    def __init__(
        self,
        *arguments: Any,
        quota: tuple[int, int] = (3, 100),
        states: Sequence[Sequence[str]] = (),
        text: str = "",
        fetch: Callable[[str], None] = lambda _: None,
        **options: Any,
    ) -> None:
        super().__init__(*arguments, **options)
        self.quota, self.text, self.fetch = quota, text, fetch
        self.states = [list(each) for each in states]
        self.containers: dict[str, Container] = {}

    def unauthorized(self) -> Reply:
        return error(190, 463, status=401)

    def bad_request(self, why: str) -> Reply:
        return error(100)

    def new_ref(self, number: int) -> str:
        return f"1790000000000{number:04}"

    def last_container(self) -> Container:
        return list(self.containers.values())[-1]

    # Requests

    def me(self, call: Call) -> Reply:
        require(call.query.get("fields") == "user_id,username,name,profile_picture_url", "fields")
        said = {"user_id": self.identity, "username": "acme", "name": "Acme & Söhne", "id": "9",
                "profile_picture_url": "https://cdn.example/a.jpg"}  # fmt: skip
        return Reply(200, said)

    def limit(self, call: Call) -> Reply:
        self._require_account(call)
        used, total = self.quota
        config = {"quota_total": total, "quota_duration": 86400}
        return Reply(200, {"data": [{"quota_usage": used, "config": config}]})

    def create(self, call: Call) -> Reply:
        self._require_account(call)
        fields = call.form
        require_fields(fields, (), _MEDIA)
        self._check(fields)
        number = f"1780000000000{len(self.containers) + 1:04}"
        states = self.states.pop(0) if self.states else ["FINISHED"]
        self.containers[number] = Container(number, fields, states)
        for name in ("image_url", "video_url"):
            if name in fields:
                self.fetch(fields[name])
        return Reply(200, {"id": number})

    def _check(self, fields: Mapping[str, str]) -> None:
        kind = fields.get("media_type", "IMAGE")
        require(kind in ("IMAGE", "VIDEO", "REELS", "STORIES", "CAROUSEL"), kind)
        addresses = [name for name in ("image_url", "video_url") if name in fields]
        require(len(addresses) == (kind != "CAROUSEL"), f"{kind} with {addresses}")
        require(kind != "VIDEO" or fields.get("is_carousel_item") == "true", "VIDEO is a reel now")
        require("alt_text" not in fields or kind == "IMAGE", "alt_text is for pictures")
        require("caption" not in fields or kind != "STORIES", "a story has no caption")
        require("caption" not in fields or "is_carousel_item" not in fields, "a child's caption")
        require(len(fields.get("caption", "")) <= 2200, "the caption is too long")
        if kind == "CAROUSEL":
            ids = fields["children"].split(",")
            require(2 <= len(ids) <= 10, "2 to 10 children")
            for each in ids:
                require(self.containers[each].states[-1] == "FINISHED", "a child isn't ready")
                require(self.containers[each].fields.get("is_carousel_item") == "true", "no child")

    def node(self, call: Call) -> Reply:
        found = call.names["node"]
        if post := self.get(found):
            require(call.query == {"fields": "permalink"}, "fields")
            return Reply(200, {"permalink": _permalink(post), "id": found})
        require(call.query == {"fields": "status_code,status"}, "fields")
        container = self.containers.get(found)
        if container is None:
            return error(24, 2207008)
        return Reply(200, {"status_code": container.look(), "status": self.text, "id": found})

    def media_publish(self, call: Call) -> Reply:
        self._require_account(call)
        require_fields(call.form, ("creation_id",))
        container = self.containers.get(call.form["creation_id"])
        if container is None:
            return error(24, 2207008)
        if container.states[0] != "FINISHED":
            return error(9007, 2207027)
        content = dict(container.fields)
        children = [
            self.containers[each] for each in content.get("children", "").split(",") if each
        ]
        content["alt_texts"] = " ".join(each.fields.get("alt_text", "") for each in children)
        post = self.publish(content.get("caption", ""), content)
        container.states = ["PUBLISHED"]
        return Reply(200, {"id": post.ref})

    def media(self, call: Call) -> Reply:
        self._require_account(call)
        require_fields(call.query, ("fields", "limit"))
        require(call.query["fields"] == "id,caption,timestamp,permalink", "fields")
        listed = [_shown(each) for each in self.timeline()[: int(call.query["limit"])]]
        return Reply(200, {"data": listed, "paging": {"cursors": {"after": "x"}}})

    def _require_account(self, call: Call) -> None:
        require(call.names["account"] == self.identity, "another account")


def _shown(post: Published) -> dict[str, str]:
    at = datetime.fromtimestamp(post.at, UTC)
    said = {"id": post.ref, "timestamp": at.strftime("%Y-%m-%dT%H:%M:%S+0000")}
    return said | {"caption": post.text, "permalink": _permalink(post)}


def _permalink(post: Published) -> str:
    return f"https://www.instagram.com/p/{post.ref[-4:]}/"
