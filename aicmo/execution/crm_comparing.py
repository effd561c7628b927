"""Sets a contact's change beside what the client's CRM had of it when it was last read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from aicmo.crm.change import Change
from aicmo.crm.judging import Decision, Difference, Judged, judge
from aicmo.crm.providers import tags_of
from aicmo.crm.record import Record, Several
from aicmo.crm.schema import Property, Schema
from aicmo.execution.composing_crm import ChangeDraft
from aicmo.execution.crm_difference import ContactChange, FieldChange, Standing
from aicmo.execution.crm_last_reading import LastReading
from aicmo.plans.crm import ConflictRule, CrmSetup, FieldType

_NOBODY = "the CRM doesn't have this contact"
_BY_RULE: dict[ConflictRule, str] = {
    "ours": "sent",
    "theirs": "sent where the CRM has nothing",
    "newer": "sent where it is newer",
    "ask": "sent where the CRM has nothing, else asked",
}
_YES_OR_NO = {"true": "yes", "false": "no"}
_WRITTEN = {
    Standing.ADDED: "sent",
    Standing.ASKS: "waits for the answer",
    Standing.STOPPED: "not sent",
}
"""What becomes of a value that would be written, where that isn't told by the field alone."""


@dataclass(frozen=True, slots=True)
class Differences:
    """Puts changes beside what the CRM has; `schema` is the CRM's own, if it was ever read."""

    setup: CrmSetup
    schema: Schema | None

    def of(self, draft: ChangeDraft, reading: LastReading | None, adder: str = "") -> ContactChange:
        """One contact's change against what was read last.

        adder: the item that adds the contact before this one, or ''.
        """
        details, change = draft.contact.details, draft.change
        shown = ContactChange(
            draft.delivery.id, draft.contact.key,
            str(details.get("name") or details.get("first_name") or ""),
            draft.contact.email, Standing.REFUSED, str(draft.error or ""),
            read_at=reading.read_at if reading else None,
        )  # fmt: skip
        if change is None:
            return shown
        shown = replace(shown, why="", activity=change.activity, listed=change.list_name)
        outdated = _outdated(reading, change) if reading else ""
        if reading is None or outdated:
            fields = tuple(self._unread(change))
            return replace(shown, standing=Standing.UNREAD, why=outdated, fields=fields)
        return self._read(shown, change, reading, adder)

    def _read(
        self, shown: ContactChange, change: Change, reading: LastReading, adder: str
    ) -> ContactChange:
        found = reading.found
        if isinstance(found, Several):
            why = f"several contacts of the CRM fit: {', '.join(found.ids)}"
            return replace(shown, standing=Standing.STOPPED, why=why)
        if found is None and not (change.may_create or adder):
            return replace(shown, standing=Standing.STOPPED, why=_NOBODY)
        judged = judge(change, found)
        own_id = tuple(_own_id(change, found))
        standing = _standing(change, judged, found)
        if own_id and standing is Standing.UNCHANGED:
            standing = Standing.CHANGED
        own_id = tuple(replace(each, why=_WRITTEN.get(standing, each.why)) for each in own_id)
        why = "; ".join(each.why for each in judged.differences if each.decision is Decision.REFUSE)
        if found is None and adder:
            why = f"{adder} adds the contact before"
        fields = tuple(self._field(change, each, standing) for each in judged.differences)
        shown_too = tuple(self._shown_too(change, found)) if found else ()
        link = found.link if found else ""
        return replace(
            shown, standing=standing, why=why, fields=fields + own_id + shown_too, link=link
        )

    def _field(self, change: Change, found: Difference, standing: Standing) -> FieldChange:
        why = _step_back(change, found) or found.why
        if found.decision is Decision.WRITE:
            why = _WRITTEN.get(standing, why)
        return replace(
            self._named(change, found.name, found.ours),
            theirs=found.theirs,
            before=self._in_words(found.name, found.theirs),
            decision=found.decision,
            why=why,
            changed_at=found.changed_at if found.theirs else None,
            changed_by=found.changed_by if found.theirs else "",
        )

    def _shown_too(self, change: Change, found: Record) -> Iterator[FieldChange]:
        """What is mapped from the CRM, beside the fields that are sent, as far as it was read."""
        sent = {each.name for each in change.fields}
        for field in self.setup.fields if sent else ():
            if field.direction != "to_crm" and field.theirs in found.values.keys() - sent:
                theirs = found.values[field.theirs]
                why = "only read" if field.direction == "from_crm" else "we have none"
                there = Difference(
                    field.theirs, theirs, "", Decision.KEEP, why,
                    found.when(field.theirs), found.who(field.theirs),
                )  # fmt: skip
                yield self._field(change, there, Standing.UNCHANGED)

    def _unread(self, change: Change) -> Iterator[FieldChange]:
        rules = {each.name: _BY_RULE[each.conflict] for each in change.fields}
        if change.stage:
            back = change.stage.back_because
            rules[change.stage.property] = f"also back: {back}" if back else "forward only"
        for each in judge(change, None).differences:
            yield replace(
                self._named(change, each.name, each.ours), why=rules.get(each.name, "added")
            )

    def _named(self, change: Change, name: str, wanted: str) -> FieldChange:
        known = self._property(name)
        ours = next((each.ours for each in self.setup.fields if each.theirs == name), "")
        if not ours:
            ours = "stage" if change.stage and change.stage.property == name else "tag"
        after = self._in_words(name, wanted)
        label = known.label if known else ""
        return FieldChange(ours, name, label, None, wanted, "", after, None)

    def _property(self, name: str) -> Property | None:
        return self.schema.contacts.get(name) if self.schema else None

    def _in_words(self, name: str, value: str) -> str:
        """The value as people see it in the CRM, as far as that is known."""
        known = self._property(name)
        labels = {each.value: each.label for each in known.choices} if known else {}
        kind = known.type if known else self._type(name)
        if kind == "boolean":
            return _YES_OR_NO.get(value, value)
        values = value.split(";") if kind == "choices" else [value]
        return ", ".join(labels.get(each) or each for each in values)

    def _type(self, name: str) -> FieldType:
        """As the document has it; what isn't a field of its own is the property of tags."""
        for each in self.setup.fields:
            if each.theirs == name:
                return each.type
        return "choices" if name == tags_of(self.setup) else "text"


def _outdated(reading: LastReading, change: Change) -> str:
    """Why what was read says nothing of this change; '' if it does."""
    if reading.changed_since:
        return "we have changed the contact since it was read"
    names = {each.name for each in judge(change, None).differences}
    return "it was read before this field was planned" if reading.lacks(names) else ""


def _standing(change: Change, judged: Judged, found: Record | None) -> Standing:
    decisions = {each.decision for each in judged.differences}
    if Decision.REFUSE in decisions:
        return Standing.STOPPED
    if Decision.ASK in decisions:
        return Standing.ASKS
    if change.activity or change.list_name:
        return Standing.NOTED if change.activity else Standing.LISTED
    if found is None and change.may_create:
        return Standing.ADDED
    return Standing.CHANGED if judged.to_write else Standing.UNCHANGED


def _own_id(change: Change, found: Record | None) -> Iterator[FieldChange]:
    """Our id, which is put with a contact that lacks it, so that a changed address is no new contact."""
    lacks_it = not found.contact_id if found else change.may_create
    if change.id_property and lacks_it and not (change.activity or change.list_name):
        ours = change.contact_id
        yield FieldChange(
            "our id", change.id_property, "", "", ours, "", ours, Decision.WRITE, "added"
        )


def _step_back(change: Change, found: Difference) -> str:
    """Why a stage moves back, as the item says; '' where it doesn't."""
    stage = change.stage
    if stage is None or stage.property != found.name or found.decision is not Decision.WRITE:
        return ""
    order = stage.order
    is_back = found.theirs in order and order.index(found.theirs) > order.index(found.ours)
    return f"back, because {stage.back_because}" if is_back else ""
