"""From ledger rows to the frozen change of each contact: the same for a preview and for a send."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from aicmo.crm.change import Activity, Answer, Change, WantedField, WantedStage
from aicmo.crm.providers import contact_id_of, delivery_id_of, tags_of
from aicmo.crm.schema import Schema, require_fitting
from aicmo.crm.values import canonical
from aicmo.errors import FixInput
from aicmo.execution import guards
from aicmo.execution.composing import Composed, ComposedBatch, not_composed
from aicmo.execution.crm_activities import Activities
from aicmo.execution.identity import account_of
from aicmo.gateways.crm_staging import IN_STEPS, OF_ONE_TRY
from aicmo.models import Account, Contact, CrmAnswer, CrmSchema, Delivery
from aicmo.plans import crm_values
from aicmo.plans.crm import CrmField, CrmSetup
from aicmo.plans.document import ProjectDocument
from aicmo.plans.items import CrmContent, Item

_ROWS = (
    select(Delivery, Contact)
    .join(Contact, Contact.id == Delivery.contact_id)
    .where(Delivery.id.in_(bindparam("ids", expanding=True)))
    .order_by(Delivery.id)
)


@dataclass(frozen=True, slots=True)
class ChangeDraft:
    """A delivery and what it is to change; None where that can't be composed, and why."""

    delivery: Delivery
    contact: Contact
    change: Change | None
    error: FixInput | None = None


class ChangeComposers:
    """Composes the changes of a document's items for the CRM."""

    def __init__(self, document: ProjectDocument) -> None:
        self._document = document
        self._items = {item.id: item for item in document.items}
        self._activities = Activities(document)

    def compose_batch(
        self, session: Session, item_key: str, delivery_ids: Sequence[int], now: datetime
    ) -> ComposedBatch:
        """These changes of an item; what is wrong is told of each that can't be composed."""
        del now
        batch = ComposedBatch({}, {})
        drafts = self.drafts(session, item_key, delivery_ids)
        accounts = {each.delivery.account_id for each in drafts}
        query = select(Account.id, Account.identity).where(Account.id.in_(accounts))
        identities = dict(session.execute(query).tuples().all())
        for draft in drafts:
            delivery, change = draft.delivery, draft.change
            if draft.contact.removed and not draft.contact.details:
                # Nothing is read of them either: it would be kept again.
                verdict = guards.REPEAT_LATER if delivery.ambiguous else guards.ERASED_BY_NOW
                batch.stopped[delivery.id] = verdict
            elif change is None:
                error = draft.error or FixInput("it can't be composed")
                batch.stopped[delivery.id] = not_composed(error, ambiguous=delivery.ambiguous)
            elif change.activity and change.activity.at is None:
                # Known before its contact is read.
                batch.stopped[delivery.id] = guards.AFTER_WHAT_IT_NOTES
            else:
                batch.composed[delivery.id] = Composed(
                    delivery.token, identities[delivery.account_id],
                    delivery.recipient, change.to_bytes(), is_staged=True, staged=_staged(delivery),
                )  # fmt: skip
        return batch

    def drafts(
        self, session: Session, item_key: str, delivery_ids: Sequence[int]
    ) -> list[ChangeDraft]:
        """What each of these deliveries of an item would change, sound or not."""
        item, setup = self._items[item_key], self._document.crm
        rows = session.execute(_ROWS, {"ids": list(delivery_ids)}).all()
        schema = known_schema(session, self._document.id)
        answers = _answers(session, delivery_ids)
        noted = self._activities.of(session, item, [(row[0], row[1]) for row in rows])
        return [_draft(row, item, setup, schema, answers, noted) for row in rows]


def known_schema(session: Session, project_id: str) -> Schema | None:
    """What the CRM said of its properties, if `aicmo crm doctor` has asked."""
    account = account_of(session, project_id, "crm")
    row = session.get(CrmSchema, account.id) if account else None
    return Schema.from_json(row.content) if row else None


def _staged(delivery: Delivery) -> dict[str, Any]:
    """What earlier tries noted; one that had no effect has overwritten and added nothing."""
    if delivery.ambiguous or delivery.staged.get(IN_STEPS):
        return delivery.staged
    return {name: each for name, each in delivery.staged.items() if name not in OF_ONE_TRY}


def _answers(session: Session, delivery_ids: Sequence[int]) -> dict[int, dict[str, Answer]]:
    query = select(CrmAnswer).where(CrmAnswer.delivery_id.in_(delivery_ids))
    found: dict[int, dict[str, Answer]] = {}
    for row in session.scalars(query):
        answer = Answer.model_validate({"theirs": row.theirs, "take": row.take})
        found.setdefault(row.delivery_id, {})[row.property] = answer
    return found


@dataclass(frozen=True, slots=True)
class _Making:
    """One contact's change in the making."""

    contact: Contact
    item: Item
    content: CrmContent
    setup: CrmSetup
    schema: Schema | None

    def fields(self) -> tuple[WantedField, ...]:
        """What of the item's properties, or of the contact's data, is sent; the item's go first."""
        own = self.content.properties
        from_contact = self.setup.fields if self.content.action == "upsert_contact" else ()
        wanted = {each.ours: each for each in from_contact}
        wanted |= {name: _mapped(self.setup, name) for name in own}
        made = [
            self._field(field, own.get(field.ours))
            for field in wanted.values()
            if field.direction != "from_crm"
        ]
        return tuple(each for each in made if each.value)

    def _field(self, field: CrmField, given: str | None) -> WantedField:
        text = given if given is not None else value_of(self.contact, field.ours)
        try:
            value = canonical(field.type, text)
            if self.schema and (known := self.schema.contacts.get(field.theirs)) and value:
                require_fitting(known, value)
        except FixInput as error:
            raise FixInput(f"{field.ours} ({field.theirs}) {error}") from None
        since = self.contact.changed_at if given is None else None
        return WantedField(
            name=field.theirs, value=value, type=field.type, conflict=field.conflict, since=since
        )

    def stage(self) -> WantedStage | None:
        stages, wanted = self.setup.stages, self.content.stage
        if wanted is None or self.content.action != "set_stage":
            return None
        if stages is None or wanted not in stages.order:
            raise FixInput(f"crm.stages has no stage {wanted}")
        return WantedStage(
            property=stages.property, value=wanted, order=stages.order,
            back_because=self.content.back_because or "",
        )  # fmt: skip


def value_of(contact: Contact, name: str) -> str:
    """A contact's value of one of our fields; '' where it has none."""
    own = {"email": contact.email, "timezone": contact.timezone, **contact.details}
    return crm_values.value_of(own, name)


def _mapped(setup: CrmSetup, name: str) -> CrmField:
    field = setup.field(name)
    if field is None:
        raise FixInput(f"crm.fields has no {name}")
    return field


def _draft(
    row: Row[tuple[Delivery, Contact]],
    item: Item,
    setup: CrmSetup | None,
    schema: Schema | None,
    answers: dict[int, dict[str, Answer]],
    noted: dict[int, Activity],
) -> ChangeDraft:
    delivery, contact = row
    if setup is None or not isinstance(item.content, CrmContent):
        missing = FixInput("the project has no crm section")
        return ChangeDraft(delivery, contact, None, missing)
    try:
        making = _Making(contact, item, item.content, setup, schema)
        change = _change(making, answers.get(delivery.id, {}), noted.get(delivery.id))
    except FixInput as error:
        return ChangeDraft(delivery, contact, None, error)
    return ChangeDraft(delivery, contact, change)


def _change(making: _Making, answers: dict[str, Answer], noted: Activity | None) -> Change:
    content, setup = making.content, making.setup
    return Change(
        action=content.action,
        contact_id=f"{making.contact.project_id}:{making.contact.key}",
        id_property=contact_id_of(setup),
        activity_id_property=delivery_id_of(setup),
        email=making.contact.mailbox,
        fields=making.fields(),
        stage=making.stage(),
        tag=content.tag or "",
        tags_property=tags_of(setup),
        list_name=content.list_name or "",
        activity=noted,
        answers=answers,
    )
