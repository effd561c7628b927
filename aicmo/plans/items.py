"""What goes out: calendar items and their content, one channel each."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from pydantic import BeforeValidator, Field, model_validator

from aicmo.channels import Channel, parse_channel
from aicmo.plans.fields import FilePath, Identifier, Line, Link, Part, Prose, WebAddress
from aicmo.plans.sending import LateRule


def _channel(value: object) -> object:
    return (parse_channel(value) or value) if isinstance(value, str) else value


class CallToAction(Part):
    label: Line
    url: Link


class EmailContent(Part):
    """An email. `{{ contact.first_name | default("there") }}` is replaced for each recipient."""

    kind: Literal["email"] = "email"
    subject: Line
    preheader: Line | None = None
    body: Prose = Field(description="Markdown, or HTML as `format` says.")
    format: Literal["markdown", "html"] = "markdown"
    cta: CallToAction | None = None


class Media(Part):
    """A picture or film of a post; without a file or an address it is still to be made."""

    file: FilePath | None = Field(default=None, description="Path beside the project document.")
    url: WebAddress | None = Field(
        default=None, description="Where it is fetched at import, instead of a file; https alone."
    )
    alt_text: Line | None = None
    brief: Prose | None = Field(default=None, description="What to make, while there is no file.")

    @property
    def source(self) -> str:
        """Its path or address, by which its content is kept; '' while it is to be made."""
        return self.file or self.url or ""

    @model_validator(mode="after")
    def _has_one_source(self) -> Media:
        if self.file and self.url:
            msg = "has a file and a url; keep one of them"
            raise ValueError(msg)
        return self


class LinkCard(Part):
    """What a link is shown as, where the network doesn't look at the page itself."""

    title: Line
    description: Line | None = None
    picture: FilePath | None = Field(default=None, description="Picture beside the document.")


class ThreadPart(Part):
    """A post that answers the one before it."""

    text: Prose
    media: tuple[Media, ...] = ()


class PostContent(Part):
    """A post on a social network.

    Hashtags, mentions and https:// addresses stand in the text as that network writes them.
    """

    kind: Literal["post"] = "post"
    format: Literal["post", "reel", "story", "carousel", "article"] = "post"
    text: Prose
    link: Link | None = None
    card: LinkCard | None = None
    media: tuple[Media, ...] = ()
    fit_media: bool = Field(
        default=False,
        description="Pictures may be cropped, scaled and encoded anew to what the network takes.",
    )
    mentions: dict[Line, Line] = Field(
        default_factory=dict,
        description="Id at the network of a mention in the text, where it needs one: "
        "`@Acme` → `urn:li:organization:5` (LinkedIn), `@acme.example` → `did:plc:…` (Bluesky).",
    )
    thread: tuple[ThreadPart, ...] = Field(
        default=(),
        description="Further posts, each an answer to the one before (X, Bluesky, Mastodon).",
    )
    visibility: Literal["public", "unlisted", "followers"] = Field(
        default="public", description="Who sees it: on Mastodon; `followers` on LinkedIn, too."
    )
    content_warning: Line | None = Field(default=None, description="Mastodon alone.")
    same_text_again: bool = Field(
        default=False,
        description="May go out although the account had the same text within 7 days.",
    )


class CrmContent(Part):
    """A change to the contacts of the item's audience in the client's CRM."""

    kind: Literal["crm"] = "crm"
    action: Literal[
        "upsert_contact", "set_properties", "set_stage", "add_tag", "add_to_list", "log_activity"
    ]
    properties: dict[Line, Line] = Field(
        default_factory=dict, description="By our name of a field in `crm.fields`."
    )
    stage: Line | None = None
    back_because: Line | None = Field(
        default=None, description="Why a contact may move back to `stage`; without it none does."
    )
    tag: Line | None = None
    list_name: Line | None = None
    note: Prose | None = None
    of: Identifier | None = Field(
        default=None,
        description="Id of an email or post: noted with those whom it went out to, once it has.",
    )

    @model_validator(mode="after")
    def _has_what_its_action_needs(self) -> CrmContent:
        needs = {
            "upsert_contact": None,
            "set_properties": "properties",
            "set_stage": "stage",
            "add_tag": "tag",
            "add_to_list": "list_name",
            "log_activity": None if self.of else "note",
        }[self.action]
        if needs and not getattr(self, needs):
            msg = f"action {self.action} needs {needs}"
            raise ValueError(msg)
        if self.of and self.action != "log_activity":
            msg = "of belongs to action log_activity"
            raise ValueError(msg)
        if self.back_because and self.action != "set_stage":
            msg = "back_because belongs to action set_stage"
            raise ValueError(msg)
        return self


Content = Annotated[EmailContent | PostContent | CrmContent, Field(discriminator="kind")]


def _kind_for(channel: Channel) -> str:
    return {Channel.EMAIL: "email", Channel.CRM: "crm"}.get(channel, "post")


class Item(Part):
    """One planned piece of content for one channel, at one time.

    A `send_at` without an offset is a local time in the item's (else the project's) time zone.
    """

    id: Identifier
    channel: Annotated[Channel, BeforeValidator(_channel)]
    title: Line
    send_at: Line = Field(
        description="ISO 8601, `2026-03-03T07:30` in the time zone or `2026-03-03T07:30-06:00`."
    )
    send_until: Line | None = Field(
        default=None, description="Not sent after this time; written like send_at."
    )
    timezone: Line | None = Field(default=None, description="IANA name; default the project's.")
    late: LateRule | None = Field(
        default=None,
        description="What becomes of it a day after its time: default as `sending.late` says.",
    )
    audience: Identifier | None = Field(
        default=None, description="Id of an audience; needed for email and crm."
    )
    part_of: Identifier | None = Field(
        default=None, description="Id of the post on several networks that this one was made from."
    )
    pillar: Line | None = Field(default=None, description="Name of a pillar of the strategy.")
    theme: Line | None = None
    content: Content

    @model_validator(mode="before")
    @classmethod
    def _content_kind_follows_channel(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        fields = cast("dict[str, Any]", value)
        channel, content = _channel(fields.get("channel")), fields.get("content")
        if not isinstance(content, dict) or not isinstance(channel, Channel) or "kind" in content:
            return fields
        named = {**cast("dict[str, Any]", content), "kind": _kind_for(channel)}
        return {**fields, "content": named}

    @model_validator(mode="after")
    def _content_fits_channel(self) -> Item:
        expected = _kind_for(self.channel)
        if self.content.kind != expected:
            msg = f"an item for {self.channel} carries {expected} content, not {self.content.kind}"
            raise ValueError(msg)
        if expected != "post" and self.audience is None:
            msg = f"an item for {self.channel} needs an audience"
            raise ValueError(msg)
        return self
