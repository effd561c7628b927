"""What a run changed in a client's CRM, from the ledger: what it overwrote, and what can't be put back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from aicmo.channels import Channel
from aicmo.crm.record import Match
from aicmo.errors import FixInput
from aicmo.execution.doubts import require_project
from aicmo.execution.states import State
from aicmo.gateways.contract import OutcomeKind
from aicmo.models import Attempt, Contact, CrmRestoration, Delivery, Item, Run

ASKED, APPROVED, RESTORED = "asked", "approved", "restored"
KEPT, REFUSED, UNKNOWN = "kept", "refused", "unknown"
"""What can become of the wish to put back what a delivery overwrote; kept: nothing of it was ours."""
OPEN = (ASKED, APPROVED, UNKNOWN)
_MAY_HAVE_ACTED = (
    OutcomeKind.SENT.value,
    OutcomeKind.UNKNOWN.value,
    OutcomeKind.DUPLICATE.value,
    "",
)
_IS_THERE = and_(Delivery.state == State.SENT.value, Item.channel == Channel.CRM.value)
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class ChangingRun:
    """A run that changed something in the CRM; `changes` counts its deliveries that are there."""

    run_id: int
    started_at: datetime
    started_by: str
    changes: int


@dataclass(frozen=True, slots=True)
class Wish:
    """The newest wish to put back what a delivery overwrote; `state` is '' without one."""

    state: str = ""
    asked_by: str = ""
    approved_by: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SentChange:
    """A change that a run made.

    record: the CRM's id of the contact; '' where it isn't known. link: where a person opens it.
    former, ours: by property, what stood there before, and what we put there; '' is an empty one.
    is_added: the contact wasn't there before. noted: `note`, `email` or `post` on its timeline.
    listed: name of the list that it was added to. order: later ones are greater.
    through: the gateway it went through.
    """

    delivery_id: int
    item: str
    title: str
    contact: str
    match: Match | None
    record: str
    link: str
    former: Mapping[str, str]
    ours: Mapping[str, str]
    is_added: bool
    noted: str
    listed: str
    order: int
    through: str
    wish: Wish = field(default_factory=Wish)

    @property
    def has_overwritten(self) -> bool:
        """Of a contact that the run itself added, there is nothing that was there before."""
        return bool(self.former and self.match) and not self.is_added

    @property
    def is_open(self) -> bool:
        return self.wish.state in OPEN


def sent_changes(session: Session, project_id: str, run_id: int) -> list[SentChange]:
    """Every change of the run that is in the CRM, in the order in which they went out.

    A change whose answer was lost belongs to each run that may have made it.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: the project has no such run.
    """
    _require_run(session, project_id, run_id)
    last = _last_attempts(session, run_id)
    found: list[SentChange] = []
    ids = sorted(last)
    for start in range(0, len(ids), _CHUNK):
        some = ids[start : start + _CHUNK]
        wishes = newest_restorations(session, some)
        found += [
            _change(row, item, contact, last[row.id], wishes.get(row.id))
            for row, item, contact in _rows(session, some)
        ]
    return sorted(found, key=lambda each: each.order)


def changing_runs(session: Session, project_id: str) -> list[ChangingRun]:
    """The runs whose changes are in the CRM, the newest first.

    Raises:
        NoSuchProject: there is no such project.
    """
    require_project(session, project_id)
    query = (
        select(Run.id, Run.started_at, Run.started_by, func.count(Delivery.id.distinct()))
        .join(Attempt, Attempt.run_id == Run.id)
        .join(Delivery, Delivery.id == Attempt.delivery_id)
        .join(Item, Item.id == Delivery.item_id)
        .where(Run.project_id == project_id, _IS_THERE, Attempt.outcome.in_(_MAY_HAVE_ACTED))
        .group_by(Run.id, Run.started_at, Run.started_by)
        .order_by(Run.id.desc())
    )
    return [ChangingRun(*row) for row in session.execute(query).tuples()]


def newest_restorations(session: Session, ids: Sequence[int]) -> dict[int, CrmRestoration]:
    """The newest wish to put back what these deliveries overwrote, by delivery."""
    query = select(CrmRestoration).where(CrmRestoration.delivery_id.in_(ids))
    return {each.delivery_id: each for each in session.scalars(query.order_by(CrmRestoration.id))}


def _require_run(session: Session, project_id: str, run_id: int) -> None:
    require_project(session, project_id)
    run = session.get(Run, run_id)
    if run is None or run.project_id != project_id:
        raise FixInput(
            f"{project_id} has no run {run_id}",
            next_step=f"`aicmo crm restore {project_id}` lists those that changed something.",
        )


def _last_attempts(session: Session, run_id: int) -> dict[int, tuple[int, str]]:
    """By delivery, number and gateway of its last attempt by anybody, if the run may have made it."""
    acted = select(Attempt.delivery_id).where(
        Attempt.run_id == run_id, Attempt.outcome.in_(_MAY_HAVE_ACTED)
    )
    newest = select(func.max(Attempt.id)).where(Attempt.delivery_id.in_(acted))
    query = select(Attempt.delivery_id, Attempt.id, Attempt.gateway).where(
        Attempt.id.in_(newest.group_by(Attempt.delivery_id))
    )
    return {row[0]: (row[1], row[2]) for row in session.execute(query)}


def _rows(session: Session, ids: Sequence[int]) -> list[tuple[Delivery, Item, Contact]]:
    query = (
        select(Delivery, Item, Contact)
        .join(Item, Item.id == Delivery.item_id)
        .join(Contact, Contact.id == Delivery.contact_id)
        .where(Delivery.id.in_(ids), _IS_THERE)
    )
    return list(session.execute(query).tuples())


def _change(
    row: Delivery, item: Item, contact: Contact, last: tuple[int, str], wish: CrmRestoration | None
) -> SentChange:
    staged = row.staged
    match = staged.get("match")
    return SentChange(
        delivery_id=row.id, item=item.key, title=item.title, contact=contact.key,
        match=Match(**match) if match else None,
        record=staged.get("record") or row.provider_ref,
        link=row.permalink or staged.get("link", ""),
        former=staged.get("former", {}), ours=staged.get("ours", {}),
        is_added=bool(staged.get("added")), noted=staged.get("activity", ""),
        listed=staged.get("list", ""), order=last[0], through=last[1],
        wish=Wish(wish.state, wish.asked_by, wish.approved_by, wish.detail) if wish else Wish(),
    )  # fmt: skip
