"""A post as it was approved: its frozen bytes, which gateways put into their network's words."""

from __future__ import annotations

import json
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from aicmo.channels import Channel

POST_VERSION = 1
"""Counts changes to what is composed from the same content; each voids the approvals so far."""


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Span(_Frozen):
    """A stretch of a post's text: `text` as readers see it, in the order of the text.

    target: of a link its address, of a tag its word without the sign, of a mention the id or handle
        that the network knows it by; '' of plain text.
    """

    kind: Literal["plain", "link", "tag", "mention"] = "plain"
    text: str
    target: str = ""


class PostPicture(_Frozen):
    """A picture or film, by the hash of the bytes that go out; sizes in pixels, a film's may be 0."""

    sha256: str
    media_type: str
    width: int
    height: int
    alt_text: str


class PostCard(_Frozen):
    """A link's card, where the network takes it from us."""

    url: str
    title: str
    description: str = ""
    picture: PostPicture | None = None


class Post(_Frozen):
    """One post on one network; of a thread, one part of it.

    spans: the whole text, link included, exactly as readers see it.
    format: `post`, `reel`, `story`, `carousel` or `article`.
    """

    version: int = POST_VERSION
    network: Channel
    format: str = "post"
    spans: tuple[Span, ...]
    pictures: tuple[PostPicture, ...] = ()
    card: PostCard | None = None
    language: str
    visibility: Literal["public", "unlisted", "followers"] = "public"
    content_warning: str = ""

    @property
    def text(self) -> str:
        """The text as readers see it."""
        return "".join(span.text for span in self.spans)

    def to_bytes(self) -> bytes:
        """Canonical JSON: the same post is the same bytes."""
        fields = self.model_dump(mode="json")
        return json.dumps(
            fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False
        ).encode()

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self:
        """The post of these bytes.

        Raises:
            ValueError: they are no post's.
        """
        return cls.model_validate_json(payload)
