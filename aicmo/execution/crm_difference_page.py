"""Changes in a CRM as the preview's page tells them: by what becomes of each contact."""

from __future__ import annotations

from dataclasses import dataclass

from aicmo.crm.judging import Decision
from aicmo.execution.crm_difference import ContactChange, FieldChange, Standing
from aicmo.execution.crm_difference_words import last_change, noted_when
from aicmo.execution.crm_preview import CrmPreview

_OPEN_UP_TO = 12
_ALWAYS_OPEN = (Standing.ASKS, Standing.STOPPED)
_STYLES = {
    Decision.WRITE: "good", Decision.SAME: "plain", Decision.KEEP: "plain",
    Decision.ASK: "wait", Decision.REFUSE: "bad",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShownField:
    """A field with what the page says of it."""

    field: FieldChange
    changed: str
    style: str


@dataclass(frozen=True, slots=True)
class ShownContact:
    """A contact with its fields; `when` is of what is noted."""

    change: ContactChange
    fields: tuple[ShownField, ...]
    when: str


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """Contacts of one standing; `more`: how many of them aren't shown.

    has_fields, has_notes: some of them have fields to show, or something that is noted or listed.
    """

    standing: Standing
    title: str
    contacts: tuple[ShownContact, ...]
    more: int
    is_open: bool
    has_fields: bool
    has_notes: bool


def shown_groups(crm: CrmPreview, timezone: str) -> list[ShownGroup]:
    """The contacts of an item by standing; who is refused stands with what can't be composed."""
    return [
        _group(crm, standing, timezone)
        for standing in Standing
        if crm.counts[standing] and standing is not Standing.REFUSED
    ]


def _group(crm: CrmPreview, standing: Standing, timezone: str) -> ShownGroup:
    contacts, count = crm.of(standing), crm.counts[standing]
    return ShownGroup(
        standing, standing.counted(count), tuple(_contact(each, timezone) for each in contacts),
        count - len(contacts), standing in _ALWAYS_OPEN or count <= _OPEN_UP_TO,
        any(each.fields for each in contacts), any(each.noted for each in contacts),
    )  # fmt: skip


def _contact(change: ContactChange, timezone: str) -> ShownContact:
    fields = tuple(
        ShownField(each, last_change(each, timezone), _style(change, each))
        for each in change.fields
    )
    return ShownContact(change, fields, noted_when(change, timezone))


def _style(change: ContactChange, field: FieldChange) -> str:
    is_stopped = field.decision is Decision.WRITE and not change.standing.goes
    return "plain" if field.decision is None or is_stopped else _STYLES[field.decision]
