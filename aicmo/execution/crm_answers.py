"""What a person has to answer before a change is sent: the client's CRM has another value than we want.

An answer holds while the CRM has the value that the person saw. A run judges by what it reads itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.channels import Channel
from aicmo.crm.judging import Decision
from aicmo.database import Database
from aicmo.errors import FixInput
from aicmo.execution.crm_asking import some_at_a_time
from aicmo.execution.crm_difference import ContactChange, FieldChange, Standing
from aicmo.execution.crm_preview import ASKS, CrmPreviews
from aicmo.execution.crm_reading import require_crm
from aicmo.execution.project import PlanItem, load_items, load_plan
from aicmo.execution.states import State
from aicmo.gateways.contract import NOT_CHANGED
from aicmo.models import CrmAnswer, Delivery

_CHUNK = 500
_OPEN = (State.PENDING.value, State.HELD.value)


Take = Literal["ours", "theirs"]


@dataclass(frozen=True, slots=True)
class Question:
    """One field of one contact, which isn't changed before a person has said whose value counts.

    is_older: the value was read before the run that asked: it may be another one by now.
    """

    item: str
    change: ContactChange
    field: FieldChange
    is_older: bool = False


@dataclass(frozen=True, slots=True)
class Questions:
    """What waits for an answer.

    open: as far as the values were read.
    unread: how many more deliveries a run has asked about; it takes a reading to see their values.
    """

    open: tuple[Question, ...]
    unread: int


def open_questions(database: Database, project_id: str) -> Questions:
    """Everything that waits for a person's answer, in the order of the plan.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: the project has no CRM.
    """
    with database.read() as session:
        plan = load_plan(session, project_id)
        previews = CrmPreviews(session, plan.document, require_crm(plan.document))
        items = [each for each in load_items(session, project_id) if each.channel == Channel.CRM]
        asked_at = dict(session.execute(_asked(project_id)).tuples().all())
        found = [
            question
            for item in items
            for change in _changes(session, previews, item)
            for question in _questions(item.key, change, asked_at.get(change.delivery_id))
        ]
    seen = {each.change.delivery_id for each in found}
    return Questions(tuple(found), len(asked_at.keys() - seen))


def answer(
    database: Database, project_id: str, delivery_id: int, field: str, take: Take, *, by: str
) -> Question:
    """Keeps a person's answer; a later one replaces it.

    field: ours or the CRM's name of it.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: the project has no CRM, the delivery doesn't ask about this field, or the person
            has no name.
    """
    if not by.strip():
        raise FixInput("An answer needs a name", next_step="Give it with --by NAME.")
    with audit.transaction(database, project_id) as session:
        question = _question(session, project_id, delivery_id, field)
        name, theirs = question.field.name, question.field.theirs or ""
        session.add(
            CrmAnswer(
                delivery_id=delivery_id, property=name, theirs=theirs, take=take,
                answered_by=by.strip(), answered_at=database.now(session),
            )
        )  # fmt: skip
        audit.record(
            session, audit.Event.CRM_ANSWERED, project_id=project_id, actor=by.strip(),
            delivery=delivery_id, property=name, take=take,
        )  # fmt: skip
    return question


def _question(session: Session, project_id: str, delivery_id: int, field: str) -> Question:
    """What the delivery asks of the field as if it had never been answered; forgets the answer."""
    plan = load_plan(session, project_id)
    previews = CrmPreviews(session, plan.document, require_crm(plan.document))
    items = {each.id: each for each in load_items(session, project_id)}
    row = session.get(Delivery, delivery_id)
    if (
        row is None
        or row.project_id != project_id
        or row.state not in _OPEN
        or row.item_id not in items
    ):
        raise _asks_nothing(project_id, delivery_id, field)
    names = {
        field,
        *(each.theirs for each in require_crm(plan.document).fields if each.ours == field),
    }
    known = CrmAnswer.delivery_id == delivery_id, CrmAnswer.property.in_(names)
    session.execute(delete(CrmAnswer).where(*known))
    item = items[row.item_id]
    for change in previews.changes(session, item, [delivery_id]):
        for question in _questions(item.key, change, None):
            if question.field.name in names:
                return question
    raise _asks_nothing(project_id, delivery_id, field)


def _asks_nothing(project_id: str, delivery_id: int, field: str) -> FixInput:
    return FixInput(
        f"Delivery {delivery_id} of {project_id} doesn't ask about {field}",
        next_step=f"`aicmo crm ask {project_id}` lists what waits for an answer.",
    )


def _questions(item: str, change: ContactChange, asked_at: datetime | None) -> Iterator[Question]:
    if change.standing is Standing.ASKS:
        is_older = bool(asked_at and change.read_at and change.read_at < asked_at)
        for field in change.fields:
            if field.decision is Decision.ASK:
                yield Question(item, change, field, is_older)


def _changes(session: Session, previews: CrmPreviews, item: PlanItem) -> Iterator[ContactChange]:
    query = select(Delivery.id).where(
        Delivery.item_id == item.id, Delivery.in_plan, Delivery.state.in_(_OPEN)
    )
    ids = session.scalars(query.order_by(Delivery.id)).all()
    for some in some_at_a_time(ids, _CHUNK):
        yield from previews.changes(session, item, some)


def _asked(project_id: str) -> Select[tuple[int, datetime]]:
    """The deliveries that a run asks about, and since when."""
    return select(Delivery.id, Delivery.since).where(
        Delivery.project_id == project_id,
        Delivery.in_plan,
        Delivery.state == State.HELD.value,
        Delivery.reason.like(f"{NOT_CHANGED}: %{ASKS}%"),
    )
