"""What a run would change of one contact in the client's CRM, field by field: for people to look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aicmo.crm.change import Activity
from aicmo.crm.judging import Decision


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
    fields: only those that the project maps. activity: what is noted. listed: the list's name.
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
