"""The circuit breaker of an account: it stops before one broken connection puts a list in doubt."""

from __future__ import annotations

from datetime import timedelta

from aicmo.gateways.contract import Outcome, OutcomeKind, Scope

UNKNOWN_IN_A_ROW, FAILURES_IN_A_ROW = 3, 10
"""Each unanswered request is a doubt for a person; a failed one costs only a try."""
COOLS_DOWN_FOR = timedelta(minutes=5)

_FAILURES = (OutcomeKind.UNKNOWN, OutcomeKind.NOT_SENT, OutcomeKind.REFUSED_FOR_NOW)


class Breaker:
    """Counts failures in a row; `reason` says why nothing more may be tried, or is empty."""

    def __init__(self) -> None:
        self._unknown = self._failed = 0
        self._last: Outcome | None = None
        self.reason = ""

    def note(self, outcome: Outcome) -> None:
        """Takes one more outcome into account; one that reaches beyond its delivery isn't counted.

        One request that carried several deliveries is one failure.
        """
        if outcome.scope is not Scope.DELIVERY or (outcome.shared and outcome is self._last):
            return
        self._last = outcome
        self._unknown = self._unknown + 1 if outcome.kind is OutcomeKind.UNKNOWN else 0
        self._failed = self._failed + 1 if outcome.kind in _FAILURES else 0
        if self._unknown >= UNKNOWN_IN_A_ROW:
            self.reason = f"{self._unknown} requests in a row had no answer"
        elif self._failed >= FAILURES_IN_A_ROW:
            self.reason = f"{self._failed} requests in a row failed"
