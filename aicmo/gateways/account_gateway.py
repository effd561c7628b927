"""What the gateways of accounts that a person pins share: who is logged in, and the log-in itself."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import httpx

from aicmo.gateways.contract import LivePermit, Outcome, OutcomeKind, Outgoing, Scope, StillAllowed
from aicmo.gateways.http_answers import Answer, Clock
from aicmo.gateways.http_gateway import HttpGateway


@dataclass(frozen=True, slots=True)
class ProviderAccount:
    """The client's account at a provider, as a person pinned it.

    identity: the provider's own id: a URN, a DID, a number.
    server: `https://host` of the account's server, where a provider has many; else ''.
    handle: as people know it, `@acme`. profile: what `Profile` said when it was pinned.
    api_url: a loopback address in tests; '' for the provider's own.
    """

    identity: str
    name: str = ""
    handle: str = ""
    server: str = ""
    profile: Mapping[str, Any] = field(default_factory=dict[str, Any])
    api_url: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """Who is logged in, as the network says it, and what an operator wants to know of the account.

    identity, name, handle: as in `ProviderAccount`. avatar_url: https://, or ''.
    facts: by name, such as `permalink` of the account or a server's limits; plain JSON, no secret.
    scopes: what the log-in may do. expires_at: of the log-in, when a person must renew it.
    api_version, api_ends_on: of the provider's API, where versions end.
    quota_used, quota_total: posts today, where the network tells.
    problems: what an operator has to see to, in sentences.
    """

    identity: str
    name: str = ""
    handle: str = ""
    avatar_url: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    scopes: Sequence[str] = ()
    expires_at: datetime | None = None
    api_version: str = ""
    api_ends_on: datetime | None = None
    quota_used: int | None = None
    quota_total: int | None = None
    problems: Sequence[str] = ()


class NoToken(Exception):
    """The log-in can't be used now.

    A turn in the dialogue: it never leaves the gateway.
    """

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.detail)
        self.outcome = outcome


class TokenSource(Protocol):
    """Gives the access token of one account; refreshes it before its end, once for all workers."""

    def access_token(self) -> str:
        """The token for the next requests.

        Raises:
            NoToken: a person has to log in anew, or the provider can't be reached.
        """
        ...

    def extra(self, name: str) -> str:
        """A further part of the log-in, such as a permission's names; '' if it isn't there."""
        ...


class Refused(Exception):
    """An answer other than the documented success, on the way to a delivery.

    A turn in the dialogue: it never leaves the gateway.
    """

    def __init__(self, outcome: Outcome, answer: Answer | None = None) -> None:
        super().__init__(outcome.code)
        self.outcome, self.answer = outcome, answer


def other_account(live: Profile, identity: str, name: str) -> str:
    """Who is logged in instead of the pinned account; by their ids where both are called the same."""
    who = live.handle or live.name
    if not who or not name or who == name:
        who, name = live.identity, identity
    return f"logged in as {who}, but the project's account is {name}"


class AccountGateway(HttpGateway):
    """A provider's own part of who is logged in is `profile`."""

    def __init__(
        self, permit: LivePermit, account: ProviderAccount, tokens: TokenSource, clock: Clock
    ) -> None:
        super().__init__(permit, clock)
        self.account, self._tokens = account, tokens
        self.identity = ""

    @abstractmethod
    def profile(self) -> Profile:
        """Asks the network who is logged in; changes nothing there.

        Raises:
            NoToken: the log-in can't be used.
            Refused: the network refuses to say.
            httpx.HTTPError: there is no answer.
        """

    def identify(self) -> Outcome | None:
        """Asks who is logged in, and remembers it; why nothing may be sent as that account, or None."""
        try:
            found = self.profile()
        except (NoToken, Refused) as none:
            return none.outcome
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            return Outcome(OutcomeKind.NOT_SENT, detail=type(error).__name__, scope=Scope.RUN)
        if found.identity != self.account.identity:
            pinned = self.account
            detail = other_account(found, pinned.identity, pinned.handle or pinned.name)
            return Outcome(OutcomeKind.REFUSED_ACCOUNT, detail=detail[:200])
        self.identity = found.identity
        return None

    def send(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome:
        """One request for one delivery; see `Gateway.send`."""
        try:
            return super().send(outgoing, still_allowed)
        except NoToken as none:
            return none.outcome

    def _login(self) -> dict[str, str]:
        """The header of a logged-in request."""
        return {"Authorization": f"Bearer {self._tokens.access_token()}"}
