"""A person's yes, bound to the item as it is now.

Everything is composed and checked before it: what can't go out as it is can't be approved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.database import Database
from aicmo.errors import FixInput
from aicmo.execution.guards import LATE_AFTER
from aicmo.execution.handing_over import OnProgress
from aicmo.execution.preview import preview_items
from aicmo.execution.project import PlanItem, ProjectPlan, load_items, load_plan
from aicmo.execution.selection import named_items
from aicmo.gateways.email_findings import Finding
from aicmo.models import Account, Approval, Item


@dataclass(frozen=True, slots=True)
class ItemApproval:
    """`new` is False when the item was already approved as it is and within the last day."""

    item: str
    title: str
    channel: str
    deliveries: int
    new: bool


class CopyRefused(FixInput):
    """Items with errors aren't approved; the others are.

    approved: the items that are, as `approve` returns them.
    refused: by item, the errors of its emails, posts or changes.
    """

    def __init__(
        self, approved: Sequence[ItemApproval], refused: Mapping[str, Sequence[Finding]]
    ) -> None:
        said = "; ".join(f"{item} ({_first(errors)})" for item, errors in refused.items())
        many = len(refused) > 1
        super().__init__(
            f"{len(refused)} item{'s' * many} can't be approved: {said}",
            next_step="Correct the document, import it again, then approve it.",
        )
        self.approved, self.refused = tuple(approved), dict(refused)


def _first(errors: Sequence[Finding]) -> str:
    more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
    return f"{errors[0].place}: {errors[0]}{more}"


def approve(
    database: Database,
    project_id: str,
    item_keys: Sequence[str] | None,
    *,
    approved_by: str,
    now: datetime,
    channels: Sequence[str] | None = None,
    shown: Mapping[str, str] | None = None,
    on_progress: OnProgress = lambda _: None,
) -> list[ItemApproval]:
    """Approves the named items (None: all of the plan, or all on `channels`).

    Args:
        database: where the ledger is.
        project_id: the project.
        item_keys: the items.
        approved_by: the person who says yes.
        now: aware; the approval's time.
        channels: narrows `item_keys=None`.
        shown: fingerprint by item of what the person saw; the yes is to that and nothing else.
        on_progress: told of every email that is composed for the checks.

    Raises:
        CopyRefused: some items have errors; the others are approved.
        NoSuchProject: there is no such project.
        FixInput: an item isn't in the current plan, it isn't what was shown any more, or the
            approver has no name.
    """
    if not approved_by.strip():
        raise FixInput("An approval needs a name", next_step="Give it with --by NAME.")
    with database.read() as session:
        wanted = _wanted(session, project_id, item_keys, channels)
        looked_at = {item.key: item.fingerprint for item in wanted}
        plan = load_plan(session, project_id)
        items = [each for each in load_items(session, project_id) if each.key in looked_at]
    refused = _errors(database, plan, items, now, on_progress)
    with audit.transaction(database, project_id) as session:
        items = _wanted(session, project_id, item_keys, channels)
        for known in (looked_at, looked_at if shown is None else shown):
            if any(known.get(item.key) != item.fingerprint for item in items):
                raise FixInput(
                    "The plan was changed while you were looking; nothing was approved",
                    next_step="Look at it again, then approve it.",
                )
        sound = [item for item in items if item.key not in refused]
        given = [_approve_item(session, item, approved_by.strip(), now) for item in sound]
    if refused:
        raise CopyRefused(given, refused)
    return given


def _wanted(
    session: Session,
    project_id: str,
    item_keys: Sequence[str] | None,
    channels: Sequence[str] | None,
) -> list[Item]:
    items = named_items(session, project_id, item_keys)
    if item_keys is None and channels is not None:
        return [item for item in items if item.channel in channels]
    return items


def _errors(
    database: Database,
    plan: ProjectPlan,
    items: Sequence[PlanItem],
    now: datetime,
    on_progress: OnProgress,
) -> dict[str, list[Finding]]:
    """The errors of each item that has any."""
    found = preview_items(database, plan, items, now, on_progress=on_progress)
    return {each.item.key: errors for each in found.items if (errors := each.found("error"))}


def revoke(
    database: Database, project_id: str, item_keys: Sequence[str] | None, *, by: str, now: datetime
) -> list[str]:
    """Takes back every approval of the named items (None: all); returns their keys.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: an item isn't in the current plan.
    """
    with audit.transaction(database, project_id) as session:
        items = named_items(session, project_id, item_keys)
        for item in items:
            session.execute(
                update(Approval)
                .where(Approval.item_id == item.id, Approval.revoked_at.is_(None))
                .values(revoked_at=now)
            )
            audit.record(
                session, audit.Event.APPROVAL_REVOKED, project_id=project_id, actor=by,
                item=item.key,
            )  # fmt: skip
        return [item.key for item in items]


def _approve_item(session: Session, item: Item, approved_by: str, now: datetime) -> ItemApproval:
    identity = session.get_one(Account, item.account_id).identity
    current = session.scalars(
        select(Approval)
        .where(
            Approval.item_id == item.id,
            Approval.fingerprint == item.fingerprint,
            Approval.identity == identity,
            Approval.revoked_at.is_(None),
        )
        .order_by(Approval.approved_at.desc())
    ).first()
    new = current is None or _renews_a_late_one(item, current, now)
    if new:
        session.add(
            Approval(
                item_id=item.id, fingerprint=item.fingerprint, identity=identity,
                approved_by=approved_by, approved_at=now,
            )
        )  # fmt: skip
        session.flush()
        audit.record(
            session, audit.Event.APPROVAL_GIVEN, project_id=item.project_id, actor=approved_by,
            item=item.key, fingerprint=item.fingerprint, identity=identity,
        )  # fmt: skip
    return ItemApproval(item.key, item.title, item.channel, item.planned, new)


def _renews_a_late_one(item: Item, current: Approval, now: datetime) -> bool:
    limit = now - LATE_AFTER
    return item.send_at < limit and current.approved_at < limit
