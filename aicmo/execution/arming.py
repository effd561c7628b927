"""The one way to a transport: a durable intent, made while every guard says yes."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Select, Table, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from aicmo import audit
from aicmo.database import Database
from aicmo.errors import TryLater
from aicmo.execution import attempts, courtesy, guards, watermarks
from aicmo.execution.attempts import Intent
from aicmo.execution.claims import Claim
from aicmo.execution.composing import Composed
from aicmo.execution.courtesy import Courtesy, Shape
from aicmo.execution.project import ProjectPlan, load_version
from aicmo.execution.putting_off import told, with_times
from aicmo.execution.settling import REPEAT_AFTER, let_account_wait
from aicmo.execution.states import Mover, State, move
from aicmo.execution.watermarks import Head, is_behind
from aicmo.gateways.contract import Gateway, Outgoing, RateLimit, RepeatClass
from aicmo.models import Account, Attempt, Contact, Delivery, Item

MARGIN_SECONDS = 30
"""Between the last moment of a request and the end of its lease."""

_ONE_MORE = cast("Table", Delivery.__table__).c.attempts + 1
_ADDRESS = case((Item.channel == "email", func.coalesce(Contact.address_hmac, "")), else_="")
_MAY_GO = guards.Verdict("", "")
_OTHER_GATEWAY = guards.Verdict(
    guards.DOUBT, "it may have gone out by another gateway, which alone knows its token"
)
_OTHER_BYTES = guards.Verdict(
    guards.DOUBT, "it may have gone out as it was before a change, and its token stands for that"
)
_TRIED_AGAIN_LATER = (guards.REPEAT_LATER, guards.AFTER_ITS_PART, guards.AFTER_WHAT_IT_NOTES)
_OTHER_ACCOUNT = guards.Verdict(guards.HOLD, "another account than the pinned one is logged in")


@dataclass(frozen=True, slots=True)
class Armed:
    """Deliveries whose intent is committed, in the order they were claimed.

    plan_changed: a newer plan was imported since the bytes were composed, so nothing was armed.
    is_full: the run, or the project's day, has had as many as it may.
    head: the newest audit event then; no database from before may send again.
    """

    fence: int
    outgoing: tuple[Outgoing, ...]
    account_id: int = 0
    head: Head = (0, "", "")
    plan_changed: bool = False
    is_full: bool = False


def arm(
    database: Database,
    mover: Mover,
    claim: Claim,
    composed: Mapping[int, Composed],
    channels_with_gateway: tuple[str, ...],
    plan: ProjectPlan,
    gateway: Gateway,
) -> Armed:
    """Re-checks every guard and commits the intent; what is stopped goes back with its reason.

    Args:
        database: where the ledger is.
        mover: who arms.
        claim: the deliveries that this worker holds.
        composed: the bytes of each delivery that can be composed; the others aren't armed.
        channels_with_gateway: the channels that can be sent on.
        plan: what the bytes were composed from. An approval is compared with the current plan, so
            bytes of another version must never be armed under it.
        gateway: where they will go: its timing, its limits, and what it does with a repetition.

    Raises:
        TryLater: the database was restored since the run began.
    """
    # Taken before the transaction: a worker frozen in between finds its deadline passed.
    deadline = time.monotonic() + gateway.timing.send_deadline
    ready = [each for each in claim.delivery_ids if each in composed]
    hashes = {each: hashlib.sha256(composed[each].payload).hexdigest() for each in ready}
    with audit.transaction(database, mover.project_id) as session:
        if is_behind(session, database, mover.project_id):
            raise TryLater(
                "The database was restored from a backup during the run",
                next_step="Run again: what was due is held then, and `aicmo recover` lists it.",
            )
        if load_version(session, mover.project_id) != plan.version:
            let_go(session, mover, claim.fence, dict.fromkeys(claim.delivery_ids, _MAY_GO))
            return Armed(claim.fence, (), plan_changed=True)
        says = _courtesy(session, plan, mover, ready, gateway)
        exact = {each: hashes[each] for each in ready if composed[each].is_staged}
        judged = _judge(session, ready, channels_with_gateway, says, gateway, exact)
        stopped = {each.id: each.verdict for each in judged if not each.verdict.may_go}
        let_go(session, mover, claim.fence, with_times(session, says, stopped))
        judged = _within_caps(session, mover, claim, judged, says)
        may_go = _within_limits(session, mover, claim, judged, gateway)
        armed = _arm(session, database, mover, claim.fence, may_go, gateway)
        intents = [
            Intent(
                each.id, each.account_id, each.attempts + 1, hashes[each.id],
                composed[each.id].feedback_sha256, each.address_hmac,
                composed[each.id].payload.decode() if composed[each.id].is_kept else "",
            )
            for each in armed
        ]  # fmt: skip
        attempts.write(session, mover, claim.fence, gateway.name, intents)
        head = watermarks.head(session, mover.project_id)
    may_go_out = {each.id for each in armed}
    outgoing = [composed[each].outgoing(each, deadline) for each in ready if each in may_go_out]
    account_id = armed[0].account_id if armed else 0
    is_full = says.room is not None and says.room <= len(armed)
    return Armed(claim.fence, tuple(outgoing), account_id, head, is_full=is_full)


def _courtesy(
    session: Session, plan: ProjectPlan, mover: Mover, ids: Sequence[int], gateway: Gateway
) -> Courtesy:
    if gateway.channel != "email":
        return courtesy.without_rules(mover.at)
    return courtesy.of_batch(session, plan.document.sending, mover, ids)


@dataclass(frozen=True, slots=True)
class _Judged:
    id: int
    account_id: int
    attempts: int
    address_hmac: str
    verdict: guards.Verdict


def _verdict_of(text: str, pinned: str, gateway: Gateway) -> guards.Verdict:
    verdict = guards.read_verdict(text)
    return _OTHER_ACCOUNT if verdict.may_go and pinned != gateway.identity else verdict


def _judge(
    session: Session,
    ids: list[int],
    channels: tuple[str, ...],
    says: Courtesy,
    gateway: Gateway,
    exact: Mapping[int, str],
) -> list[_Judged]:
    rows = session.execute(_judging(channels, says.shape), guards.of_batch(ids, says)).all()
    ambiguous = [row[0] for row in rows if row[4]]
    stopped = dict.fromkeys(_tried_otherwise(session, ambiguous, exact), _OTHER_BYTES)
    stopped |= dict.fromkeys(_tried_elsewhere(session, ambiguous, gateway), _OTHER_GATEWAY)
    return [
        _Judged(
            row[0], row[2], row[3], row[5],
            stopped.get(row[0]) or _verdict_of(row[1], row[6], gateway),
        )
        for row in rows
    ]  # fmt: skip


@lru_cache
def _judging(
    channels: tuple[str, ...], shape: Shape
) -> Select[tuple[int, str, int, int, bool, str, str]]:
    query = guards.verdicts_of_batch(channels, shape)
    columns = query.add_columns(
        Delivery.account_id, Delivery.attempts, Delivery.ambiguous, _ADDRESS, Account.identity
    )
    return columns.with_for_update(of=Delivery)


def _tried_elsewhere(session: Session, ambiguous: list[int], gateway: Gateway) -> set[int]:
    """Those of a doubt that this gateway can't repeat: to it, their token is a new one."""
    if not ambiguous or gateway.repeat_class is not RepeatClass.REPEAT_SAFE:
        return set(ambiguous)
    elsewhere = (
        select(Attempt.delivery_id)
        .join(Delivery, Delivery.id == Attempt.delivery_id)
        .where(
            Delivery.id.in_(ambiguous),
            or_(Attempt.gateway != gateway.name, Attempt.account_id != Delivery.account_id),
        )
    )
    return set(session.scalars(elsewhere))


def _tried_otherwise(session: Session, ambiguous: list[int], exact: Mapping[int, str]) -> set[int]:
    """Those of a doubt whose bytes were others then: a provider answers their token with those."""
    tried = select(Attempt.delivery_id, Attempt.payload_sha256).where(
        Attempt.delivery_id.in_([each for each in ambiguous if each in exact])
    )
    return {each for each, digest in session.execute(tried).tuples() if digest != exact[each]}


def let_go(
    session: Session, mover: Mover, fence: int, verdicts: Mapping[int, guards.Verdict]
) -> None:
    """Gives claimed deliveries back to the queue, and stops there those whose verdict says so."""
    by_verdict: dict[guards.Verdict, list[int]] = {}
    for delivery_id, verdict in verdicts.items():
        by_verdict.setdefault(verdict, []).append(delivery_id)
    for verdict, ids in by_verdict.items():
        free: dict[str, Any] = {"lease_until": None}
        if verdict in _TRIED_AGAIN_LATER:
            # Otherwise the next claim would take it again at once, and so on for ever.
            free["not_before"] = mover.at + REPEAT_AFTER
        why = ""
        if verdict.not_before:
            free["not_before"], why = verdict.not_before, told(verdict)
        back = move(
            session, mover, ids, State.CLAIMED, State.PENDING,
            reason=why, fence=fence, values=free,
        )  # fmt: skip
        if back and verdict.state:
            move(session, mover, back, State.PENDING, verdict.state, reason=verdict.reason)


def _within_caps(
    session: Session, mover: Mover, claim: Claim, judged: Sequence[_Judged], says: Courtesy
) -> list[_Judged]:
    """As many as the run and the day have room for, and one for each person at a time."""
    may_go = [each for each in judged if each.verdict.may_go]
    if says.often:
        # Who has two of a batch gets the second only after the first one counts.
        first: dict[str | int, _Judged] = {}
        for each in may_go:
            first.setdefault(each.address_hmac or each.id, each)
        may_go = list(first.values())
    may_go = may_go[: says.room]
    staying = {each.id for each in may_go}
    over = [each.id for each in judged if each.verdict.may_go and each.id not in staying]
    let_go(session, mover, claim.fence, dict.fromkeys(over, _MAY_GO))
    return may_go


def _within_limits(
    session: Session, mover: Mover, claim: Claim, judged: Sequence[_Judged], gateway: Gateway
) -> list[_Judged]:
    """As many as the account's limits have room for; the others wait with the account."""
    may_go = [each for each in judged if each.verdict.may_go]
    for limit in gateway.limits if may_go else ():
        account_id = may_go[0].account_id
        used = _used(session, account_id, limit, mover.at)
        room = max(0, limit.count - len(used))
        if room < len(may_go):
            let_go(session, mover, claim.fence, {each.id: _MAY_GO for each in may_go[room:]})
            until, reason = _free_again(used, limit, mover.at), f"{limit.count} in {limit.per}"
            let_account_wait(session, mover, account_id, until, f"rate limit of {reason}")
            may_go = may_go[:room]
    return may_go


def _used(session: Session, account_id: int, limit: RateLimit, now: datetime) -> Sequence[datetime]:
    """When the transmissions that the limit still counts were armed, the oldest first."""
    own, its_account = aliased(Account), aliased(Account)
    same = select(its_account.id).where(own.id == account_id)
    accounts = session.scalars(same.where(guards.is_same_account(own, its_account))).all()
    counted = select(Attempt.armed_at).where(
        Attempt.account_id.in_(accounts), Attempt.armed_at > now - limit.per
    )
    return session.scalars(counted.order_by(Attempt.armed_at).limit(limit.count)).all()


def _free_again(used: Sequence[datetime], limit: RateLimit, now: datetime) -> datetime:
    """When a tenth of the limit is free: to wake up for every single place would cost more."""
    last_to_leave = used[min(len(used), max(1, limit.count // 10)) - 1] if used else now
    return last_to_leave + limit.per


def _arm(
    session: Session,
    database: Database,
    mover: Mover,
    fence: int,
    may_go: Sequence[_Judged],
    gateway: Gateway,
) -> list[_Judged]:
    timing, now = gateway.timing, database.now(session)
    lease = timedelta(seconds=timing.send_deadline + timing.request_bound + MARGIN_SECONDS)
    values = {
        "lease_until": now + lease,
        "attempts": _ONE_MORE,
        "repeatable_until": _repeatable_until(gateway, now),
    }
    ids = [each.id for each in may_go]
    armed = set(move(session, mover, ids, State.CLAIMED, State.SENDING, fence=fence, values=values))
    return [each for each in may_go if each.id in armed]


def _repeatable_until(gateway: Gateway, now: datetime) -> object:
    """Until when a repetition may be armed: it may reach the provider as late as its lease allows."""
    if gateway.repeat_class is not RepeatClass.REPEAT_SAFE or gateway.token_lifetime is None:
        return None
    timing = gateway.timing
    late = timedelta(seconds=timing.send_deadline + timing.request_bound + MARGIN_SECONDS)
    # The provider's clock runs from the first try that it may have seen.
    return case(
        (Delivery.ambiguous, Delivery.repeatable_until), else_=now + gateway.token_lifetime - late
    )
