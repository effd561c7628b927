"""From ledger rows to the frozen bytes of each post: the same for a preview and for a send."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from aicmo.errors import FixInput
from aicmo.execution import guards, post_media
from aicmo.execution.composing import Composed, ComposedBatch, not_composed
from aicmo.gateways.contract import Attachment
from aicmo.models import Account, Asset, Delivery, Item, PostMedia
from aicmo.plans.document import ProjectDocument
from aicmo.posts.composer import Draft, compose_post
from aicmo.posts.post import PostPicture


@dataclass(frozen=True, slots=True)
class PostDraft:
    """A delivery of a post: what was composed for it, and the media that go with it."""

    delivery: Delivery
    draft: Draft
    attachments: tuple[Attachment, ...]


class PostComposers:
    """Composes the posts of a document, each for the account that it goes out as."""

    def __init__(self, document: ProjectDocument) -> None:
        self._items = {item.id: item for item in document.items}
        self._document = document

    def compose_batch(
        self, session: Session, item_key: str, delivery_ids: Sequence[int], now: datetime
    ) -> ComposedBatch:
        """These posts of an item; what is wrong is told of each that can't be composed."""
        del now
        batch = ComposedBatch({}, {})
        for found in self.drafts(session, item_key, delivery_ids):
            delivery = found.delivery
            verdict = _of_thread(session, delivery)
            if not verdict.may_go:
                # Known before anything of it is put up.
                batch.stopped[delivery.id] = verdict
                continue
            try:
                post = found.draft.require_sound()
            except FixInput as error:
                batch.stopped[delivery.id] = not_composed(error, ambiguous=delivery.ambiguous)
                continue
            batch.composed[delivery.id] = Composed(
                delivery.token, session.get_one(Account, delivery.account_id).identity,
                delivery.recipient, post.to_bytes(), is_staged=True, is_kept=True,
                attachments=found.attachments, staged=delivery.staged, thread=_thread(session, delivery),
            )  # fmt: skip
        return batch

    def drafts(
        self, session: Session, item_key: str, delivery_ids: Sequence[int]
    ) -> list[PostDraft]:
        """These deliveries of an item as they would go out, sound or not, in the thread's order."""
        query = (
            select(Delivery)
            .join(Item, Item.id == Delivery.item_id)
            .where(Item.key == item_key, Delivery.id.in_(delivery_ids))
        )
        return [
            self._draft(session, item_key, delivery)
            for delivery in session.scalars(query.order_by(Delivery.part, Delivery.id))
        ]

    def _draft(self, session: Session, item_key: str, delivery: Delivery) -> PostDraft:
        rows = session.execute(
            select(PostMedia, Asset.content)
            .join(Asset, Asset.sha256 == PostMedia.sha256)
            .where(PostMedia.item_id == delivery.item_id, PostMedia.part == delivery.part)
            .order_by(PostMedia.role.desc(), PostMedia.place)  # media, then the card's picture
        ).tuples()
        media = [(row, content) for row, content in rows]
        account = session.get_one(Account, delivery.account_id)
        item = self._items[item_key]
        draft = compose_post(
            self._document, item, delivery.part,
            pictures=[_picture(row) for row, _ in media if row.role == "media"],
            card_picture=next((_picture(row) for row, _ in media if row.role == "card"), None),
            facts=account.profile,
        )  # fmt: skip
        wrong = tuple(post_media.problems(item, delivery.part, media, account.profile))
        draft = replace(draft, problems=draft.problems + wrong)
        return PostDraft(delivery, draft, tuple(_attachment(*each) for each in media))


def _picture(row: PostMedia) -> PostPicture:
    return PostPicture(
        sha256=row.sha256, media_type=row.media_type, width=row.width, height=row.height,
        alt_text=row.alt_text,
    )  # fmt: skip


def _attachment(row: PostMedia, content: bytes) -> Attachment:
    return Attachment(row.sha256, row.media_type, row.width, row.height, row.alt_text, content)


def _of_thread(session: Session, delivery: Delivery) -> guards.Verdict:
    """What the parts before it say of a part; without their references nothing can answer them."""
    before = select(Delivery.state).where(
        Delivery.item_id == delivery.item_id, Delivery.part < delivery.part
    )
    verdict = guards.of_thread(session.scalars(before).all())
    if verdict.may_go and not all(_thread(session, delivery)):
        return guards.Verdict(guards.HOLD, "a part before it is out, but its reference isn't known")
    return verdict


def _thread(session: Session, delivery: Delivery) -> tuple[str, ...]:
    """References of the parts before it; arming sees to it that they are out."""
    before = select(Delivery.provider_ref).where(
        Delivery.item_id == delivery.item_id, Delivery.part < delivery.part
    )
    return tuple(session.scalars(before.order_by(Delivery.part)))
