"""What an account is logged in with: tokens, and what new ones are asked for with."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from urllib.parse import urlsplit

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

from aicmo.gateways.account_gateway import NoToken
from aicmo.gateways.contract import Outcome, OutcomeKind, Scope
from aicmo.smtp_relay import is_loopback


class Login(BaseModel):
    """A log-in; kept sealed, and shown to nobody.

    client_id, client_secret: of the app that asks. identifier, app_password: Bluesky's.
    obtained_at, expires_at: of the access token; without the second it doesn't expire.
    ends_at: of the refresh token, where it has an end.
    server: `https://host`, where a network has many.
    api_url: a loopback address, for tests; '' for the network's own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    access_token: str = Field(default="", repr=False)
    refresh_token: str = Field(default="", repr=False)
    client_id: str = ""
    client_secret: str = Field(default="", repr=False)
    identifier: str = ""
    app_password: str = Field(default="", repr=False)
    scopes: tuple[str, ...] = ()
    obtained_at: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    server: str = ""
    api_url: str = ""

    @field_validator("api_url")
    @classmethod
    def _only_this_machine(cls, url: str) -> str:
        if url and not is_loopback(urlsplit(url).hostname or ""):
            raise ValueError("only a loopback address: another host would get the tokens")
        return url.rstrip("/")

    def with_(self, **changes: object) -> Self:
        """A copy, checked like the first."""
        return self.model_validate(self.model_dump() | changes)

    def to_bytes(self) -> bytes:
        return self.model_dump_json(exclude_defaults=True).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """What `to_bytes` gave.

        Raises:
            ValueError: it is something else; the text doesn't repeat it.
        """
        return cls.model_validate_json(content)

    def secrets(self) -> tuple[str, ...]:
        """Everything in it that must not be shown."""
        held = (self.access_token, self.refresh_token, self.client_secret, self.app_password)
        return tuple(each for each in held if each)

    def ends(self) -> datetime | None:
        """When a person has to log in anew; None if that isn't known beforehand."""
        renews_itself = bool(self.refresh_token or self.app_password)
        return self.ends_at if renews_itself else self.expires_at

    def is_usable(self, now: datetime) -> bool:
        """There is an access token, and it hasn't expired."""
        return bool(self.access_token) and (self.expires_at is None or now < self.expires_at)


def needs_a_person(code: str, detail: str) -> NoToken:
    """The network refuses the log-in: somebody has to log in anew."""
    return NoToken(Outcome(OutcomeKind.REFUSED_ACCOUNT, code=code, detail=detail))


def not_now(code: str, detail: str) -> NoToken:
    """Nothing is lost: the same can be asked for again."""
    return NoToken(Outcome(OutcomeKind.NOT_SENT, code=code, detail=detail, scope=Scope.RUN))
