"""Closing doubts without a person: what the engine knows, and what providers say when asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aicmo import audit
from aicmo.database import Database
from aicmo.execution import claims, courtesy, guards, replaying
from aicmo.execution.asking import Fate, Told, ask, can_be_asked
from aicmo.execution.doubts import Doubt, Standing, list_doubts
from aicmo.execution.gate import issue_reading_permit
from aicmo.execution.states import Mover, State, move
from aicmo.gateways.contract import Gateway, OpenGateway
from aicmo.gateways.registry import CHANNELS_WITH_GATEWAY
from aicmo.models import Delivery
from aicmo.redaction import describe_with_next_step
from aicmo.settings import ExecutionConfig

OpenGatewayFor = Callable[[str], OpenGateway]


class Onward(StrEnum):
    """What moves on a doubt that is left."""

    PERSON = "person"
    RECONCILE = "reconcile"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class Left:
    """Doubts of a channel that stay, and why; `again_at`: from then on, asking is worth it."""

    channel: str
    reason: str
    onward: Onward
    count: int
    again_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What became of a project's doubts, in deliveries.

    recorded: were in the hands of a worker that stopped, or can't be repeated any more; they count
        below, too.
    asked: their provider was asked.
    present: are there, and count as sent.
    absent: are proven not to be there, and wait again.
    exhausted: are proven not to be there, and had their last attempt; they count as failed.
    """

    recorded: int
    asked: int
    present: int
    absent: int
    exhausted: int
    left: tuple[Left, ...]

    @property
    def still_in_doubt(self) -> int:
        return sum(each.count for each in self.left)


def reconcile(
    database: Database,
    project_id: str,
    config: ExecutionConfig,
    open_gateway_for: OpenGatewayFor,
    *,
    by: str,
) -> Reconciled:
    """Closes what can be closed without a person; sends nothing.

    A provider that can be asked is asked about every doubt that is old enough for its answer to be
    trusted. What it has is sent; what it twice says it hasn't, waits again.

    Args:
        database: where the ledger is.
        project_id: the project.
        config: the environment's side; a channel that it doesn't enable isn't asked.
        open_gateway_for: the gateway of a channel; what it raises is told as the reason.
        by: who reconciles.

    Raises:
        NoSuchProject: there is no such project.
    """
    with database.read() as session:
        mover = Mover(project_id, by, database.now(session))
        known = {each.delivery_id for each in list_doubts(session, project_id, now=mover.at)
                 if each.standing is Standing.OPEN}  # fmt: skip
    # The journals first: they prove what a lapsed lease only leaves in doubt.
    replaying.replay(database, by=by)
    claims.recover_lapsed(database, mover)
    _close_windows(database, mover)
    with database.read() as session:
        doubts = list_doubts(session, project_id, now=database.now(session))
    summary = _Summary()
    for channel in dict.fromkeys(each.channel for each in doubts):
        of_channel = [each for each in doubts if each.channel == channel]
        for told in _channel(database, mover, of_channel, config, open_gateway_for):
            summary.add(channel, told)
    undecided = {each.delivery_id for each in doubts if each.standing is Standing.OPEN}
    return summary.result(recorded=len(undecided - known))


def _close_windows(database: Database, mover: Mover) -> None:
    """Doubts that can't be repeated any more come to the others."""
    closed: dict[str, list[int]] = {}
    with audit.transaction(database, mover.project_id) as session:
        says = courtesy.of_project(session, mover.project_id, mover.at)
        query = guards.verdicts(CHANNELS_WITH_GATEWAY, says).where(
            Delivery.project_id == mover.project_id,
            Delivery.state == State.PENDING.value,
            Delivery.ambiguous,
        )
        for delivery_id, text in session.execute(query).tuples():
            verdict = guards.read_verdict(text)
            if verdict.action == guards.DOUBT:
                closed.setdefault(verdict.reason, []).append(delivery_id)
        for reason, ids in closed.items():
            move(session, mover, ids, State.PENDING, State.UNKNOWN, reason=reason)


@dataclass(frozen=True, slots=True)
class _Stays:
    """A doubt that nobody was asked about."""

    reason: str
    onward: Onward


_STAYS = {
    Standing.REPEATS: _Stays("the next live run repeats it with the same token", Onward.RUN),
    Standing.UNRECORDED: _Stays("its worker has only just stopped", Onward.RECONCILE),
}


def _channel(
    database: Database,
    mover: Mover,
    doubts: Sequence[Doubt],
    config: ExecutionConfig,
    open_gateway_for: OpenGatewayFor,
) -> Iterator[Told | _Stays]:
    undecided = [each for each in doubts if each.standing is Standing.OPEN]
    yield from (_STAYS[each.standing] for each in doubts if each.standing in _STAYS)
    if not undecided:
        return
    opened = _open(undecided[0].channel, config, open_gateway_for)
    if isinstance(opened, str):
        for _ in undecided:
            yield _Stays(opened, Onward.PERSON)
        return
    with opened as gateway:
        for each in undecided:
            if others := ", ".join(sorted(each.gateways - {gateway.name})):
                reason = f"it went through {others}, and {gateway.name} doesn't know it"
                yield _Stays(reason, Onward.PERSON)
            else:
                yield ask(database, mover.project_id, gateway, each, by=mover.actor)


def _open(channel: str, config: ExecutionConfig, open_gateway_for: OpenGatewayFor) -> Gateway | str:
    """The gateway, or why its provider isn't asked."""
    try:
        permit = issue_reading_permit(config, channel)
    except PermissionError:
        return f"nobody was asked: {channel} isn't enabled (EXECUTION_ENABLED, EXECUTION_CHANNELS)"
    try:
        gateway = open_gateway_for(channel)(permit)
    except Exception as error:  # noqa: BLE001  (the other channels are asked all the same)
        return describe_with_next_step(error)
    return gateway if can_be_asked(gateway) else f"{gateway.name} can't be asked"


_LEFT = {
    Fate.TOO_YOUNG: ("too young for a trustworthy answer", Onward.RECONCILE),
    Fate.ABSENT_ONCE: ("not found; asked about once more to be sure", Onward.RECONCILE),
    Fate.CANNOT_TELL: ("the provider couldn't tell", Onward.PERSON),
}


class _Summary:
    def __init__(self) -> None:
        self._fates: Counter[Fate] = Counter()
        self._left: Counter[tuple[str, str, Onward]] = Counter()
        self._again_at: dict[tuple[str, str, Onward], datetime] = {}

    def add(self, channel: str, told: Told | _Stays) -> None:
        if isinstance(told, _Stays):
            self._left[channel, told.reason, told.onward] += 1
            return
        self._fates[told.fate] += 1
        if told.fate not in _LEFT:
            return
        reason, onward = _LEFT[told.fate]
        key = (channel, f"{reason} ({told.detail})" if told.detail else reason, onward)
        self._left[key] += 1
        if told.again_at is not None:
            self._again_at[key] = min(told.again_at, self._again_at.get(key, told.again_at))

    def result(self, *, recorded: int) -> Reconciled:
        left = [
            Left(*key, count, self._again_at.get(key)) for key, count in self._left.most_common()
        ]
        return Reconciled(
            recorded=recorded,
            asked=self._fates.total() - self._fates[Fate.TOO_YOUNG],
            present=self._fates[Fate.PRESENT],
            absent=self._fates[Fate.ABSENT],
            exhausted=self._fates[Fate.EXHAUSTED],
            left=tuple(left),
        )
