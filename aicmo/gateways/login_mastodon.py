"""Logging in to a Mastodon server: the app registers itself, and its token has no end.

Source: docs.joinmastodon.org, methods `apps` and `oauth`, 2026-07.
"""

from __future__ import annotations

from datetime import datetime

from aicmo.gateways.login import Login
from aicmo.gateways.oauth import Consent
from aicmo.gateways.oauth_tokens import AnswerLost, granted, lost, post_form, text, with_tokens

SCOPES = ("read:accounts", "read:statuses", "write:statuses", "write:media")
_NAME = "AICMO Delivery"


def register(login: Login, consent: Consent, now: datetime) -> Login:
    """The log-in with an app of its own at its server.

    Raises:
        NoToken: the server makes none.
    """
    form = {
        "client_name": _NAME, "redirect_uris": consent.redirect, "scopes": " ".join(SCOPES),
    }  # fmt: skip
    try:
        app = granted(post_form(login.server, "/api/v1/apps", form), now)
        client_id, secret = text(app, "client_id"), text(app, "client_secret")
    except AnswerLost:
        raise lost() from None
    return login.with_(client_id=client_id, client_secret=secret)


def consent_page(login: Login, consent: Consent) -> str:
    """The server's page that asks its user; servers before Mastodon 4.3 ignore PKCE."""
    page = f"{login.server}/oauth/authorize"
    return consent.address(page, login.client_id, SCOPES, consent.pkce)


def log_in(login: Login, consent: Consent, code: str, now: datetime) -> Login:
    """What the user's consent gives.

    Raises:
        NoToken: nothing.
    """
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": consent.redirect,
        "client_id": login.client_id, "client_secret": login.client_secret,
        "code_verifier": consent.verifier, "scope": " ".join(SCOPES),
    }  # fmt: skip
    try:
        return with_tokens(login, granted(post_form(login.server, "/oauth/token", form), now), now)
    except AnswerLost:
        raise lost() from None
