"""What a run would change of one contact in the client's CRM, field by field: for people to look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from aicmo.crm.change import Activity, Change
from aicmo.crm.judging import Decision, Difference, Judged, judge
from aicmo.crm.providers import tags_of
from aicmo.crm.record import Record, Several
from aicmo.crm.schema import Property, Schema
from aicmo.execution.composing_crm import ChangeDraft
from aicmo.execution.crm_last_reading import LastReading
from aicmo.plans.crm import ConflictRule, CrmSetup, FieldType

NOBODY = "the CRM doesn't have this contact"
_BY_RULE: dict[ConflictRule, str] = {
    "ours": "sent",
    "theirs": "sent where the CRM has nothing",
    "newer": "sent where it is newer",
    "ask": "sent where the CRM has nothing, else asked",
}
_YES_OR_NO = {"true": "yes", "false": "no"}


class Standing(StrEnum):
    """What would become of a contact; in the order in which a person wants to know of them."""

    REFUSED = "refused"
    """The change can't be composed, or the CRM's own schema doesn't take it."""
    ASKS = "asks"
    """A person has to say whose value counts."""
    STOPPED = "stopped"
    """It stays as it is: it isn't there, several fit, or a stage would move back."""
    CHANGED = "changed"
    ADDED = "added"
    NOTED = "noted"
    """Something is added to its timeline."""
    LISTED = "listed"
    UNCHANGED = "unchanged"
    UNREAD = "unread"
    """The CRM wasn't asked, or what it said may no longer be so."""

    @property
    def goes(self) -> bool:
        """A run would take it up as it is."""
        return self not in (Standing.REFUSED, Standing.ASKS, Standing.STOPPED)

    def counted(self, number: int) -> str:
        """`3 added`, `1 waits for an answer`."""
        one, many = _WORDS.get(self.value, (self.value, self.value))
        return f"{number:,} {one if number == 1 else many}"


_WRITTEN = {
    Standing.ADDED: "sent",
    Standing.ASKS: "waits for the answer",
    Standing.STOPPED: "not sent",
}
"""What becomes of a value that would be written, where that isn't told by the field alone."""
_WORDS = {
    "asks": ("waits for an answer", "wait for an answer"),
    "stopped": ("stays as it is", "stay as they are"),
    "listed": ("added to the list", "added to the list"),
    "unread": ("not read", "not read"),
}


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of a contact.

    ours: our name of it. name, label: the CRM's own name, and what people see there.
    theirs: what is there, '' if nothing; None where it wasn't read. wanted: what we want.
    before, after: the same in people's words.
    decision: what becomes of it; None where it wasn't read. why: of it, or the rule that decides.
    changed_at, changed_by: of what is there, as far as the CRM tells.
    """

    ours: str
    name: str
    label: str
    theirs: str | None
    wanted: str
    before: str
    after: str
    decision: Decision | None
    why: str = ""
    changed_at: datetime | None = None
    changed_by: str = ""

    @property
    def overwrites(self) -> bool:
        """Something that is there would be lost; choices that are only added to lose nothing."""
        is_written = self.decision is Decision.WRITE and bool(self.theirs)
        return is_written and not set((self.theirs or "").split(";")) <= set(self.wanted.split(";"))

    @property
    def becomes(self) -> str:
        """What becomes of it, in words."""
        match self.decision:
            case Decision.WRITE:
                return self.why or ("sent" if self.overwrites else "added")
            case Decision.SAME:
                return "already so"
            case Decision.ASK:
                return f"{self.why}: a person has to answer"
            case Decision.REFUSE:
                return f"refused: {self.why}"
            case Decision.KEEP | None:
                return self.why


@dataclass(frozen=True, slots=True)
class ContactChange:
    """One delivery.

    contact: our id. name, email: ours. why: of its standing, or ''.
    fields: only those that are ours to change. activity: what is noted. listed: the list's name.
    read_at: when the CRM was asked; None if it wasn't. link: where a person opens the contact.
    """

    delivery_id: int
    contact: str
    name: str
    email: str
    standing: Standing
    why: str = ""
    fields: tuple[FieldChange, ...] = ()
    activity: Activity | None = None
    listed: str = ""
    read_at: datetime | None = None
    link: str = ""

    @property
    def noted(self) -> str:
        """What is added beside the fields, in words; '' where there is nothing."""
        if self.listed:
            return f"Added to the list “{self.listed}”"
        match self.activity:
            case Activity(kind="email", subject=subject):
                return f"Email sent: {subject}"
            case Activity(kind="note", subject=subject):
                return f"Note: {subject}"
            case Activity(subject=subject, body=body):
                return f"{subject}: {body.strip().splitlines()[0] if body.strip() else ''}"
            case None:
                return ""


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
            return replace(shown, standing=Standing.STOPPED, why=NOBODY)
        judged = judge(change, found)
        standing = _standing(change, judged, found)
        why = "; ".join(each.why for each in judged.differences if each.decision is Decision.REFUSE)
        if found is None and adder:
            why = f"{adder} adds the contact before"
        fields = tuple(self._field(change, each, standing) for each in judged.differences)
        link = found.link if found else ""
        return replace(shown, standing=standing, why=why, fields=fields, link=link)

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


def _step_back(change: Change, found: Difference) -> str:
    """Why a stage moves back, as the item says; '' where it doesn't."""
    stage = change.stage
    if stage is None or stage.property != found.name or found.decision is not Decision.WRITE:
        return ""
    order = stage.order
    is_back = found.theirs in order and order.index(found.theirs) > order.index(found.ours)
    return f"back, because {stage.back_because}" if is_back else ""
