"""The attempt rows of a batch: written with the intent, completed with the answers.

A batch is handed to the database as one JSON array of arrays: row by row it would cost more than all
the rest. The two databases differ in how they unpack it, and in nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, cast

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    FromClause,
    Insert,
    Integer,
    Table,
    Text,
    Update,
    bindparam,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy import cast as as_type
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from aicmo.execution.states import Mover
from aicmo.gateways.contract import Outcome
from aicmo.models import Attempt, UtcDateTime

_ATTEMPT = cast("Table", Attempt.__table__)
_Part = Callable[[int], ColumnElement[Any]]


class Intent(NamedTuple):
    """One transmission that is about to begin; `number` counts those of its delivery from 1.

    payload: kept where the provider can only be asked by what went out; '' where it isn't.
    """

    delivery_id: int
    account_id: int
    number: int
    payload_sha256: str
    feedback_sha256: str
    address_hmac: str
    payload: str = ""


def write(
    session: Session, mover: Mover, fence: int, gateway: str, intents: Sequence[Intent]
) -> None:
    """Adds the rows of an armed batch, in the transaction that arms it."""
    if not intents:
        return
    connection = session.connection()
    values = {"fence": fence, "run_id": mover.run_id, "gateway": gateway, "armed_at": mover.at}
    connection.execute(_writing(connection.dialect.name), {**values, "rows": list(intents)})


def complete(session: Session, fence: int, answers: Mapping[int, Outcome], now: datetime) -> None:
    """Adds what came of a batch, in the transaction that settles it."""
    connection = session.connection()
    rows = [_answer(delivery_id, outcome) for delivery_id, outcome in answers.items()]
    values = {"held": fence, "now": now, "rows": rows}
    connection.execute(_completing(connection.dialect.name), values)


def _answer(delivery_id: int, outcome: Outcome) -> tuple[int, str, str, str, str, str]:
    ref, link = (outcome.ref or "")[:500], outcome.permalink[:500]
    return delivery_id, outcome.kind.value, outcome.code[:64], outcome.detail[:500], ref, link


def _unpacked(dialect: str) -> tuple[FromClause, _Part]:
    """The rows that are handed over, and what takes one part out of each."""
    if dialect == "sqlite":
        rows = func.json_each(bindparam("rows", type_=JSON)).table_valued("value", name="given")
        return rows, lambda place: func.json_extract(rows.c.value, f"$[{place}]")
    rows = func.jsonb_array_elements(bindparam("rows", type_=JSONB)).table_valued(
        "value", name="given"
    )
    return rows, rows.c.value.op("->>")


@lru_cache
def _writing(dialect: str) -> Insert:
    given, part = _unpacked(dialect)
    values: dict[str, ColumnElement[Any]] = {
        "delivery_id": as_type(part(0), Integer),
        "account_id": as_type(part(1), Integer),
        "number": as_type(part(2), Integer),
        "payload_sha256": part(3),
        "feedback_sha256": part(4),
        "address_hmac": part(5),
        "payload": part(6),
        "fence": bindparam("fence", type_=BigInteger),
        "run_id": bindparam("run_id", type_=Integer),
        "gateway": bindparam("gateway", type_=Text),
        "armed_at": bindparam("armed_at", type_=UtcDateTime),
        **{
            name: literal("", Text)
            for name in ("outcome", "code", "detail", "provider_ref", "permalink")
        },
    }
    return insert(_ATTEMPT).from_select(list(values), select(*values.values()).select_from(given))


@lru_cache
def _completing(dialect: str) -> Update:
    _, part = _unpacked(dialect)
    mine = _ATTEMPT.c.delivery_id == as_type(part(0), Integer)
    held = _ATTEMPT.c.fence == bindparam("held", type_=BigInteger)
    return (
        update(_ATTEMPT)
        .where(mine, held)
        .values(
            ended_at=bindparam("now", type_=UtcDateTime),
            outcome=part(1),
            code=part(2),
            detail=part(3),
            provider_ref=part(4),
            permalink=part(5),
        )
    )
