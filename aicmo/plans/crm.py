"""How a project's contacts stand to those of the client's CRM: which of our fields is which of theirs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from aicmo.plans.fields import Identifier, Line, Part

CrmProvider = Literal["hubspot", "salesforce", "bottlecrm"]
FieldType = Literal[
    "text", "email", "phone", "number", "date", "datetime", "boolean", "choice", "choices"
]
Direction = Literal["to_crm", "from_crm", "both"]
ConflictRule = Literal["ours", "theirs", "newer", "ask"]


class CrmField(Part):
    """One of our fields and the property that it is in the CRM."""

    ours: Line = Field(
        description="`email`, `name`, `first_name`, `last_name`, `language`, `timezone`, "
        "`segments`, an attribute's name, or a name that only items' `properties` use."
    )
    theirs: Line = Field(description="The property's own name in the CRM.")
    type: FieldType = "text"
    direction: Direction = Field(
        default="to_crm",
        description="`from_crm` is never sent, only shown in the preview; `both` is sent, and "
        "shown where we have no value.",
    )
    conflict: ConflictRule = Field(
        default="theirs",
        description="What stands where the CRM has another value: `ours`; `theirs`, so that only "
        "an empty one is filled; whichever is `newer`; or `ask` a person.",
    )


class CrmStages(Part):
    """Where a contact stands with the client; it moves forward only, unless an item says why not."""

    property: Line
    order: tuple[Line, ...] = Field(min_length=2, description="From the first stage to the last.")


class CrmSetup(Part):
    """The client's CRM, and what of it is ours to change. A field that isn't named is never sent."""

    provider: CrmProvider
    fields: tuple[CrmField, ...] = ()
    stages: CrmStages | None = None
    tags: Line | None = Field(
        default=None, description="Property of several choices that `add_tag` adds to."
    )
    contact_id: Line | None = Field(
        default=None,
        description="Unique property that keeps our id of a contact; by default AICMO's own, which "
        "`aicmo crm doctor --create` makes.",
    )
    delivery_id: Line | None = Field(
        default=None, description="Unique property of activities; by default AICMO's own."
    )
    log_emails: bool = Field(
        default=False, description="Each email that went out is noted with its contact."
    )
    log_posts_to: Identifier | None = Field(
        default=None, description="Id of an audience: each published post is noted with them."
    )
    consent: Literal["none", "read", "write", "both"] = Field(
        default="none",
        description="Opt-outs: `read` takes theirs over, `write` tells them ours.",
    )
    opt_out: Line | None = Field(
        default=None, description="Yes-or-no property that says so; by default the CRM's own."
    )

    @model_validator(mode="after")
    def _names_each_field_once(self) -> CrmSetup:
        for side in ("ours", "theirs"):
            names = [getattr(each, side) for each in self.fields]
            if twice := next((name for name in names if names.count(name) > 1), ""):
                msg = f"fields name {twice} twice"
                raise ValueError(msg)
        return self

    def field(self, ours: str) -> CrmField | None:
        """The field of ours with this name."""
        return next((each for each in self.fields if each.ours == ours), None)
