"""What goes out: calendar items and their content, one channel each."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from pydantic import BeforeValidator, Field, model_validator

from aicmo.channels import Channel, parse_channel
from aicmo.plans.fields import FilePath, Identifier, Line, Link, Part, Prose
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
    """A picture or film of a post; without a file it is still to be made."""

    file: FilePath | None = Field(default=None, description="Path beside the project document.")
    alt_text: Line | None = None
    brief: Prose | None = Field(default=None, description="What to make, while there is no file.")


class PostContent(Part):
    """A post on a social network."""

    kind: Literal["post"] = "post"
    format: Literal["post", "reel", "story", "carousel", "article"] = "post"
    text: Prose
    link: Link | None = None
    media: tuple[Media, ...] = ()


class CrmContent(Part):
    """A change to the contacts of the item's audience in the client's CRM."""

    kind: Literal["crm"] = "crm"
    action: Literal[
        "upsert_contact", "set_properties", "set_stage", "add_tag", "add_to_list", "log_activity"
    ]
    properties: dict[Line, Line] = Field(default_factory=dict)
    stage: Line | None = None
    tag: Line | None = None
    list_name: Line | None = None
    note: Prose | None = None

    @model_validator(mode="after")
    def _has_what_its_action_needs(self) -> CrmContent:
        needs = {
            "upsert_contact": None,
            "set_properties": "properties",
            "set_stage": "stage",
            "add_tag": "tag",
            "add_to_list": "list_name",
            "log_activity": "note",
        }[self.action]
        if needs and not getattr(self, needs):
            msg = f"action {self.action} needs {needs}"
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
