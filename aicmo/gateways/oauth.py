"""Asking a person's consent (RFC 6749 §4.1) with PKCE (RFC 7636), as RFC 8252 has it for programs."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

from aicmo.errors import FixAccount, FixInput

_ERROR_NAME = re.compile(r"[a-z_]{1,40}")


def _random() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class Consent:
    """One attempt to log in.

    redirect: where the network sends the browser with its answer.
    state: comes back with the answer, so that nobody can slip in another one.
    verifier: shows the network that whoever began it is the one who ends it.
    """

    redirect: str
    state: str = field(default_factory=_random, repr=False)
    verifier: str = field(default_factory=_random, repr=False)

    @property
    def challenge(self) -> str:
        """The verifier's SHA-256, which may be shown (RFC 7636 §4.2, S256)."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode()

    def address(
        self, page: str, client_id: str, scopes: Iterable[str], more: Mapping[str, str]
    ) -> str:
        """The page that asks the person, with everything it has to know."""
        asked = {
            "response_type": "code", "client_id": client_id, "redirect_uri": self.redirect,
            "scope": " ".join(scopes), "state": self.state, **more,
        }  # fmt: skip
        return f"{page}?{urlencode(asked)}"

    @property
    def pkce(self) -> dict[str, str]:
        return {"code_challenge": self.challenge, "code_challenge_method": "S256"}

    def code_in(self, redirected: str) -> str:
        """The code in the address that the network sent the browser to.

        Raises:
            FixAccount: the person or the network said no.
            FixInput: it belongs to another log-in, or isn't such an address.
        """
        said = parse_qs(urlsplit(redirected.strip()).query)
        state, code = said.get("state", [""])[0], said.get("code", [""])[0]
        if not hmac.compare_digest(state.encode(), self.state.encode()):
            raise FixInput(
                "That answer belongs to another log-in (its state differs)",
                next_step="Begin again with `aicmo accounts add`, and use the page it opens.",
            )
        if not code:
            error = said.get("error", [""])[0]
            name = error if _ERROR_NAME.fullmatch(error) else "no code came"
            raise FixAccount(
                f"The log-in wasn't granted: {name}",
                next_step="Begin again with `aicmo accounts add`, and agree to what it asks for.",
            )
        return code
