"""A contact leaves by the link in an email: whose link it is, and what following it does.

RFC 8058 §3.2: the token in the link names the delivery, there is no log-in, and to leave twice is to
leave once. The token itself is nowhere: a link is found by its SHA-256.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, exists, literal_column, select
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.database import Database, upsert
from aicmo.execution.contacts import suppress
from aicmo.models import Attempt, Delivery, Feedback, Plan, Project
from aicmo.plans.document import Brand
from aicmo.privacy import feedback_sha256

UNSUBSCRIBED = "unsubscribed"
_ACTOR = "the recipient"

_LETTER = (
    select(
        Delivery.id, Delivery.project_id, Plan.document["brand"],
        Plan.document["language"].as_string(),
        exists().where(Feedback.delivery_id == Delivery.id, Feedback.kind == UNSUBSCRIBED),
    )
    .join(Attempt, Attempt.delivery_id == Delivery.id)
    .join(Project, Project.id == Delivery.project_id)
    .join(Plan, and_(Plan.project_id == Project.id, Plan.version == Project.plan_version))
    # The second condition is the index's own: without it SQLite reads all attempts.
    .where(
        Attempt.feedback_sha256 == bindparam("sha256"),
        Attempt.feedback_sha256 != literal_column("''"),
    )
    .limit(1)
)  # fmt: skip

_CLIENT = select(Project.client).where(Project.id == bindparam("id"))
_ADDRESSES = (
    select(Attempt.address_hmac)
    .where(
        Attempt.delivery_id == bindparam("id"),
        Attempt.feedback_sha256 != "",
        Attempt.address_hmac != "",
    )
    .order_by(Attempt.address_hmac)
    .distinct()
)


@dataclass(frozen=True, slots=True)
class Letter:
    """The email that a link came in.

    brand, language: of the project as it is now; the language is a BCP 47 tag.
    has_left: somebody has already left by this link.
    """

    delivery_id: int
    project_id: str
    brand: Brand
    language: str
    has_left: bool


def find_letter(database: Database, token: str) -> Letter | None:
    """The email whose link has `token`; None for any text that is no token of ours."""
    with database.read() as session:
        row = session.execute(_LETTER, {"sha256": feedback_sha256(token)}).first()
    if row is None:
        return None
    delivery_id, project_id, brand, language, has_left = row
    return Letter(delivery_id, project_id, Brand.model_validate(brand), language, has_left)


def unsubscribe(database: Database, letter: Letter) -> bool:
    """Suppresses the address that the email went to, for its client; repeated, it changes nothing.

    It is the address of the attempt, not the contact's: that may be another one by now. From the
    commit on, arming and the last question before a message's committing byte stop all other email.

    Returns:
        Whether this was the first time.
    """
    with audit.transaction(database, letter.project_id) as session:
        now = database.now(session)
        client = session.scalars(_CLIENT, {"id": letter.project_id}).one()
        for hmac in session.scalars(_ADDRESSES, {"id": letter.delivery_id}).all():
            suppress(session, client, hmac, UNSUBSCRIBED, now)
        is_first = _note(session, letter.delivery_id, now)
        if is_first:
            audit.record(
                session, audit.Event.CONTACT_UNSUBSCRIBED, project_id=letter.project_id,
                actor=_ACTOR, delivery=letter.delivery_id,
            )  # fmt: skip
    return is_first


def _note(session: Session, delivery_id: int, now: datetime) -> bool:
    values = {
        "delivery_id": delivery_id, "kind": UNSUBSCRIBED, "status": "", "detail": "",
        "source_sha256": "", "received_at": now,
    }  # fmt: skip
    added = upsert(session, Feedback).values(**values).on_conflict_do_nothing()
    return session.scalars(added.returning(Feedback.id)).first() is not None
