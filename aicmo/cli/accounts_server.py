"""The server that an account is on, as a person names it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import typer

if TYPE_CHECKING:
    from aicmo.gateways.login import Login

_SERVER = re.compile(
    r"(?P<scheme>https?)://(?P<host>[\w.-]+|\[[0-9a-f:]+\])(:\d{1,5})?(?=/|$)", re.IGNORECASE
)


def read_server(text: str, example: str) -> str:
    """`https://host` of a server, given with or without its scheme."""
    from aicmo.smtp_relay import is_loopback

    if not text:
        hint = "--server"
        raise typer.BadParameter(
            f"there are many servers: name yours, such as {example}", param_hint=hint
        )
    found = _SERVER.match(text if "://" in text else f"https://{text}")
    if not found or (found["scheme"] != "https" and not is_loopback(found["host"])):
        raise typer.BadParameter(
            f"isn't the address of a server, such as {example}", param_hint="--server"
        )
    return found.group().rstrip("/")


def require_reachable(login: Login) -> None:
    """A name that leads nowhere, or into a private network, is told before anything is asked there.

    Raises:
        FixInput: it does.
    """
    from aicmo.errors import FixInput
    from aicmo.public_hosts import PublicHosts
    from aicmo.smtp_relay import is_loopback

    parts = urlsplit(login.server)
    host = parts.hostname or ""
    if login.api_url or is_loopback(host):
        return
    try:
        PublicHosts().addresses(host, parts.port or 443)
    except FixInput as error:
        step = "Name the account's server, as its pages have it in their address."
        raise FixInput(str(error), next_step=step) from None
