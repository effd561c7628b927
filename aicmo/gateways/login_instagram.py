"""Logging in to Instagram: a token of 60 days, which each refresh renews once it is a day old.

Two of its addresses take the token in the query and nowhere else, so they are asked here alone, and
neither the URL nor an error's text goes any further.

Source: Meta, "Business Login for Instagram", 2026-03.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast
from urllib.parse import urlencode

from aicmo.gateways.login import Login
from aicmo.gateways.oauth import Consent
from aicmo.gateways.oauth_tokens import AnswerLost, ask, granted, lost, post_form, text, with_tokens

SCOPES = ("instagram_business_basic", "instagram_business_content_publish")
_PAGE, _API, _GRAPH = (
    "https://www.instagram.com", "https://api.instagram.com", "https://graph.instagram.com",
)  # fmt: skip
_OLD_ENOUGH = timedelta(hours=24)


def consent_page(login: Login, consent: Consent) -> str:
    """The page that asks the account's owner; it knows no PKCE, and separates scopes by commas."""
    page = f"{login.api_url or _PAGE}/oauth/authorize"
    return consent.address(page, login.client_id, [",".join(SCOPES)], {})


def log_in(login: Login, consent: Consent, code: str, now: datetime) -> Login:
    """What the owner's consent gives: a token of an hour, changed for one of 60 days.

    Raises:
        NoToken: nothing.
    """
    form = {
        "client_id": login.client_id, "client_secret": login.client_secret,
        "grant_type": "authorization_code", "redirect_uri": consent.redirect,
        "code": code.removesuffix("#_"),
    }  # fmt: skip
    try:
        answer = post_form(login.api_url or _API, "/oauth/access_token", form)
        short = _flat(granted(answer, now))
        token, scopes = text(short, "access_token"), _scopes(short) or SCOPES
        return _ask(
            login.with_(scopes=scopes), "access_token", now, access_token=token,
            grant_type="ig_exchange_token", client_secret=login.client_secret,
        )  # fmt: skip
    except AnswerLost:
        raise lost() from None


def is_due(login: Login, now: datetime) -> bool:
    return login.obtained_at is None or now >= login.obtained_at + _OLD_ENOUGH


def refresh(login: Login, now: datetime) -> Login:
    """The token for another 60 days.

    Raises:
        NoToken: it is refused, or can't be asked for.
    """
    try:
        return _ask(
            login, "refresh_access_token", now,
            grant_type="ig_refresh_token", access_token=login.access_token,
        )  # fmt: skip
    except AnswerLost:
        raise lost() from None


def _ask(login: Login, name: str, now: datetime, **query: str) -> Login:
    path = f"/{name}?{urlencode(query)}"
    answer = ask(login.api_url or _GRAPH, "GET", path, headers={})
    content = granted(answer, now)
    found = with_tokens(login, content, now)
    return found.with_(scopes=_scopes(content) or found.scopes)


def _flat(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """The answer to a code stands in a list of one, or (as it used to be) alone."""
    data = content.get("data")
    if isinstance(data, list) and data and isinstance(data[0], dict):
        return cast("dict[str, Any]", data[0])
    return content


def _scopes(content: Mapping[str, Any]) -> tuple[str, ...]:
    said = content.get("permissions")
    if isinstance(said, str):
        return tuple(each.strip() for each in said.split(",") if each.strip())
    return tuple(str(each) for each in cast("list[Any]", said)) if isinstance(said, list) else ()
