"""Logging in to a Bluesky account's own server with an app password; a session is kept and renewed.

New sessions are few (30 in five minutes, 300 a day), refreshed ones aren't. The server is the one that
the account's identity names, never assumed.

Source: the reference server's code, 2026-08; atproto.com, "DID" and "Handle", 2026-04.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from aicmo.gateways.account_gateway import NoToken
from aicmo.gateways.http_answers import Answer
from aicmo.gateways.login import Login, needs_a_person
from aicmo.gateways.oauth_tokens import AnswerLost, ask, granted, is_refusal, lost, text

_AHEAD = timedelta(minutes=10)
_USUAL_LIFE = timedelta(hours=1)
"""Of an access token that doesn't say when it ends: half of what servers give."""


def log_in(login: Login, now: datetime) -> Login:
    """A new session.

    Raises:
        NoToken: the server refuses the password, or doesn't answer.
    """
    if not login.app_password:
        raise needs_a_person("", "the session has ended, and no app password is kept")
    asked = {"identifier": login.identifier, "password": login.app_password}
    return _ask(login, "createSession", json.dumps(asked).encode(), "", now)


def is_due(login: Login, now: datetime) -> bool:
    ends_at = login.expires_at
    return not login.access_token or ends_at is None or now >= ends_at - _AHEAD


def refresh(login: Login, now: datetime) -> Login:
    """The session, renewed; a new one where the server no longer knows it.

    Raises:
        NoToken: the server refuses the password, or doesn't answer.
    """
    if not login.refresh_token:
        return log_in(login, now)
    try:
        return _ask(login, "refreshSession", b"", login.refresh_token, now)
    except NoToken as none:
        if not is_refusal(none):
            raise
    return log_in(login, now)


def _ask(login: Login, method: str, body: bytes, token: str, now: datetime) -> Login:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if body:
        headers["Content-Type"] = "application/json"
    path = f"/xrpc/com.atproto.server.{method}"
    try:
        answer = ask(login.server, "POST", path, body=body, headers=headers)
        return _session(login, answer, now)
    except AnswerLost:
        raise lost() from None


def _session(login: Login, answer: Answer, now: datetime) -> Login:
    content = granted(answer, now)
    token = text(content, "accessJwt")
    return login.with_(
        access_token=token, refresh_token=text(content, "refreshJwt"),
        identifier=text(content, "did"), obtained_at=now, expires_at=_end_of(token, now),
    )  # fmt: skip


def _end_of(token: str, now: datetime) -> datetime:
    """What the token says of itself (RFC 7519 §4.1.4); that only its server can vouch for it is no matter."""
    try:
        claims = token.split(".")[1]
        said = cast("dict[str, Any]", json.loads(urlsafe_b64decode(claims + "=" * 3)))
        return min(datetime.fromtimestamp(int(said["exp"]), UTC), now + timedelta(days=1))
    except (ValueError, KeyError, IndexError, TypeError, OverflowError, OSError):
        return now + _USUAL_LIFE
