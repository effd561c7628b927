"""How long putting up one post's media may take, so that no claim lapses over it."""

from __future__ import annotations

import time

from aicmo.gateways.account_gateway import Refused
from aicmo.gateways.contract import Outcome, OutcomeKind

STAGING_SECONDS = 1_200.0
"""A film that is still being processed then goes on another time."""
_REQUEST_SECONDS = 120.0


class StagingTime:
    """Counts from its making."""

    def __init__(self) -> None:
        self._until = time.monotonic() + STAGING_SECONDS - _REQUEST_SECONDS

    def require(self) -> None:
        """There is time for another request.

        Raises:
            Refused: there isn't.
        """
        if time.monotonic() > self._until:
            detail = "its media aren't through yet"
            raise Refused(Outcome(OutcomeKind.REFUSED_FOR_NOW, detail=detail))
