"""Sends what is due on one channel: claim a batch, compose it, arm it, hand it over, settle it."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.database import Database
from aicmo.errors import AicmoError, FixAccount, TryLater
from aicmo.execution import claims, guards, identity, pauses, settling, staging
from aicmo.execution.arming import Armed, arm, let_go
from aicmo.execution.breaker import COOLS_DOWN_FOR, Breaker
from aicmo.execution.claims import Claim
from aicmo.execution.composing import Composed, ComposedBatch
from aicmo.execution.handing_over import OnProgress, Wire
from aicmo.execution.journal import Journal
from aicmo.execution.permission import Permission
from aicmo.execution.project import PlanItem, ProjectPlan
from aicmo.execution.states import Mover
from aicmo.execution.watchdog import Watchdog
from aicmo.execution.watermarks import remember_head
from aicmo.gateways.contract import LivePermit, OpenGateway, Outcome, OutcomeKind
from aicmo.redaction import describe

BATCH = 200
"""Deliveries of a run's first claim; later ones are as large as the provider is quick."""
LARGEST_BATCH = 1_000
"""What a lost machine leaves in doubt at most; a quick relay takes it in half a second."""
_BATCH_SECONDS = 0.5
_LONGEST_WAIT = timedelta(minutes=1)
_LONGEST_WAIT_FOR_A_REPEAT = timedelta(seconds=10)


class Composers(Protocol):
    """Makes the bytes of an item's deliveries."""

    def compose_batch(
        self, session: Session, item_key: str, delivery_ids: Sequence[int], now: datetime
    ) -> ComposedBatch: ...


@dataclass(frozen=True)
class Dispatch:
    """Everything that sending one channel of one run needs."""

    database: Database
    mover: Callable[[], Mover]
    plan: ProjectPlan
    items: Sequence[PlanItem]
    channel: str
    channels_with_gateway: tuple[str, ...]
    permit: LivePermit
    open_gateway: OpenGateway
    composers: Composers
    on_progress: OnProgress = lambda _: None

    def run(self, *, limit: int | None = None) -> int:
        """Sends until nothing is due any more, or `limit` deliveries were armed.

        Returns:
            The number of deliveries that were handed to the gateway.

        Raises:
            TryLater: the provider or the database can't be reached; what was armed waits again.
            FixAccount: the provider refuses the account, which is paused now.
        """
        handed_over, at_most, began_at = 0, BATCH, self.mover().at
        with self._wire() as wire:
            identity.require_pinned(self.database, self.mover(), self.channel, wire.gateway)
            while limit is None or handed_over < limit:
                if wire.permission.stopped_by or wire.permission.is_paused():
                    self._record_stop(began_at)
                    break
                room = at_most if limit is None else min(at_most, limit - handed_over)
                mover = self.mover()
                claim = self._claim(wire, mover, min(room, wire.gateway.largest_batch))
                if claim is None:
                    if self._waited(mover.at):
                        continue
                    break
                began = time.monotonic()
                armed = self._send(wire, claim)
                sent = len(armed.outgoing)
                handed_over += sent
                if armed.is_full:
                    break
                at_most = _next_size(wire, sent, time.monotonic() - began)
        return handed_over

    @contextmanager
    def _wire(self) -> Generator[Wire]:
        """The open gateway; what a failure of the database leaves is in the journal."""
        with ExitStack() as stack:
            stack.enter_context(_database_trouble_told())
            journal = stack.enter_context(Journal(self.database.journal_folder))
            permission = stack.enter_context(
                Permission(self.database, journal, self.plan, self.channel)
            )
            gateway = stack.enter_context(self.open_gateway(self.permit))
            bound = gateway.timing.send_deadline + gateway.timing.request_bound
            watchdog = stack.enter_context(Watchdog(bound))
            yield Wire(
                self.database, self.mover, gateway, journal, permission, watchdog, Breaker(),
                self.on_progress,
            )  # fmt: skip

    def _claim(self, wire: Wire, mover: Mover, at_most: int) -> Claim | None:
        fence = claims.new_fence()
        wire.journal.claim(fence, mover.run_id)
        lease = claims.CLAIM_LEASE + timedelta(seconds=wire.gateway.timing.staging)
        claim = claims.claim(
            self.database, mover, self._item_ids, fence=fence, at_most=at_most, lease=lease
        )  # fmt: skip
        if claim is None:
            wire.journal.settled()
        return claim

    @property
    def _item_ids(self) -> list[int]:
        return [item.id for item in self.items]

    def _send(self, wire: Wire, claim: Claim) -> Armed:
        composed = self._compose(claim)
        ready = staging.stage(self.database, self.mover(), wire.gateway, claim, composed)
        armed = arm(
            self.database,
            self.mover(),
            claim,
            ready,
            self.channels_with_gateway,
            self.plan,
            wire.gateway,
        )
        if armed.plan_changed:
            raise TryLater(
                "The plan was changed during the run",
                next_step="Look at it, approve it, then run again: nothing is lost or sent twice.",
            )
        if armed.outgoing:
            remember_head(self.database, self.plan.project_id, *armed.head)
        ending = wire.send(armed)
        if wire.breaker.reason:
            self._cool_down(armed, wire.breaker.reason)
        if wire.permission.stopped_by not in ("", guards.PAUSED):
            raise TryLater(
                f"Sending on {self.channel} stopped: {wire.permission.stopped_by}",
                next_step="Look at it, then run again: nothing is lost or sent twice.",
            )
        if ending and not wire.permission.stopped_by:
            raise self._stopped(ending)
        return armed

    def _cool_down(self, armed: Armed, reason: str) -> None:
        mover = self.mover()
        until = mover.at + COOLS_DOWN_FOR
        with audit.transaction(self.database, mover.project_id) as session:
            settling.let_account_wait(session, mover, armed.account_id, until, reason)
        raise TryLater(
            f"Sending on {self.channel} stopped: {reason}",
            next_step=f"Look at the provider; after {until:%H:%M} UTC a run tries again. "
            f"`aicmo doubts {self.plan.project_id}` lists what may have gone out.",
        )

    def _stopped(self, ending: Outcome) -> AicmoError:
        said = " ".join(part for part in (ending.code, ending.detail) if part)
        if ending.kind is OutcomeKind.REFUSED_ACCOUNT:
            release = f"`aicmo unpause {self.plan.project_id} --channel {self.channel}`"
            return FixAccount(
                f"The {self.channel} account is refused and paused: {said}",
                next_step=f"Put its log-in right, then {release} and run again.",
            )
        return TryLater(
            f"Sending on {self.channel} stopped: {said}",
            next_step="Check the connection, then run again: nothing is lost or sent twice.",
        )

    def _record_stop(self, began_at: datetime) -> None:
        """How long after the switch was set, or the run began, the last byte had gone at the latest."""
        mover = self.mover()
        with audit.transaction(self.database, mover.project_id) as session:
            switches = pauses.current(session, mover.project_id)
            mine = [each.paused_at for each in switches if each.channel in ("", self.channel)]
            since = max(min(mine, default=mover.at), began_at)
            audit.record(
                session, audit.Event.EXECUTION_STOPPED, project_id=mover.project_id,
                actor=mover.actor, run=mover.run_id, channel=self.channel,
                seconds_after_pause=max(0.0, round((mover.at - since).total_seconds(), 3)),
            )  # fmt: skip

    def _waited(self, asked_at: datetime) -> bool:
        """Sleeps through a short wait, such as a rate limit per minute; False if it is long.

        Args:
            asked_at: when nothing could be claimed. The wait may be over by now.
        """
        with self.database.read() as session:
            account = claims.waits_until(session, self._item_ids, asked_at)
            repeat = claims.repeats_at(session, self._item_ids, asked_at)
        now = self.mover().at
        short = [
            until
            for until, longest in ((account, _LONGEST_WAIT), (repeat, _LONGEST_WAIT_FOR_A_REPEAT))
            if until is not None and until - now <= longest
        ]
        if not short:
            return False
        time.sleep(max(0.0, (min(short) - now).total_seconds()))
        return self.mover().at >= min(short)

    def _compose(self, claim: Claim) -> dict[int, Composed]:
        item = next(each.key for each in self.items if each.id == claim.item_id)
        with self.database.read() as session:
            now = self.mover().at
            batch = self.composers.compose_batch(session, item, claim.delivery_ids, now)
        self._hold(claim, batch.stopped)
        return batch.composed

    def _hold(self, claim: Claim, cannot: dict[int, guards.Verdict]) -> None:
        if cannot:
            with audit.transaction(self.database, self.plan.project_id) as session:
                let_go(session, self.mover(), claim.fence, cannot)


@contextmanager
def _database_trouble_told() -> Generator[None]:
    try:
        yield
    except DBAPIError as error:
        raise TryLater(
            f"The database doesn't work: {describe(error)}",
            next_step="Run again when it does: what was answered is kept in the journal, and "
            "nothing is lost or sent twice.",
        ) from error


def _next_size(wire: Wire, sent: int, seconds: float) -> int:
    """More of a quick provider, since each claim costs; fewer of one too slow for its deadline."""
    if not sent:
        return BATCH
    per_second = sent / seconds
    in_time = per_second * wire.gateway.timing.send_deadline / 2
    return max(1, int(min(in_time, max(BATCH, per_second * _BATCH_SECONDS), LARGEST_BATCH)))
