"""Sends what is due on one channel: claim a batch, compose it, arm it, hand it over, settle it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.database import Database
from aicmo.errors import AicmoError, FixAccount, FixInput, TryLater
from aicmo.execution import claims, guards, pauses
from aicmo.execution.arming import Armed, arm, let_go
from aicmo.execution.claims import Claim
from aicmo.execution.composing import Composed, EmailComposers, recipients
from aicmo.execution.project import PlanItem, ProjectPlan
from aicmo.execution.report import NOT_COMPOSED
from aicmo.execution.settling import settle
from aicmo.execution.states import Mover, State
from aicmo.gateways.contract import (
    Gateway,
    LivePermit,
    OpenGateway,
    Outcome,
    OutcomeKind,
    Outgoing,
    Scope,
)
from aicmo.models import Delivery

BATCH = 50
"""Deliveries per claim: few enough that a killed worker leaves few doubts."""

_UNTOUCHED = Outcome(OutcomeKind.NOT_SENT, detail="the run was interrupted", scope=Scope.BATCH)
_IN_DOUBT = Outcome(OutcomeKind.UNKNOWN, detail="interrupted while it was being sent")

OnProgress = Callable[[State | None], None]
"""Called after every settled delivery with its new state."""


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
    on_progress: OnProgress = lambda _: None

    def run(self, *, limit: int | None = None) -> int:
        """Sends until nothing is due any more, or `limit` deliveries were armed.

        Returns:
            The number of deliveries that were handed to the gateway.

        Raises:
            TryLater: the provider can't be reached; what was armed waits again.
            FixAccount: the provider refuses the account, which is paused now.
        """
        composers, handed_over = EmailComposers(self.plan.document), 0
        with self.open_gateway(self.permit) as gateway:
            while limit is None or handed_over < limit:
                room = BATCH if limit is None else min(BATCH, limit - handed_over)
                claim = claims.claim(
                    self.database, self.mover(), [item.id for item in self.items], at_most=room
                )
                if claim is None:
                    break
                handed_over += self._send(gateway, claim, composers)
        return handed_over

    def _send(self, gateway: Gateway, claim: Claim, composers: EmailComposers) -> int:
        composed = self._compose(claim, composers)
        armed = arm(
            self.database,
            self.mover(),
            claim,
            composed,
            self.channels_with_gateway,
            self.plan.version,
        )
        if armed.plan_changed:
            raise TryLater(
                "The plan was changed during the run",
                next_step="Look at it, approve it, then run again: nothing is lost or sent twice.",
            )
        ending = self._hand_over(gateway, armed)
        if ending and not self._is_paused():
            raise self._stopped(ending)
        return len(armed.outgoing)

    def _hand_over(self, gateway: Gateway, armed: Armed) -> Outcome | None:
        """Sends an armed batch; returns the outcome that ended the run, if one did."""
        ending: Outcome | None = None
        untouched, in_hand = deque(armed.outgoing), dict[int, Outgoing]()

        def one_by_one() -> Iterator[Outgoing]:
            while untouched:
                outgoing = untouched.popleft()
                in_hand[outgoing.delivery_id] = outgoing
                yield outgoing

        try:
            for outgoing, outcome in gateway.send_batch(one_by_one(), self._still_allowed):
                self._settle(armed, outgoing, outcome)
                del in_hand[outgoing.delivery_id]
                ending = ending or (outcome if outcome.ends_run else None)
        except BaseException:
            # What the gateway never took can't have gone out; what it had may have.
            for outgoing in in_hand.values():
                self._settle(armed, outgoing, _IN_DOUBT)
            for outgoing in untouched:
                self._settle(armed, outgoing, _UNTOUCHED)
            raise
        return ending

    def _settle(self, armed: Armed, outgoing: Outgoing, outcome: Outcome) -> None:
        self.on_progress(settle(self.database, self.mover(), armed.fence, outgoing, outcome))

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

    def _compose(self, claim: Claim, composers: EmailComposers) -> dict[int, Composed]:
        composed: dict[int, Composed] = {}
        now = self.mover().at
        with self.database.read() as session:
            item_of = _items_of(session, claim, self.items)
            people = list(recipients(session, claim.delivery_ids))
        for person in people:
            try:
                email = composers.compose(item_of[person.delivery_id], person, now)
            except FixInput as error:
                self._hold(claim, person.delivery_id, f"{NOT_COMPOSED}: {error}")
                continue
            composed[person.delivery_id] = Composed(
                person.token, email.sender, email.recipient, email.payload
            )
        return composed

    def _hold(self, claim: Claim, delivery_id: int, reason: str) -> None:
        verdict = guards.Verdict(guards.HOLD, reason[:200])
        with audit.transaction(self.database, self.plan.project_id) as session:
            let_go(session, self.mover(), claim.fence, delivery_id, verdict)

    def _still_allowed(self, _outgoing: Outgoing) -> bool:
        return not self._is_paused()

    def _is_paused(self) -> bool:
        with self.database.read() as session:
            switches = pauses.current(session, self.plan.project_id)
            return any(each.channel in ("", self.channel) for each in switches)


def _items_of(session: Session, claim: Claim, items: Sequence[PlanItem]) -> dict[int, str]:
    keys = {item.id: item.key for item in items}
    query = select(Delivery.id, Delivery.item_id).where(Delivery.id.in_(claim.delivery_ids))
    return {row[0]: keys[row[1]] for row in session.execute(query)}
