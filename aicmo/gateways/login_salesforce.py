"""Logging in to Salesforce as an External Client App by itself: the client credentials flow.

A token has no end that is told: a session lasts as long as the org's setting says, 15 minutes at least.
So a new one is asked for after ten, which costs no call of the org's daily limit.

Source: Salesforce, "OAuth 2.0 Client Credentials Flow for Server-to-Server Integration" and "Modify
Session Security Settings", release 262 (2026).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from aicmo.errors import FixInput
from aicmo.gateways.login import Login, needs_a_person
from aicmo.gateways.oauth_tokens import AnswerLost, granted, lost, post_form, with_tokens

_PATH = "/services/oauth2/token"
_FRESH = timedelta(minutes=10)


def check_server(server: str) -> str:
    """The address of an org, `https://acme.my.salesforce.com`, in lower case.

    Raises:
        FixInput: it is another host, which would get the app's secret.
    """
    parts = urlsplit(server.lower())
    if parts.scheme != "https" or not parts.netloc.endswith(".my.salesforce.com"):
        raise FixInput(
            "That isn't the address of a Salesforce org",
            next_step="Give its My Domain: `--server https://acme.my.salesforce.com`. Setup shows it "
            "under My Domain; of a sandbox it is acme--name.sandbox.my.salesforce.com.",
        )
    return f"https://{parts.netloc}"


def is_due(login: Login, now: datetime) -> bool:
    obtained_at = login.obtained_at
    return not login.access_token or obtained_at is None or now >= obtained_at + _FRESH


def refresh(login: Login, now: datetime) -> Login:
    """A new token.

    Raises:
        NoToken: it is refused, or can't be asked for.
    """
    form = {
        "grant_type": "client_credentials", "client_id": login.client_id,
        "client_secret": login.client_secret,
    }  # fmt: skip
    try:
        content = granted(post_form(login.api_url or login.server, _PATH, form), now)
        found = with_tokens(login, content, now)
    except AnswerLost:
        raise lost() from None
    _require_its_org(login, content)
    return found


def _require_its_org(login: Login, content: Mapping[str, Any]) -> None:
    """A token is shown to no other host than the one that was asked for it."""
    told = str(content.get("instance_url", "")).rstrip("/").lower()
    if told != login.server:
        raise needs_a_person("", "the org is at another address now: log it in anew with --server")
