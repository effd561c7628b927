"""Logging in to X: OAuth 2.0 with PKCE; an access token lives two hours, a refresh token once.

Source: docs.x.com, "OAuth 2.0 Authorization Code Flow with PKCE", 2026-08.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from aicmo.gateways.login import Login, needs_a_person
from aicmo.gateways.oauth import Consent
from aicmo.gateways.oauth_tokens import AnswerLost, basic, granted, lost, post_form, with_tokens

SCOPES = ("tweet.read", "tweet.write", "users.read", "media.write", "offline.access")
_API, _PAGE, _TOKEN = "https://api.x.com", "https://x.com", "/2/oauth2/token"
_AHEAD, _LIFE = timedelta(minutes=10), timedelta(hours=2)


def consent_page(login: Login, consent: Consent) -> str:
    """The page that asks the account's owner."""
    page = f"{login.api_url or _PAGE}/i/oauth2/authorize"
    return consent.address(page, login.client_id, SCOPES, consent.pkce)


def log_in(login: Login, consent: Consent, code: str, now: datetime) -> Login:
    """What the owner's consent gives; the code lives 30 seconds.

    Raises:
        NoToken: nothing.
    """
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": consent.redirect,
        "code_verifier": consent.verifier, "client_id": login.client_id,
    }  # fmt: skip
    try:
        return _ask(login, form, now)
    except AnswerLost:
        raise lost() from None


def is_due(login: Login, now: datetime) -> bool:
    if login.expires_at is None:
        return bool(login.refresh_token)
    return now >= login.expires_at - _AHEAD


def refresh(login: Login, now: datetime) -> Login:
    """The next pair of tokens.

    Raises:
        NoToken: it is refused, or can't be asked for. A lost answer has to be taken for the end: the
            token that was used may be worth nothing any more, and the new one is unknown.
    """
    if not login.refresh_token:
        raise needs_a_person("", "the log-in has expired, and no refresh token was given")
    form = {
        "grant_type": "refresh_token", "refresh_token": login.refresh_token,
        "client_id": login.client_id,
    }  # fmt: skip
    try:
        return _ask(login, form, now)
    except AnswerLost:
        raise needs_a_person("", "the answer to a refresh was lost; its token works once") from None


def _ask(login: Login, form: dict[str, str], now: datetime) -> Login:
    answer = post_form(login.api_url or _API, _TOKEN, form, basic(login))
    found = with_tokens(login, granted(answer, now), now)
    return found.with_(expires_at=found.expires_at or now + _LIFE)
