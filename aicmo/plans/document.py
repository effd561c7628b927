"""The project document: all of a client project in one file, as pydantic models.

`docs/project.schema.json` is made from `ProjectDocument`. Cross-references, addresses and times
are checked by `aicmo.plans.checking`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from aicmo.plans.contacts import Audience, Contact
from aicmo.plans.crm import CrmSetup
from aicmo.plans.fields import Colour, Day, FilePath, Identifier, Language, Line, Link, Part, Prose
from aicmo.plans.items import Item
from aicmo.plans.sending import SendingRules
from aicmo.plans.strategy import (
    Budget,
    ChannelRole,
    Journey,
    Kpi,
    LanguageRules,
    Market,
    Objective,
    Offer,
    OpenQuestion,
    Persona,
    Phase,
    Retention,
    Segment,
    Stage,
    Strategy,
    Theme,
    Topic,
    WorkBlock,
)


class Sender(Part):
    """Who the client's email comes from."""

    name: Line
    email: Line
    reply_to: Line | None = None
    bounce_address: Line | None = Field(
        default=None,
        description="Mailbox that bounces come back to; each email has its own tag after a `+`.",
    )


class Colours(Part):
    """The brand's colours; contrast is checked and repaired when a package is rendered."""

    primary: Colour
    accent: Colour


class Agency(Part):
    """The agency; it appears in a package only if `show` is set."""

    name: Line
    show: bool = False


class Brand(Part):
    name: Line
    industry: Line
    offer: Prose
    location: Line
    voice: tuple[Line, ...] = ()
    position: Prose | None = None
    website: Link | None = None
    postal_address: Line | None = Field(
        default=None, description="Printed in the footer of every email; required to send email."
    )
    sender: Sender | None = None
    unsubscribe_url: Link | None = Field(
        default=None,
        description="Where a contact leaves; required to send email. With `{token}` in it, "
        "`https://mail.example.com/u/{token}`, each contact leaves with one click (`aicmo serve`).",
    )
    colours: Colours
    theme: Literal["clear", "editorial"] = Field(
        default="clear", description="The look of the package: one of the two that come with AICMO."
    )
    typeface: Literal["sans", "serif"] = "sans"
    deck_fonts: Literal["brand", "office"] = Field(
        default="brand",
        description="`office` sets the deck in Arial or Georgia, which every PowerPoint has.",
    )
    logo: FilePath | None = Field(
        default=None, description="PNG, JPEG or WebP beside the document."
    )
    cover_picture: FilePath | None = Field(
        default=None, description="PNG, JPEG or WebP beside the document, for the covers."
    )
    templates: FilePath | None = Field(
        default=None,
        description="Folder beside the document with templates that take the place of ours.",
    )
    footer: Line | None = Field(default=None, description="For example `Confidential`.")
    agency: Agency | None = None


class ProjectDocument(Part):
    """One client engagement: brand, contacts, strategy and the calendar of what goes out."""

    schema_version: Literal[1]
    id: Identifier
    client: Identifier | None = Field(
        default=None,
        description="Whose project it is; what a person told one of a client's projects holds for "
        "all. Default: the project is its own client.",
    )
    name: Line
    timezone: Line = Field(description="IANA name of the client's time zone.")
    language: Language
    starts_on: Day
    ends_on: Day

    brand: Brand
    objectives: tuple[Objective, ...] = Field(min_length=1)
    market: Market
    strategy: Strategy
    personas: tuple[Persona, ...] = ()
    segments: tuple[Segment, ...] = ()
    offers: tuple[Offer, ...] = ()
    channels: tuple[ChannelRole, ...] = ()
    phases: tuple[Phase, ...] = ()
    themes: tuple[Theme, ...] = ()
    journeys: tuple[Journey, ...] = ()
    work_plan: tuple[WorkBlock, ...] = ()
    kpis: tuple[Kpi, ...] = ()
    funnel: tuple[Stage, ...] = Field(
        default=(), description="From first contact to customer; its arithmetic is checked."
    )
    retention: Retention | None = None
    budget: Budget | None = None
    topics: tuple[Topic, ...] = ()
    risks: tuple[Line, ...] = ()
    language_rules: LanguageRules = LanguageRules()
    sending: SendingRules = SendingRules()
    crm: CrmSetup | None = Field(
        default=None, description="The client's CRM; without it, items for `crm` are held."
    )
    open_questions: tuple[OpenQuestion, ...] = ()

    contacts: tuple[Contact, ...] = ()
    audiences: tuple[Audience, ...] = ()
    items: tuple[Item, ...] = ()

    @property
    def client_key(self) -> str:
        return self.client or self.id

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> ProjectDocument:
        if self.ends_on < self.starts_on:
            msg = "ends_on is before starts_on"
            raise ValueError(msg)
        return self
