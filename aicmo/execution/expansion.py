"""One item and its audience become deliveries, each exactly once, whatever is imported again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from aicmo.channels import Channel
from aicmo.execution.states import State
from aicmo.models import Contact, Delivery, Item
from aicmo.plans.document import ProjectDocument
from aicmo.plans.items import Item as PlannedItem
from aicmo.plans.items import PostContent
from aicmo.privacy import delivery_token

_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class _Recipient:
    contact_id: int | None
    address: str
    part: int = 1


_STILL_OPEN = (State.PENDING, State.HELD, State.EXPIRED)
_NOT_RECEIVED = (State.FAILED, State.SKIPPED, State.CANCELLED)


@dataclass(frozen=True, slots=True)
class _Known:
    """A delivery that is there already."""

    id: int
    address: str
    in_plan: bool
    contact_id: int | None
    state: str
    ambiguous: bool

    @property
    def is_served(self) -> bool:
        """It went out, may have, or still will."""
        return self.state not in _NOT_RECEIVED


class Expansion:
    """Deliveries of one document's items."""

    def __init__(
        self, session: Session, document: ProjectDocument, secret_key: bytes, now: datetime
    ) -> None:
        self.session, self.document = session, document
        self.secret_key, self.now = secret_key, now
        self._contact_rows: dict[str, tuple[int, str, bool]] | None = None

    def expand(self, item: Item, planned: PlannedItem) -> int:
        """Adds the deliveries that aren't there yet, and marks which are still in the plan.

        Whoever already has a delivery of this item must not get a second one: not when the sender's
        account has changed, and not when their own address has. A delivery that still waits follows
        the new address; one that went out, or may have, stands for its person.
        """
        wanted = {each.address: each for each in reversed(list(self._recipients(planned)))}
        there = {each.address: each for each in self._existing(item.id)}
        self._readdress(there, wanted)
        self._mark(there, wanted, item)
        served = {each.contact_id for each in there.values() if each.is_served}
        fresh = [
            each
            for address, each in reversed(wanted.items())
            if address not in there and (each.contact_id is None or each.contact_id not in served)
        ]
        self._insert(item, fresh)
        item.planned = len(there) + len(fresh)
        return len(fresh)

    def _readdress(self, there: dict[str, _Known], wanted: dict[str, _Recipient]) -> None:
        waiting = {
            known.contact_id: known
            for known in there.values()
            # What may have gone out keeps the address that it may have gone out to.
            if known.address not in wanted and known.state in _STILL_OPEN and not known.ambiguous
        }
        for address, recipient in wanted.items():
            known = waiting.get(recipient.contact_id)
            if address in there or known is None or known.address not in there:
                continue
            del there[known.address]
            there[address] = replace(known, address=address)
            self.session.execute(
                update(Delivery).where(Delivery.id == known.id).values(recipient=address)
            )

    def leave_withdrawn(self) -> None:
        """Marks the deliveries of withdrawn items as no longer in the plan."""
        withdrawn = select(Item.id).where(Item.project_id == self.document.id, Item.withdrawn)
        self.session.execute(
            update(Delivery).where(Delivery.item_id.in_(withdrawn)).values(in_plan=False)
        )

    def _recipients(self, planned: PlannedItem) -> Iterator[_Recipient]:
        if isinstance(planned.content, PostContent):
            yield _Recipient(None, "")
            for part in range(2, len(planned.content.thread) + 2):
                yield _Recipient(None, f"part:{part}", part)
            return
        audience = next(each for each in self.document.audiences if each.id == planned.audience)
        rows = self._contacts()
        for contact in audience.members(self.document.contacts):
            contact_id, mailbox, is_erased = rows[contact.id]
            if is_erased:
                continue
            # Without an address the contact still has its row, which is skipped with the reason.
            by_mailbox = planned.channel is Channel.EMAIL and mailbox
            yield _Recipient(contact_id, mailbox if by_mailbox else f"contact:{contact.id}")

    def _contacts(self) -> dict[str, tuple[int, str, bool]]:
        if self._contact_rows is None:
            is_erased = (Contact.mailbox == "") & (Contact.address_hmac != "")
            query = select(Contact.key, Contact.id, Contact.mailbox, is_erased).where(
                Contact.project_id == self.document.id
            )
            rows = self.session.execute(query)
            self._contact_rows = {row[0]: (row[1], row[2], row[3]) for row in rows}
        return self._contact_rows

    def _existing(self, item_id: int) -> Iterator[_Known]:
        query = select(
            Delivery.id, Delivery.recipient, Delivery.in_plan, Delivery.contact_id,
            Delivery.state, Delivery.ambiguous,
        )  # fmt: skip
        for row in self.session.execute(query.where(Delivery.item_id == item_id)):
            yield _Known(*row)

    def _mark(self, there: dict[str, _Known], wanted: dict[str, _Recipient], item: Item) -> None:
        for address, known in there.items():
            recipient = wanted.get(address)
            in_plan = recipient is not None
            contact_id = recipient.contact_id if recipient else known.contact_id
            if (known.in_plan, known.contact_id) == (in_plan, contact_id):
                continue
            self.session.execute(
                update(Delivery)
                .where(Delivery.id == known.id)
                .values(in_plan=in_plan, contact_id=contact_id)
            )
        self._follow_account(item)

    def _follow_account(self, item: Item) -> None:
        waiting = (State.PENDING.value, State.HELD.value)
        self.session.execute(
            update(Delivery)
            .where(
                Delivery.item_id == item.id,
                Delivery.state.in_(waiting),
                Delivery.account_id != item.account_id,
                Delivery.ambiguous.is_(False),
            )
            .values(account_id=item.account_id)
        )

    def _insert(self, item: Item, fresh: list[_Recipient]) -> None:
        for start in range(0, len(fresh), _CHUNK):
            rows = [self._row(item, each) for each in fresh[start : start + _CHUNK]]
            self.session.execute(insert(Delivery), rows)

    def _row(self, item: Item, recipient: _Recipient) -> dict[str, Any]:
        return {
            "project_id": self.document.id,
            "item_id": item.id,
            "account_id": item.account_id,
            "contact_id": recipient.contact_id,
            "recipient": recipient.address,
            "part": recipient.part,
            "token": delivery_token(self.secret_key, self.document.id, item.key, recipient.address),
            "state": State.PENDING.value,
            "since": self.now,
        }
