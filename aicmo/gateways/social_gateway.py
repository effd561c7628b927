"""What the gateways of social networks share: one post at a time, put up before it goes out."""

from __future__ import annotations

from abc import abstractmethod
from copy import deepcopy
from typing import Any

import httpx

from aicmo.errors import FixInput
from aicmo.gateways.account_gateway import AccountGateway, NoToken, Refused
from aicmo.gateways.contract import Outcome, OutcomeKind, Outgoing, Staged


class SocialGateway(AccountGateway):
    """A network's own part: `profile`, `_stage`, `_post`, `reconcile` and `recall`.

    Posts are few and each of them matters, so they are claimed, put up and sent one by one.
    """

    largest_batch = 1

    @abstractmethod
    def recall(self, ref: str) -> Outcome:
        """Deletes a published post: SENT when it is gone (also when it was already); never raises.

        REFUSED_FOR_GOOD where the network offers no way to delete.
        """

    def stage(self, draft: Outgoing) -> Staged:
        """See `Gateway.stage`; what was put up before an objection is kept."""
        values = deepcopy(dict(draft.staged))  # what changed is told by comparing them
        try:
            self._stage(draft, values)
        except (NoToken, Refused) as none:
            return Staged(values, none.outcome)
        except FixInput as error:
            return Staged(values, Outcome(OutcomeKind.REFUSED_FOR_GOOD, detail=str(error)))
        except httpx.HTTPError as error:
            detail = f"connection failed: {type(error).__name__}"
            return Staged(values, Outcome(OutcomeKind.NOT_SENT, detail=detail))
        return Staged(values)

    @abstractmethod
    def _stage(self, draft: Outgoing, values: dict[str, Any]) -> None:
        """Puts up what the post needs, and notes it in `values`; what is noted already still stands.

        Raises:
            NoToken, Refused, httpx.HTTPError: it can't be put up now.
            FixInput: it never can.
        """
