"""What is on record about deliveries: every transmission, and every answer of their provider."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from aicmo.models import Attempt, Delivery, Reading, Run

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Transmission:
    """One attempt as it was recorded; `outcome` is empty when nothing came back."""

    number: int
    gateway: str
    armed_at: datetime
    ended_at: datetime | None
    outcome: str
    code: str
    detail: str
    ref: str
    run_id: int
    started_by: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider said when it was asked."""

    read_at: datetime
    found: str
    ref: str
    detail: str


def transmissions(
    session: Session, which: ColumnElement[bool]
) -> dict[int, tuple[Transmission, ...]]:
    """The attempts of the deliveries that `which` selects, by delivery, in their order."""
    query = (
        select(
            Attempt.delivery_id, Attempt.number, Attempt.gateway, Attempt.armed_at, Attempt.ended_at,
            Attempt.outcome, Attempt.code, Attempt.detail, Attempt.provider_ref,
            Attempt.run_id, Run.started_by,
        )
        .join(Delivery, Delivery.id == Attempt.delivery_id)
        .join(Run, Run.id == Attempt.run_id)
        .where(which)
        .order_by(Attempt.delivery_id, Attempt.number)
    )  # fmt: skip
    return _by_delivery(session.execute(query), Transmission)


def answers(session: Session, which: ColumnElement[bool]) -> dict[int, tuple[Answer, ...]]:
    """What providers said of the deliveries that `which` selects, by delivery, in that order."""
    query = (
        select(
            Reading.delivery_id, Reading.read_at, Reading.found, Reading.provider_ref,
            Reading.detail,
        )
        .join(Delivery, Delivery.id == Reading.delivery_id)
        .where(which)
        .order_by(Reading.delivery_id, Reading.id)
    )  # fmt: skip
    return _by_delivery(session.execute(query), Answer)


def _by_delivery(rows: Iterable[Any], kind: type[T]) -> dict[int, tuple[T, ...]]:
    found: dict[int, list[T]] = {}
    for delivery_id, *values in rows:
        found.setdefault(delivery_id, []).append(kind(*values))
    return {delivery_id: tuple(each) for delivery_id, each in found.items()}
