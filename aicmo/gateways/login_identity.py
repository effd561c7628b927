"""Where a Bluesky account lives: from its handle to its DID, to the server that its document names.

Source: atproto.com, "Handle", "DID" and "Account Hosting", 2026-04.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import urlsplit

from aicmo.errors import FixInput, TryLater
from aicmo.gateways.account_gateway import NoToken
from aicmo.gateways.oauth_tokens import AnswerLost, ask
from aicmo.smtp_relay import is_loopback

_HANDLE = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_LONGEST_HANDLE = 253
_PLC = re.compile(r"did:plc:[a-z2-7]{24}")
_WEB = re.compile(r"did:web:([a-z0-9-]+(?:\.[a-z0-9-]+)+)")
_SERVER = "AtprotoPersonalDataServer"


@dataclass(frozen=True, slots=True)
class Directories:
    """Who knows handles, and who keeps the documents of `did:plc` identities."""

    handles: str = "https://public.api.bsky.app"
    documents: str = "https://plc.directory"


@dataclass(frozen=True, slots=True)
class Home:
    """An account's identity, and `https://host` of its own server."""

    did: str
    server: str


def find_home(handle: str, directories: Directories | None = None) -> Home:
    """The home of `handle`, with or without its @; the two must name each other.

    Raises:
        FixInput: there is no such handle, or its identity doesn't name a server.
        TryLater: a directory doesn't answer.
    """
    asked, name = directories or Directories(), handle.strip().removeprefix("@").lower()
    if len(name) > _LONGEST_HANDLE or not _HANDLE.fullmatch(name):
        raise _unknown(handle, "it isn't a handle such as acme.bsky.social")
    found = _read(asked.handles, f"/xrpc/com.atproto.identity.resolveHandle?handle={name}")
    did = str(found.get("did", ""))
    document = _document(asked, name, did)
    if f"at://{name}" not in _texts(document.get("alsoKnownAs")):
        raise _unknown(handle, "its identity doesn't name it in return")
    return Home(did, _server(asked, name, document))


def _document(directories: Directories, name: str, did: str) -> dict[str, Any]:
    if _PLC.fullmatch(did):
        return _read(directories.documents, f"/{did}")
    if web := _WEB.fullmatch(did):
        return _read(f"https://{web.group(1)}", "/.well-known/did.json")
    raise _unknown(name, "nobody has it")


def _server(directories: Directories, name: str, document: dict[str, Any]) -> str:
    listed = document.get("service")
    for each in cast("list[Any]", listed) if isinstance(listed, list) else []:
        service = cast("dict[str, Any]", each) if isinstance(each, dict) else {}
        is_its_own = str(service.get("id", "")).endswith("#atproto_pds")
        if is_its_own and service.get("type") == _SERVER:
            return _checked(directories, name, str(service.get("serviceEndpoint", "")))
    raise _unknown(name, "its identity names no server")


def _checked(directories: Directories, name: str, endpoint: str) -> str:
    """A server on this machine is believed of a directory on this machine only."""
    parts = urlsplit(endpoint)
    here = is_loopback(parts.hostname or "")
    if here and is_loopback(urlsplit(directories.documents).hostname or ""):
        return endpoint.rstrip("/")
    is_plain = not (parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc)
    if parts.scheme != "https" or not parts.hostname or here or not is_plain:
        raise _unknown(name, "its identity names no https:// server")
    return f"https://{parts.netloc}"


def _read(base_url: str, path: str) -> dict[str, Any]:
    try:
        answer = ask(base_url, "GET", path, headers={})
    except (NoToken, AnswerLost):
        raise _no_answer(base_url) from None
    if answer.status == HTTPStatus.OK and answer.is_whole:
        return answer.content()
    if answer.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return {}
    raise _no_answer(base_url)


def _no_answer(base_url: str) -> TryLater:
    return TryLater(
        f"{urlsplit(base_url).hostname} doesn't say where that account lives",
        next_step="Run it again later, or name its server: `--server https://…`.",
    )


def _texts(value: object) -> list[str]:
    listed = cast("list[Any]", value) if isinstance(value, list) else []
    return [str(each).lower() for each in listed]


def _unknown(handle: str, why: str) -> FixInput:
    return FixInput(
        f"There is no Bluesky account {handle[:60]}: {why}",
        next_step="Give its whole handle, such as acme.bsky.social, or its server by --server.",
    )
