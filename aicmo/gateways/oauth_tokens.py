"""What a network's token address is asked, and what its answer means for the log-in."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from aicmo.gateways.account_gateway import NoToken
from aicmo.gateways.chosen_server import open_chosen_server
from aicmo.gateways.contract import OutcomeKind
from aicmo.gateways.http_answers import Answer, wait
from aicmo.gateways.http_exchange import HttpTimes
from aicmo.gateways.login import Login, needs_a_person, not_now

_TIMES = HttpTimes(connect=5, write=5, read=10, pool=5, whole=15)
"""The row of the log-in stays locked for so long: shorter than others wait for SQLite's lock."""
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_LONGEST_SPAN = timedelta(days=3650)
_PROVES_NOTHING = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY)
# RFC 6749 §5.2, and the names that X, Mastodon and Bluesky add.
_ERRORS = frozenset({
    "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client",
    "unsupported_grant_type", "invalid_scope", "ExpiredToken", "InvalidToken",
    "AuthenticationRequired", "AccountTakedown", "AuthFactorTokenRequired",
})  # fmt: skip


class AnswerLost(Exception):
    """The request went out, and nobody can tell what became of it.

    A turn in the dialogue: it never leaves the log-in's own module.
    """


def ask(
    base_url: str, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str]
) -> Answer:
    """One request to `base_url`, which may be a server that a person or a directory named.

    Raises:
        NoToken: it certainly didn't go out.
        AnswerLost: it may have.
        FixConfiguration: that is no `https://` address of a host.
    """
    exchange = open_chosen_server(base_url, times=_TIMES)
    try:
        if method == "GET":
            return exchange.get(path, headers)
        return exchange.prepare(method, path, body, headers)
    except _NEVER_SENT as error:
        raise not_now("", f"connection failed: {type(error).__name__}") from None
    except httpx.HTTPError:
        raise AnswerLost from None
    finally:
        exchange.close()


def post_form(
    base_url: str, path: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None
) -> Answer:
    """A form, as RFC 6749 has it; see `ask`."""
    form_type = {"Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode(form).encode()
    return ask(base_url, "POST", path, body=body, headers={**form_type, **(headers or {})})


def basic(login: Login) -> dict[str, str]:
    """How an app that has a secret shows it (RFC 6749 §2.3.1); one without names itself in the form."""
    if not login.client_secret:
        return {}
    pair = f"{quote(login.client_id, safe='')}:{quote(login.client_secret, safe='')}"
    return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


def granted(answer: Answer, now: datetime) -> dict[str, Any]:
    """The JSON of a granted log-in.

    Raises:
        NoToken: it is refused, or not given now.
        AnswerLost: it may have been given, but the answer isn't whole.
    """
    content = answer.content()
    if answer.status == HTTPStatus.OK:
        if answer.is_whole and content:
            return content
        raise AnswerLost
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise NoToken(wait(answer, now, str(answer.status)))
    code = f"{answer.status} {_error_name(content)}".strip()
    is_refused = 400 <= answer.status < 500 and answer.status not in _PROVES_NOTHING  # noqa: PLR2004
    if is_refused:
        raise needs_a_person(code, "")
    raise not_now(code, "")


def _error_name(content: Mapping[str, Any]) -> str:
    name = content.get("error")
    return name if isinstance(name, str) and name in _ERRORS else ""


def text(content: Mapping[str, Any], name: str) -> str:
    """A text that has to be there.

    Raises:
        AnswerLost: it isn't.
    """
    found = content.get(name)
    if not isinstance(found, str) or not found:
        raise AnswerLost
    return found


def with_tokens(login: Login, content: Mapping[str, Any], now: datetime) -> Login:
    """The log-in with what RFC 6749 §5.1 names; what isn't said anew stays.

    Raises:
        AnswerLost: there is no access token.
    """
    scope, refresh = content.get("scope"), content.get("refresh_token")
    scopes = tuple(scope.replace(",", " ").split()) if isinstance(scope, str) else login.scopes
    return login.with_(
        access_token=text(content, "access_token"),
        refresh_token=refresh if isinstance(refresh, str) else login.refresh_token,
        scopes=scopes, obtained_at=now, expires_at=after(now, content.get("expires_in")),
    )  # fmt: skip


def after(now: datetime, seconds: object) -> datetime | None:
    """`seconds` from now; None if that is no number."""
    if not isinstance(seconds, int) or isinstance(seconds, bool) or seconds <= 0:
        return None
    return now + min(timedelta(seconds=min(seconds, 10**9)), _LONGEST_SPAN)


def lost() -> NoToken:
    """Of a token that may be asked for again."""
    return not_now("", "the answer about the log-in was lost")


def is_refusal(none: NoToken) -> bool:
    return none.outcome.kind is OutcomeKind.REFUSED_ACCOUNT
