"""What waits for a connection, and what became of the rest: taken one by one from an armed batch."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from math import inf

from aicmo.gateways.contract import Outcome, OutcomeKind, Outgoing, Scope
from aicmo.gateways.smtp_connection import LATE
from aicmo.gateways.smtp_letter import Letter, Sign, unfit
from aicmo.gateways.smtp_pace import Pace

_LOOK_AHEAD = 50
"""Messages that wait for their domain's turn, while others are let by."""
_STOPPED = Outcome(OutcomeKind.NOT_SENT, detail="let go untried", scope=Scope.BATCH)


class Queue:
    """The desk of the connections for one batch. `ending`: what the others get once it has ended.

    answers: to be handed on, in order. is_doubtful: the last clear answer is longer ago than the
    last doubt. wakes_at: when one that waits may begin, or is late.
    """

    def __init__(self, batch: Iterator[Outgoing], pace: Pace, sign: Sign | None) -> None:
        self.answers: deque[tuple[Outgoing, Outcome]] = deque()
        self.ending: Outcome | None = None
        self.is_exhausted = self.is_doubtful = False
        self.wakes_at = inf
        self._batch, self._pace, self._sign = batch, pace, sign
        self._waiting: deque[Letter] = deque()

    @property
    def is_empty(self) -> bool:
        return self.is_exhausted and not self._waiting

    def answer(self, letter: Letter, outcome: Outcome) -> None:
        self._answer(letter.outgoing, outcome)

    def put_back(self, letter: Letter) -> None:
        self._waiting.appendleft(letter)

    def next_letter(self) -> Letter | None:
        """One that may begin now; None if there is none, or an answer has to be handed on first."""
        now = time.monotonic()
        for letter in self._waiting:
            if self._may_begin(letter, now):
                self._waiting.remove(letter)
                return self._begun(letter, now)
        while not (self.ending or self.is_exhausted) and len(self._waiting) < _LOOK_AHEAD:
            letter = self._pull()
            if letter is None:
                return None
            if self._may_begin(letter, now):
                return self._begun(letter, now)
            self._waiting.append(letter)
        return None

    def let_go(self, outcome: Outcome = _STOPPED) -> None:
        """Those that wait aren't tried in this batch."""
        while self._waiting:
            self.answers.append((self._waiting.popleft().outgoing, outcome))

    def rest(self) -> Iterator[Outgoing]:
        """What nobody has taken."""
        return self._batch

    def _begun(self, letter: Letter, now: float) -> Letter | None:
        if letter.outgoing.is_late():
            self.answer(letter, LATE)
            return None
        self._pace.note(letter.domain, now)
        return letter

    def _may_begin(self, letter: Letter, now: float) -> bool:
        """A late one may as well: to be told so."""
        at = min(self._pace.free_at(letter.domain), letter.deadline)
        self.wakes_at = min(self.wakes_at, at if at > now else inf)
        return at <= now

    def _pull(self) -> Letter | None:
        outgoing = next(self._batch, None)
        if outgoing is None:
            self.is_exhausted = True
            return None
        found = LATE if outgoing.is_late() else self._prepared(outgoing)
        if isinstance(found, Letter):
            return found
        self._answer(outgoing, found)
        return None

    def _prepared(self, outgoing: Outgoing) -> Letter | Outcome:
        try:
            payload = self._sign(outgoing.payload) if self._sign else outgoing.payload
        except Exception as error:  # noqa: BLE001  (a key that is gone, whatever the signer says)
            detail = f"the message can't be signed: {type(error).__name__}"
            return Outcome(OutcomeKind.NOT_SENT, detail=detail, scope=Scope.RUN)
        if problem := unfit(outgoing, payload):
            return Outcome(OutcomeKind.REFUSED_FOR_GOOD, detail=problem)
        return Letter(outgoing, payload)

    def _answer(self, outgoing: Outgoing, outcome: Outcome) -> None:
        self.answers.append((outgoing, outcome))
        if outcome.kind in (OutcomeKind.SENT, OutcomeKind.UNKNOWN):
            self.is_doubtful = outcome.kind is OutcomeKind.UNKNOWN
        if self.ending is None and outcome.ends_batch:
            scope = Scope.BATCH if outcome.scope is Scope.BATCH else Scope.RUN
            self.ending = Outcome(OutcomeKind.NOT_SENT, detail=outcome.detail, scope=scope)
