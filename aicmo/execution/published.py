"""Posts that are out: where they can be seen, and which of them were taken back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from aicmo.channels import SOCIAL
from aicmo.execution.doubts import require_project
from aicmo.execution.states import State
from aicmo.models import Delivery, Item, Recall

ASKED, APPROVED, DELETED, REFUSED, UNKNOWN = "asked", "approved", "deleted", "refused", "unknown"
"""What can become of the wish to take a post back."""
BY_HAND = "posted by a person"
"""The reason of a delivery that was sent by nobody's gateway."""


@dataclass(frozen=True, slots=True)
class Published:
    """A post that is out; `recall` is the state of the newest wish to take it back, or ''."""

    delivery_id: int
    item: str
    title: str
    channel: str
    part: int
    permalink: str
    provider_ref: str
    reason: str
    recall: str = ""
    recall_reason: str = ""
    asked_by: str = ""
    approved_by: str = ""
    detail: str = ""

    @property
    def is_live(self) -> bool:
        return self.recall != DELETED

    def as_result(self) -> dict[str, Any]:
        """As an entry of `ExecutionReport.published`."""
        return {
            "delivery": self.delivery_id, "item": self.item, "channel": self.channel,
            "part": self.part, "url": self.permalink, "by_hand": self.reason == BY_HAND,
        }  # fmt: skip


def published(session: Session, project_id: str) -> list[Published]:
    """Every post of the project that went out, in the order of the plan.

    Raises:
        NoSuchProject: there is no such project.
    """
    require_project(session, project_id)
    query = (
        select(Delivery, Item)
        .join(Item, Item.id == Delivery.item_id)
        .where(
            Delivery.project_id == project_id,
            Delivery.state == State.SENT.value,
            Item.channel.in_([each.value for each in SOCIAL]),
        )
        .order_by(Item.send_at, Item.key, Delivery.part)
    )
    recalls = newest_recalls(session, project_id)
    return [_published(row, item, recalls.get(row.id)) for row, item in session.execute(query)]


def _published(row: Delivery, item: Item, recall: Recall | None) -> Published:
    post = Published(
        row.id, item.key, item.title, item.channel, row.part, row.permalink, row.provider_ref,
        row.reason,
    )  # fmt: skip
    if recall is None:
        return post
    return replace(
        post, recall=recall.state, recall_reason=recall.reason, asked_by=recall.asked_by,
        approved_by=recall.approved_by, detail=recall.detail,
    )  # fmt: skip


def newest_recalls(session: Session, project_id: str) -> dict[int, Recall]:
    """The newest wish to take a post back, by its delivery."""
    query = (
        select(Recall)
        .join(Delivery, Delivery.id == Recall.delivery_id)
        .where(Delivery.project_id == project_id)
        .order_by(Recall.id)
    )
    return {each.delivery_id: each for each in session.scalars(query)}
