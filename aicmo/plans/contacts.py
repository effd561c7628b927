"""The people a project may write to, with their consent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from aicmo.plans.fields import Day, Identifier, Language, Line, Part

Consent = Literal["opt_in", "unsubscribed", "unknown"]
AttributeName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class Contact(Part):
    """A person; only `opt_in` is ever written to."""

    id: Identifier
    email: Line | None = None
    name: Line | None = None
    first_name: Line | None = None
    segments: tuple[Line, ...] = ()
    language: Language | None = None
    timezone: Line | None = None
    consent: Consent
    consent_source: Line | None = Field(default=None, description="Where consent was given.")
    consent_on: Day | None = None
    hard_bounced: bool = False
    attributes: dict[AttributeName, Line] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consent_has_a_source(self) -> Contact:
        if self.consent == "opt_in" and self.consent_source is None:
            msg = "consent opt_in needs consent_source"
            raise ValueError(msg)
        return self


class Audience(Part):
    """Which contacts an item goes to: everyone, or those in a segment or named here."""

    id: Identifier
    name: Line
    everyone: bool = False
    segments: tuple[Line, ...] = ()
    contacts: tuple[Identifier, ...] = ()

    @model_validator(mode="after")
    def _selects_somebody(self) -> Audience:
        if not (self.everyone or self.segments or self.contacts):
            msg = "selects nobody: set everyone, segments or contacts"
            raise ValueError(msg)
        return self

    def members(self, contacts: Iterable[Contact]) -> Iterator[Contact]:
        """Those of `contacts` who belong to it, whatever their consent, in their order."""
        ids, segments = frozenset(self.contacts), frozenset(self.segments)
        for contact in contacts:
            if self.everyone or contact.id in ids or not segments.isdisjoint(contact.segments):
                yield contact
