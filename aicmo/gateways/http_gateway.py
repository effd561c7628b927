"""What gateways with an HTTP API share: one request per delivery, and an outcome whatever happens."""

from __future__ import annotations

from abc import abstractmethod
from types import TracebackType

from aicmo.errors import FixInput
from aicmo.gateways.contract import (
    Gateway,
    LivePermit,
    Outcome,
    OutcomeKind,
    Outgoing,
    StillAllowed,
)
from aicmo.gateways.http_answers import Clock
from aicmo.gateways.http_exchange import HttpExchange, NoAnswer


class HttpGateway(Gateway):
    """A provider's own part is `_post`, and the exchange that goes to its host alone."""

    _exchange: HttpExchange

    def __init__(self, permit: LivePermit, clock: Clock) -> None:
        super().__init__(permit)
        self._clock = clock

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._exchange.close()

    def send(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome:
        """One request for one delivery; see `Gateway.send`."""
        try:
            return self._post(outgoing, still_allowed)
        except FixInput as error:
            return Outcome(OutcomeKind.REFUSED_FOR_GOOD, detail=str(error))
        except NoAnswer as none:
            return none.outcome

    @abstractmethod
    def _post(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome:
        """Makes the one request, and says what its answer means.

        Raises:
            FixInput: the message can't be put into this provider's words.
            NoAnswer: nothing was asked, or nothing was answered.
        """
