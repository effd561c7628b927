"""LinkedIn on loopback: posts, images and pages, in the shapes of its API version 202609.

It refuses fields that it doesn't know and copies of posts it has, and publishes a text that it can't
parse up to there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

from aicmo.gateways.contract import RepeatClass
from tests.peers.routes import Call, Reply, Route, require, require_fields
from tests.peers.social_peer import Published, SocialPeer

PAGE = "urn:li:organization:2414183"
_ENDS = {"202511", "202601"}
_TOKEN = re.compile(
    r"""\\(?P<escaped>[\\|{}@\[\]()<>\#*_~])
    | @\[(?P<name>(?:\\.|[^\\\]])+)\]\(urn:li:(?:organization|person):\w+\)
    | \{hashtag\|\\\#\|(?P<template>(?:\\.|[^\\}])+)\}
    | (?P<tag>\#\w+)
    | (?P<plain>[^\\|{}@\[\]()<>\#*_~]+)""",
    re.VERBOSE | re.DOTALL,
)
_DISTRIBUTION = {
    "feedDistribution": "MAIN_FEED",
    "targetEntities": [],
    "thirdPartyDistributionChannels": [],
}


def read_little_text(text: str) -> str:
    """What LinkedIn shows of it: up to the first sign that is neither escaped nor markup."""
    shown, place = "", 0
    while found := _TOKEN.match(text, place):
        place = found.end()
        literal = found["escaped"] or found["tag"] or found["plain"]
        template = f"#{found['template']}" if found["template"] else ""
        shown += literal or re.sub(r"\\(.)", r"\1", found["name"] or template)
    return shown


class LinkedInPeer(SocialPeer):
    """polls: how often an image is still being processed. breaks_images: then processing fails.

    role_is_known: the log-in may read the page's posts. upload_url: where images are to be put.
    """

    repeats = RepeatClass.READABLE
    routes: ClassVar = (
        Route("POST", "/rest/posts", "create", acts=True),
        Route("GET", "/rest/posts", "find"),
        Route("GET", "/rest/posts/{post}", "read"),
        Route("DELETE", "/rest/posts/{post}", "delete"),
        Route("POST", "/rest/images", "initialize"),
        Route("PUT", "/dms-uploads/{image}", "put", is_open=True),
        Route("GET", "/rest/images/{image}", "image"),
        Route("GET", "/v2/userinfo", "userinfo"),
        Route("GET", "/rest/organizations/{page}", "organization"),
    )

    def __init__(
        self,
        *args: Any,
        polls: int = 0,
        breaks_images: bool = False,
        role_is_known: bool = True,
        upload_url: str = "",
        **options: Any,
    ) -> None:
        super().__init__(*args, **{"identity": PAGE, **options})
        self.polls, self.breaks_images = polls, breaks_images
        self.role_is_known, self.upload_url = role_is_known, upload_url
        self.images: dict[str, dict[str, Any]] = {}
        self.withheld: set[str] = set()  # posts that it leaves out of a page
        self.person: dict[str, Any] = {
            "sub": self.identity.rpartition(":")[2],
            "name": "Ada Acme",
            "picture": "https://media.licdn.com/ada.jpg",
        }
        self.organization_fields: dict[str, Any] = {
            "id": 2414183,
            "localizedName": "Acme",
            "vanityName": "acme",
            "logoV2": {"original": "urn:li:digitalmediaAsset:L0GO"},
        }

    def unauthorized(self) -> Reply:
        said = "The token used in the request has expired"
        return Reply(401, {"status": 401, "code": "EXPIRED_ACCESS_TOKEN", "message": said})

    def bad_request(self, why: str) -> Reply:
        return Reply(400, {"status": 400, "code": "INVALID_REQUEST", "message": why})

    def new_ref(self, number: int) -> str:
        return f"urn:li:share:{7_000_000_000_000_000_000 + number}"

    def create(self, call: Call) -> Reply:
        if refusal := self._version(call):
            return refusal
        fields = call.json
        require_fields(
            fields,
            ("author", "commentary", "visibility", "distribution", "lifecycleState", "isReshareDisabledByAuthor"),
            ("content",),
        )  # fmt: skip
        require(fields["author"] == self.identity, fields["author"])
        require(fields["visibility"] in ("PUBLIC", "CONNECTIONS"), fields["visibility"])
        require(fields["distribution"] == _DISTRIBUTION, str(fields["distribution"]))
        require(fields["lifecycleState"] == "PUBLISHED", fields["lifecycleState"])
        self._require_content(fields.get("content"))
        for post in self.posts:
            if post.content.get("commentary") == fields["commentary"] and not post.is_foreign:
                return self.duplicate(post.ref)
        shown = read_little_text(fields["commentary"])
        require(len(shown) <= 3_000, "FIELD_LENGTH_TOO_LONG")
        post = self.publish(shown, fields)
        return Reply(201, None, {"x-restli-id": post.ref, "x-linkedin-id": post.ref})

    def duplicate(self, ref: str) -> Reply:
        error = {"description": "Duplicate post is detected", "code": "DUPLICATE_POST"}
        content = {
            "errorDetailType": "com.linkedin.common.error.BadRequest",
            "message": f"Content is a duplicate of {ref}",
            "errorDetails": {"inputErrors": [error]},
            "status": 422,
        }
        return Reply(422, content)

    def find(self, call: Call) -> Reply:
        if refusal := self._version(call):
            return refusal
        call.require_header("X-RestLi-Method", "FINDER")
        query = call.query
        require_fields(query, ("q", "author", "start", "count", "sortBy"))
        require((query["q"], query["author"]) == ("author", self.identity), query["author"])
        require(query["sortBy"] == "LAST_MODIFIED", query["sortBy"])
        if not self.role_is_known:
            said = "Not enough permissions to access: partnerApiPosts.FINDER-author"
            return Reply(403, {"status": 403, "code": "ACCESS_DENIED", "message": said})
        start, count = int(query["start"]), int(query["count"])
        require(1 <= count <= 100, str(count))
        seen = [as_post(each) for each in self.timeline()]
        paging = {"start": start, "count": count, "links": []}
        page = [each for each in seen[start : start + count] if each["id"] not in self.withheld]
        return Reply(200, {"elements": page, "paging": paging})

    def read(self, call: Call) -> Reply:
        if refusal := self._version(call):
            return refusal
        post = self.get(call.names["post"])
        return Reply(200, as_post(post)) if post else self._gone()

    def delete(self, call: Call) -> Reply:
        if refusal := self._version(call):
            return refusal
        call.require_header("X-RestLi-Method", "DELETE")
        post = self.get(call.names["post"])
        if post is None:
            return self._gone()
        post.is_deleted = True
        return Reply(204)

    def initialize(self, call: Call) -> Reply:
        if refusal := self._version(call):
            return refusal
        require(call.query == {"action": "initializeUpload"}, str(call.query))
        require_fields(call.json, ("initializeUploadRequest",))
        require_fields(call.json["initializeUploadRequest"], ("owner",))
        require(call.json["initializeUploadRequest"]["owner"] == self.identity, "another's image")
        name = f"I{len(self.images) + 1}"
        self.images[name] = {"content": None, "polls": self.polls}
        url = f"{self.upload_url or self.base_url}/dms-uploads/{name}?secret=in-the-url"
        value = {"uploadUrl": url, "image": f"urn:li:image:{name}", "uploadUrlExpiresAt": 1}
        return Reply(200, {"value": value})

    def put(self, call: Call) -> Reply:
        call.require_type("application/octet-stream")
        require(self.knows(call.request), "no log-in")
        require(urlsplit(call.request.path).query == "secret=in-the-url", "the address is cut")
        self.images[call.names["image"]]["content"] = call.request.body
        return Reply(201)

    def image(self, call: Call) -> Reply:
        if refusal := self._version(call):
            return refusal
        name = call.names["image"].removeprefix("urn:li:image:")
        if name == "L0GO":
            return Reply(200, {"downloadUrl": "https://media.licdn.com/logo.png"})
        require(self.identity == PAGE, "a member's images can't be read")
        return Reply(200, {"id": call.names["image"], "status": self._status(self.images[name])})

    def userinfo(self, call: Call) -> Reply:
        del call
        return Reply(200, self.person)

    def organization(self, call: Call) -> Reply:
        if refusal := self._version(call):
            return refusal
        require(call.names["page"] == self.identity.rpartition(":")[2], call.names["page"])
        return Reply(200, self.organization_fields)

    def _status(self, image: dict[str, Any]) -> str:
        if image["content"] is None:
            return "WAITING_UPLOAD"
        image["polls"] -= 1
        if image["polls"] >= 0:
            return "PROCESSING"
        return "PROCESSING_FAILED" if self.breaks_images else "AVAILABLE"

    def _version(self, call: Call) -> Reply | None:
        version = call.request.headers.get("linkedin-version", "")
        require(re.fullmatch(r"20\d\d(0[1-9]|1[0-2])", version) is not None, "VERSION_MISSING")
        call.require_header("X-Restli-Protocol-Version", "2.0.0")
        if version not in _ENDS:
            return None
        said = f"Requested version {version} is not active"
        return Reply(426, {"status": 426, "code": "NONEXISTENT_VERSION", "message": said})

    def _gone(self) -> Reply:
        return Reply(404, {"status": 404, "code": "NOT_FOUND", "message": "Not found"})

    def _require_content(self, content: Mapping[str, Any] | None) -> None:
        if content is None:
            return
        require(len(content) == 1, f"more than one kind of content: {sorted(content)}")
        match content:
            case {"media": image}:
                self._require_image(image)
            case {"multiImage": {"images": images}}:
                require(2 <= len(images) <= 20, f"{len(images)} images")
                for image in images:
                    self._require_image(image)
            case {"article": article}:
                require_fields(article, ("source", "title"), ("description", "thumbnail"))
                if "thumbnail" in article:
                    self._require_ready(article["thumbnail"])
            case _:
                require(False, f"unknown content {sorted(content)}")

    def _require_image(self, image: Mapping[str, Any]) -> None:
        require_fields(image, ("id",), ("altText",))
        self._require_ready(image["id"])

    def _require_ready(self, urn: str) -> None:
        image = self.images[urn.removeprefix("urn:li:image:")]
        require(image["content"] is not None and image["polls"] <= 0, f"{urn} isn't ready")


def as_post(post: Published) -> dict[str, Any]:
    """As LinkedIn tells of it; a text that was cut off is told as far as it is shown."""
    moment = int(post.at * 1000)
    commentary = str(post.content.get("commentary", post.text))
    if read_little_text(commentary) != post.text or "commentary" not in post.content:
        commentary = re.sub(r"[\\|{}@\[\]()<>#*_~]", r"\\\g<0>", post.text)
    told: dict[str, Any] = {
        "id": post.ref, "author": PAGE, "commentary": commentary, "lifecycleState": "PUBLISHED",
        "createdAt": moment, "publishedAt": moment, "lastModifiedAt": moment,
        "lifecycleStateInfo": {"isEditedByAuthor": "edited_from" in post.content},
    }  # fmt: skip
    content = post.content.get("content")
    return told | ({"content": content} if content else {})
