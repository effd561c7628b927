"""From the rows of the ledger to the proof of execution, in which nobody is named."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, Select, func, not_, or_, select
from sqlalchemy.orm import Session

from aicmo.channels import SOCIAL
from aicmo.execution.published import DELETED, newest_recalls
from aicmo.execution.states import State
from aicmo.models import Account, Attempt, AuditEvent, Delivery, Item
from aicmo.packaging.content import Ledger, LedgerRow

_CHANGES_NO_DELIVERY = ("packaging.%", "package.%", "link.%", "execution.%", "email.%")
"""Events that leave every delivery as it was. Counted in, packaging would change the next package."""

_ADDRESS = re.compile(r"[^\s@<>\"'(]+@[^\s@<>\"')]+")
_NOTED = re.compile(r"(given up): .*", re.DOTALL)
"""A person gives a doubt up with a note for colleagues."""


def load_ledger(session: Session, project_id: str) -> Ledger:
    """Every delivery of a project, by its number, and the newest event that one may rest on."""
    gone = {
        each
        for each, recall in newest_recalls(session, project_id).items()
        if recall.state == DELETED
    }
    rows = tuple(_row(each, gone) for each in session.execute(_deliveries(project_id)))
    newest = session.execute(_newest_event(project_id)).one_or_none()
    if newest is None:
        return Ledger(rows)
    return Ledger(rows, audit_number=newest.number, audit_hash=newest.hash.hex())


def _deliveries(project_id: str) -> Select[Any]:
    newest = (
        select(Attempt.delivery_id, func.max(Attempt.number).label("number"))
        .join(Delivery, Delivery.id == Attempt.delivery_id)
        .where(Delivery.project_id == project_id)
        .group_by(Attempt.delivery_id)
        .subquery()
    )
    return (
        select(
            Delivery.id, Item.key, Item.channel, Account.handle, Delivery.contact_id,
            Delivery.recipient, Delivery.state, Delivery.reason, Delivery.attempts, Delivery.since,
            Delivery.provider_ref, Delivery.permalink, Delivery.part, Account.profile,
            Account.identity, Attempt.armed_at, Attempt.ended_at, Attempt.payload_sha256,
        )
        .join(Item, Item.id == Delivery.item_id)
        .join(Account, Account.id == Delivery.account_id)
        .outerjoin(newest, newest.c.delivery_id == Delivery.id)
        .outerjoin(
            Attempt,
            (Attempt.delivery_id == Delivery.id) & (Attempt.number == newest.c.number),
        )
        .where(Delivery.project_id == project_id)
        .order_by(Delivery.id)
    )  # fmt: skip


def _newest_event(project_id: str) -> Select[Any]:
    others = or_(*(AuditEvent.event.like(pattern) for pattern in _CHANGES_NO_DELIVERY))
    return (
        select(AuditEvent.number, AuditEvent.hash)
        .where(AuditEvent.project_id == project_id, not_(others))
        .order_by(AuditEvent.number.desc())
        .limit(1)
    )


def _row(found: Row[Any], gone: Collection[int]) -> LedgerRow:
    sent, taken_back = found.state == State.SENT.value, found.id in gone
    is_post = found.channel in SOCIAL
    return LedgerRow(
        delivery=found.id,
        item=found.key,
        channel=found.channel,
        account=found.handle or str(found.profile.get("handle", "")) or found.identity,
        recipient=f"part {found.part}"
        if is_post and found.part > 1
        else _nobody(found.contact_id, found.recipient),
        state=found.state,
        reason="taken back" if taken_back else _reason(found.recipient, found.reason),
        attempts=found.attempts,
        sent_at=(found.ended_at or found.armed_at or found.since) if sent else None,
        provider_ref=_without(found.recipient, found.provider_ref),
        payload_sha256=found.payload_sha256 or "",
        permalink="" if taken_back else found.permalink,
    )


def _nobody(contact_id: int | None, recipient: str) -> str:
    """`contact 17`: one person has one number in all rows; a post has no recipient."""
    if contact_id is not None:
        return f"contact {contact_id}"
    return "contact" if recipient else ""


def _reason(recipient: str, written: str) -> str:
    """Why, as a provider or we said it: without the recipient, and without what a person noted."""
    text = _NOTED.sub(r"\1", _without(recipient, written))
    local = recipient.partition("@")[0]
    if local:
        # Mail servers say `no such user "anna.berg" here`.
        alone = rf"(?<![\w.+-]){re.escape(local)}(?![\w+-]|\.\w)"
        text = re.sub(alone, "(address)", text, flags=re.IGNORECASE)
    return _ADDRESS.sub("(address)", text)


def _without(recipient: str, reference: str) -> str:
    # A message id is an address in form, and names nobody; the recipient's own would.
    if not recipient:
        return reference
    return re.sub(re.escape(recipient), "(address)", reference, flags=re.IGNORECASE)
