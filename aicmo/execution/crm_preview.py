"""What a run would change in the client's CRM, item by item, against what was read of it last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from aicmo.channels import Channel
from aicmo.crm.fitting import Misfit
from aicmo.execution.composing_crm import ChangeComposers, known_schema
from aicmo.execution.crm_comparing import Differences
from aicmo.execution.crm_difference import ContactChange, Standing
from aicmo.execution.crm_last_reading import last_readings
from aicmo.execution.crm_misfits import misfits_of
from aicmo.execution.project import PlanItem
from aicmo.execution.states import State
from aicmo.execution.troubles import Troubles
from aicmo.gateways.email_findings import Check, Finding
from aicmo.models import Delivery, Item
from aicmo.plans.crm import CrmSetup
from aicmo.plans.document import ProjectDocument
from aicmo.plans.items import CrmContent

_KEPT = 500
"""Contacts of each standing that are kept to be shown; the rest is counted."""
_OLD = timedelta(days=1)
_OPEN = (State.PENDING.value, State.HELD.value)
_PLACE = "crm"
ASKS = "a person has to answer"


@dataclass
class CrmPreview:
    """The contacts of one item, as at `at`.

    counts: all of them by standing. contacts: the first of each standing.
    stopped_by: those who stay as they are, by reason.
    oldest: when the first of them was read; None if none was.
    misfits: what doesn't fit the CRM's own schema; None where that isn't known.
    """

    at: datetime
    counts: Counter[Standing] = field(default_factory=Counter[Standing])
    contacts: list[ContactChange] = field(default_factory=list[ContactChange])
    stopped_by: Counter[str] = field(default_factory=Counter[str])
    oldest: datetime | None = None
    misfits: tuple[Misfit, ...] | None = None
    _troubles: Troubles = field(default_factory=Troubles)

    @property
    def goes(self) -> int:
        """Contacts that a run would take up as they are."""
        return sum(count for standing, count in self.counts.items() if standing.goes)

    @property
    def refused(self) -> int:
        return self.counts[Standing.REFUSED]

    def of(self, standing: Standing) -> list[ContactChange]:
        """The first contacts of one standing."""
        return [each for each in self.contacts if each.standing is standing]

    def add(self, change: ContactChange, content: CrmContent) -> None:
        """Counts one contact, and keeps it if there is room."""
        self.counts[change.standing] += 1
        if self.counts[change.standing] <= _KEPT:
            self.contacts.append(change)
        if change.standing is Standing.ASKS:
            self.stopped_by[ASKS] += 1
        elif change.standing is Standing.STOPPED:
            self.stopped_by[change.why.partition(":")[0]] += 1
        elif change.standing is Standing.REFUSED:
            place, fix = _place(change.why, content), "Correct the value, and import the document"
            self._troubles.note(change.contact, place, change.why, fix)
        if change.read_at:
            self.oldest = min(change.read_at, self.oldest or change.read_at)

    def checks(self, project_id: str) -> tuple[Check, ...]:
        """What was looked at, and what a person has to see to."""
        total = self.counts.total()
        composed = f"all {total:,} changes can be composed" if total > 1 else "it can be composed"
        read = "every contact was read"
        if not total:
            composed = read = "nobody is left to change"
        return (
            Check("Composed in full", composed, tuple(self._troubles.findings())),
            Check("The CRM’s own schema", "all of it fits", tuple(self._schema(project_id))),
            Check("Contacts in the CRM", read, tuple(self._findings(project_id))),
        )

    def _schema(self, project_id: str) -> Iterator[Finding]:
        if self.misfits is None:
            text = "Whether it fits the CRM’s own properties isn’t known"
            yield Finding("hint", _PLACE, text, f"`aicmo crm doctor {project_id}` asks the CRM")
        for each in self.misfits or ():
            text, fix = each.text[:1].upper() + each.text[1:], each.fix[:1].upper() + each.fix[1:]
            yield Finding("error", each.place, text, fix.replace("PROJECT", project_id))

    def _findings(self, project_id: str) -> Iterator[Finding]:
        for reason, count in self.stopped_by.most_common():
            step = f"ask {project_id}` lists the questions" if reason == ASKS else ""
            fix = f"`aicmo crm {step}" if step else "The page shows each of them"
            yield Finding("warning", _PLACE, f"{_stay(count)}: {reason}", fix)
        read = f"`aicmo crm read {project_id}` reads what is there now"
        if unread := self.counts[Standing.UNREAD]:
            many = "s weren’t" if unread != 1 else " wasn’t"
            text = f"{unread:,} contact{many} read, so what would change isn’t known"
            yield Finding("hint", _PLACE, text, read)
        elif self.oldest and self.at - self.oldest > _OLD:
            text = f"The contacts were read {(self.at - self.oldest).days} days ago"
            yield Finding("hint", _PLACE, text, read)


class CrmPreviews:
    """Puts the changes of a document's items beside what was read of their contacts."""

    def __init__(self, session: Session, document: ProjectDocument, setup: CrmSetup) -> None:
        self._contents = {
            item.id: item.content for item in document.items if isinstance(item.content, CrmContent)
        }
        self._project_id, self._composers = document.id, ChangeComposers(document)
        self._setup, self._schema = setup, known_schema(session, document.id)
        self._differences = Differences(setup, self._schema)

    def preview(
        self, session: Session, item: PlanItem, going: Iterable[Sequence[int]], at: datetime
    ) -> CrmPreview:
        """All contacts of an item as at `at`; `going` are its deliveries, some at a time."""
        found, content = CrmPreview(at), self._contents[item.key]
        if self._schema:
            found.misfits = tuple(misfits_of(self._setup, self._schema, content))
        for ids in going:
            for change in self.changes(session, item, ids):
                found.add(change, content)
        return found

    def changes(
        self, session: Session, item: PlanItem, ids: Sequence[int]
    ) -> Iterator[ContactChange]:
        """What each of these deliveries would change."""
        drafts = self._composers.drafts(session, item.key, ids)
        contacts = [each.contact.id for each in drafts]
        readings = last_readings(session, self._project_id, contacts)
        absent = [each for each, reading in readings.items() if reading.found is None]
        adders = _adders(session, item, absent)
        for draft in drafts:
            contact = draft.contact.id
            yield self._differences.of(draft, readings.get(contact), adders.get(contact, ""))


def _adders(session: Session, item: PlanItem, contacts: Sequence[int]) -> dict[int | None, str]:
    """The items that are to add these contacts before this one comes to them."""
    if not contacts:
        return {}
    query = (
        select(Delivery.contact_id, Item.key)
        .join(Item, Item.id == Delivery.item_id)
        .where(
            Delivery.contact_id.in_(contacts),
            Delivery.in_plan,
            Delivery.state.in_(_OPEN),
            Item.channel == Channel.CRM.value,
            Item.content["action"].as_string() == "upsert_contact",
            Item.send_at <= item.send_at,
            Item.id != item.id,
            Item.cancelled_at.is_(None),
        )
    )
    return dict(session.execute(query.order_by(Item.send_at.desc())).tuples().all())


def _stay(count: int) -> str:
    return f"{count:,} contacts stay as they are" if count != 1 else "1 contact stays as it is"


def _place(why: str, content: CrmContent) -> str:
    """The field of the document that a refusal begins with."""
    name = why.split(" ", 1)[0]
    if name.startswith("crm."):
        return name
    return f"content.properties.{name}" if name in content.properties else f"contact.{name}"
