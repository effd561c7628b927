"""What the tests of all social networks are made with: a log-in, a picture, faults, forms of a limit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256

from aicmo.gateways.account_gateway import NoToken
from aicmo.gateways.contract import Attachment, Outcome, OutcomeKind
from tests.contract.gateway_contract import SENT, UNKNOWN
from tests.contract.mail_api_contract import ACCOUNT
from tests.peers.http_exchange import Fault
from tests.peers.routed_peer import KEY

TOKEN = "0123456789abcdef0123456789abcde0"
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
_THEN = NOW + timedelta(minutes=1)
LIMITS: Mapping[str, Mapping[str, str]] = {
    "seconds": {"Retry-After": "60"},
    "HTTP date": {"Retry-After": format_datetime(_THEN, usegmt=True)},
    "Unix time": {"x-rate-limit-reset": str(int(_THEN.timestamp()))},
    "ISO 8601": {"X-RateLimit-Reset": _THEN.isoformat()},
    "RateLimit-Reset": {"RateLimit-Reset": str(int(_THEN.timestamp()))},
}
"""The forms in which networks say when to come back, all of them a minute after NOW."""
NO_OBJECTION = frozenset({SENT, UNKNOWN, OutcomeKind.DUPLICATE})
"""What `stage` never says, since nobody has seen anything yet."""
NO_ANSWERS = (
    Fault(then="close"),
    Fault(then="cut"),
    Fault(then="reset"),
    Fault(then="garbage"),
    Fault(status=500),
    Fault(status=503),
)
UNCLEAR = (*NO_ANSWERS, Fault(status=401), Fault(status=429), Fault(status=301), Fault(content={}))
"""What a provider may say of a doubt that proves nothing; as is everything that isn't understood."""


class Tokens:
    """The log-in of a test."""

    def __init__(self, token: str = KEY, **extra: str) -> None:
        self.token, self.extras = token, extra

    def access_token(self) -> str:
        return self.token

    def extra(self, name: str) -> str:
        return self.extras.get(name, "")


class NoTokens(Tokens):
    """A log-in that has run out."""

    def access_token(self) -> str:
        raise NoToken(Outcome(ACCOUNT, detail="log in anew"))


def picture(content: bytes = b"\xff\xd8\xff\xe0 a picture \xff\xd9") -> Attachment:
    """A JPEG as far as a gateway looks at it."""
    return Attachment(
        sha256(content).hexdigest(), "image/jpeg", 1200, 900, "A café, “early”", content
    )
