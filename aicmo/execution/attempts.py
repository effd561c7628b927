"""The attempt rows of a batch: written with the intent, completed with the answers.

SQLite takes row after row without a round trip; PostgreSQL takes a batch in one statement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    Integer,
    Table,
    Text,
    bindparam,
    column,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from aicmo.execution.states import Mover
from aicmo.gateways.contract import Outcome
from aicmo.models import Attempt, UtcDateTime

_ATTEMPT = cast("Table", Attempt.__table__)
_WITHOUT_ANSWER = ("outcome", "code", "detail", "provider_ref")


@dataclass(frozen=True, slots=True)
class Intent:
    """One transmission that is about to begin; `number` counts those of its delivery from 1."""

    delivery_id: int
    account_id: int
    number: int
    payload_sha256: str


def write(
    session: Session, mover: Mover, fence: int, gateway: str, intents: Sequence[Intent]
) -> None:
    """Adds the rows of an armed batch, in the transaction that arms it."""
    if not intents:
        return
    connection = session.connection()
    shared = {"fence": fence, "run_id": mover.run_id, "gateway": gateway, "armed_at": mover.at}
    rows = [asdict(each) for each in intents]
    if connection.dialect.name == "sqlite":
        connection.execute(_WRITE_EACH, [{**shared, **row} for row in rows])
    else:
        connection.execute(_WRITE_ALL, {**shared, "rows": rows})


def complete(session: Session, fence: int, answers: Mapping[int, Outcome], now: datetime) -> None:
    """Adds what came of a batch, in the transaction that settles it."""
    connection = session.connection()
    shared = {"held_fence": fence, "now": now}
    rows = [_answer(delivery_id, outcome) for delivery_id, outcome in answers.items()]
    if connection.dialect.name == "sqlite":
        connection.execute(_COMPLETE_EACH, [{**shared, **row} for row in rows])
    else:
        connection.execute(_COMPLETE_ALL, {**shared, "rows": rows})


def _answer(delivery_id: int, outcome: Outcome) -> dict[str, Any]:
    return {
        "answered": delivery_id,
        "said": outcome.kind.value,
        "its_code": outcome.code[:64],
        "its_detail": outcome.detail[:500],
        "its_ref": outcome.ref or "",
    }


_INTENTS = (
    func.jsonb_to_recordset(bindparam("rows", type_=JSONB))
    .table_valued(
        column("delivery_id", Integer), column("account_id", Integer), column("number", Integer),
        column("payload_sha256", Text), name="intent",
    )
    .render_derived(with_types=True)
)  # fmt: skip
_ANSWERS = (
    func.jsonb_to_recordset(bindparam("rows", type_=JSONB))
    .table_valued(
        column("answered", Integer), column("said", Text), column("its_code", Text),
        column("its_detail", Text), column("its_ref", Text), name="answer",
    )
    .render_derived(with_types=True)
)  # fmt: skip
_SHARED = {
    "fence": bindparam("fence", type_=BigInteger),
    "run_id": bindparam("run_id", type_=Integer),
    "gateway": bindparam("gateway", type_=Text),
    "armed_at": bindparam("armed_at", type_=UtcDateTime),
    **{name: literal("", Text) for name in _WITHOUT_ANSWER},
}
_OF_INTENT = [column.key for column in _INTENTS.c]
_WRITE_ALL = insert(_ATTEMPT).from_select(
    [*_OF_INTENT, *_SHARED],
    select(*_INTENTS.c, *_SHARED.values()),
)
_WRITE_EACH = insert(_ATTEMPT).values(**{name: bindparam(name) for name in _OF_INTENT}, **_SHARED)


def _completing(source: Any) -> dict[str, Any]:
    return {
        "ended_at": bindparam("now", type_=UtcDateTime),
        "outcome": source("said"),
        "code": source("its_code"),
        "detail": source("its_detail"),
        "provider_ref": source("its_ref"),
    }


_HELD = _ATTEMPT.c.fence == bindparam("held_fence")
_COMPLETE_EACH = (
    update(_ATTEMPT)
    .where(_ATTEMPT.c.delivery_id == bindparam("answered"), _HELD)
    .values(_completing(bindparam))
)
_COMPLETE_ALL = (
    update(_ATTEMPT)
    .where(_ATTEMPT.c.delivery_id == _ANSWERS.c.answered, _HELD)
    .values(_completing(_ANSWERS.c.__getitem__))
)
