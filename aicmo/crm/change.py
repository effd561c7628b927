"""What one delivery is to change in a CRM: frozen when it is composed, approved as it is.

It says what we want, not what is there: which of it is sent is judged against the contact as the CRM
has it at that moment (`aicmo.crm.judging`).
"""

from __future__ import annotations

import json
from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict

from aicmo.plans.crm import ConflictRule, FieldType

CHANGE_VERSION = 1
"""Raised when the same plan comes to other bytes: approvals have to be given anew."""

Action = Literal[
    "upsert_contact", "set_properties", "set_stage", "add_tag", "add_to_list", "log_activity"
]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WantedField(_Part):
    """A property and the value that it should have.

    name: as the CRM calls it. value: in the words of `aicmo.crm.values`.
    since: when ours got this value, as far as it is known; what `newer` compares.
    """

    name: str
    value: str
    type: FieldType = "text"
    conflict: ConflictRule
    since: AwareDatetime | None = None


class WantedStage(_Part):
    """A stage, and the order in which contacts move; `back_because` allows a step back."""

    property: str
    value: str
    order: tuple[str, ...]
    back_because: str = ""


class Answer(_Part):
    """A person's word on one property: it holds while the CRM still has `theirs`."""

    theirs: str
    take: Literal["ours", "theirs"]


class Activity(_Part):
    """An entry of the contact's timeline.

    at: when it happened; None while what it is about hasn't gone out.
    """

    kind: Literal["note", "email", "post"]
    subject: str
    body: str
    at: AwareDatetime | None
    link: str = ""


class Change(_Part):
    """One change of one contact.

    contact_id: our id of the contact, unique at the CRM: `<project>:<contact>`.
    id_property, activity_id_property: the unique properties that keep our ids there.
    email: the address it is looked for by, if nobody has the id; '' without one.
    """

    version: Literal[1] = CHANGE_VERSION
    action: Action
    contact_id: str
    id_property: str
    activity_id_property: str
    email: str = ""
    fields: tuple[WantedField, ...] = ()
    stage: WantedStage | None = None
    tag: str = ""
    tags_property: str = ""
    list_name: str = ""
    activity: Activity | None = None
    answers: dict[str, Answer] = {}

    @property
    def may_create(self) -> bool:
        """Whether a contact whom the CRM doesn't have is added."""
        return self.action == "upsert_contact"

    def to_bytes(self) -> bytes:
        """Canonical JSON: the same change is the same bytes."""
        fields = self.model_dump(mode="json")
        return json.dumps(
            fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False
        ).encode()

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self:
        """The change of these bytes.

        Raises:
            ValueError: they are no change's.
        """
        return cls.model_validate_json(payload)
