"""Logging in to a CRM from the terminal: by a token, by an app, or by a page in the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from aicmo.cli.accounts_server import read_server, require_reachable
from aicmo.cli.console import plain, to_stderr
from aicmo.cli.ledger import now

if TYPE_CHECKING:
    from aicmo.gateways.login import Login

_TOKENS = {
    "hubspot": "Make a service key under Development › Keys › Service keys, with these scopes: ",
    "bottlecrm": "Make a personal access token under Profile › API tokens, with these scopes: ",
}
_SCOPES = {
    ("hubspot", False): "crm.objects.contacts.read, crm.objects.contacts.write, "
    "crm.schemas.contacts.read, crm.schemas.contacts.write, crm.lists.read, crm.lists.write",
    ("hubspot", True): "crm.objects.contacts.read, crm.schemas.contacts.read, crm.lists.read",
    ("bottlecrm", False): "contacts, interactions and custom-fields (read and write), tags, org, "
    "profile and activities (read)",
    ("bottlecrm", True): "*:read",
}


def with_a_token(network: str, given: Login, *, is_read_only: bool) -> Login:
    """A token that a person makes there and pastes here, unless it is given or an app is."""
    if given.access_token or given.refresh_token or given.client_id:
        return given
    said = f"{_TOKENS[network]}{_SCOPES[network, is_read_only]}."
    to_stderr().print(plain(said), soft_wrap=True)
    return given.with_(access_token=typer.prompt("Token", hide_input=True, err=True).strip())


def log_in_to_salesforce(server: str, given: Login) -> Login:
    """As an External Client App by itself; Salesforce gives it the rights of the user it runs as.

    Raises:
        FixInput: that is no org's address.
        NoToken: Salesforce gives none.
    """
    from aicmo.gateways.login_salesforce import check_server, refresh

    named = read_server(server or given.server, "https://acme.my.salesforce.com")
    login = given.with_(server=check_server(named))
    require_reachable(login)
    if not login.client_id:
        to_stderr().print(
            plain("Setup › External Client App Manager has both, under OAuth settings.")
        )
        login = login.with_(client_id=typer.prompt("Consumer key", err=True).strip())
    if not login.client_secret:
        secret = typer.prompt("Consumer secret", hide_input=True, err=True)
        login = login.with_(client_secret=secret.strip())
    return refresh(login, now())
