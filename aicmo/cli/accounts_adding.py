"""`aicmo accounts add`: logs an account in, shows who it is, and pins it to a project."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from aicmo.channels import SOCIAL, Channel, parse_channel
from aicmo.cli.accounts_login import Way, choose_page, obtain, read_login
from aicmo.cli.accounts_tables import CRM_NAMES, NETWORK_NAMES
from aicmo.cli.accounts_telling import agree, tell
from aicmo.cli.ledger import open_ledger
from aicmo.cli.options import By, Json, Project, person

if TYPE_CHECKING:
    from aicmo.execution.account_pinning import Pin
    from aicmo.gateways.login import Login

_BLOCK_NAME = re.compile(r"[a-z0-9-]{1,100}")
_KNOWN = "linkedin, instagram, x, bluesky and mastodon; hubspot, salesforce and bottlecrm"
Network = Annotated[str, typer.Argument(help=f"A social network or a CRM: {_KNOWN}.")]
ReadOnly = Annotated[
    bool, typer.Option("--read-only", help="Of a CRM: the log-in that it is only read with.")
]


def read_network(name: str) -> str:
    """A network or CRM as `aicmo.gateways.logins` calls it: the channel, or the provider of a CRM.

    Raises:
        typer.BadParameter: it is none.
    """
    if (provider := name.strip().lower()) in CRM_NAMES:
        return provider
    channel = parse_channel(name)
    if channel is None or channel not in SOCIAL:
        raise typer.BadParameter(
            f"{name[:40]!r} is no social network and no CRM. There are {_KNOWN}",
            param_hint="NETWORK",
        )
    return channel.value


def channel_of(network: str) -> Channel:
    """The channel that a network's or a CRM's items are on."""
    return Channel.CRM if network in CRM_NAMES else Channel(network)


def add(
    project: Project,
    network: Network,
    server: Annotated[
        str,
        typer.Option(
            help="The account's server: of Mastodon, Salesforce, BottleCRM; of Bluesky it is found."
        ),
    ] = "",
    credentials: Annotated[
        str, typer.Option(help="JSON file with an app's id or a whole log-in; - is stdin.")
    ] = "",
    block: Annotated[
        str, typer.Option(help="Keep the log-in in a Prefect block of this name.")
    ] = "",
    account: Annotated[
        str, typer.Option(help="Of LinkedIn: the page's id, urn:li:organization:…")
    ] = "",
    redirect: Annotated[
        str, typer.Option(help="Where the network sends the browser, as your app there names it.")
    ] = "http://127.0.0.1:8765/callback",
    by: By = None,
    *,
    pages: Annotated[
        bool, typer.Option("--pages", help="Of LinkedIn: post as a page; which one is asked.")
    ] = False,
    paste: Annotated[
        bool, typer.Option("--paste", help="The browser is elsewhere: paste where it ends.")
    ] = False,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Only print the page's address.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Instead of another account that is pinned.")
    ] = False,
    read_only: ReadOnly = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    as_json: Json = False,
) -> None:
    """Log in to a network or a CRM, and pin the account to a project. Changes nothing there."""
    from aicmo.execution.account_pinning import pin_account, require_free
    from aicmo.settings import get_settings

    network, database = read_network(network), open_ledger()
    secret_key = get_settings().require_secret_key()
    _check_options(network, block, read_only=read_only)
    _require_planned(project, network)
    given = read_login(credentials, is_crm=network in CRM_NAMES) if credentials else _nothing()
    pages = pages or account.startswith("urn:li:organization:")
    login = obtain(Way(network, server, redirect, paste, no_browser, pages, read_only), given)
    if pages and not account:
        account = choose_page(login)
    pin = _asked(project, network, login, account, is_read_only=read_only)
    with database.read() as session:
        require_free(session, pin, replace=replace)
    agree(pin, yes=yes)
    if block:
        block = save_block(network, block, login)
    pin = _with_avatar(pin, login=None if block else login)
    is_paused = pin_account(database, pin, secret_key, by=person(by), replace=replace)
    tell(pin, block, is_paused=is_paused, as_json=as_json)


def _check_options(network: str, block: str, *, read_only: bool) -> None:
    if block and not _BLOCK_NAME.fullmatch(block):
        raise typer.BadParameter("is lowercase letters, digits and dashes", param_hint="--block")
    if read_only and network not in CRM_NAMES:
        raise typer.BadParameter("is for CRMs", param_hint="--read-only")
    if read_only and block:
        text = "is for the log-in that changes are made with; one to read by is kept here"
        raise typer.BadParameter(text, param_hint="--block")


def require_project(project: str) -> None:
    """Asked before anybody logs in for nothing."""
    from aicmo.errors import NoSuchProject
    from aicmo.models import Project as Row

    with open_ledger().read() as session:
        if session.get(Row, project) is None:
            raise NoSuchProject(project)


def _require_planned(project: str, network: str) -> None:
    from aicmo.execution.account_pinning import require_planned

    require_project(project)
    with open_ledger().read() as session:
        require_planned(session, project, network if network in CRM_NAMES else "")


def _nothing() -> Login:
    from aicmo.gateways.login import Login

    return Login()


def _asked(project: str, network: str, login: Login, account: str, *, is_read_only: bool) -> Pin:
    """Who the log-in belongs to, by the network's word."""
    from aicmo.execution.account_asking import ask_profile
    from aicmo.execution.account_pinning import Pin
    from aicmo.execution.account_tokens import LoginTokens
    from aicmo.gateways.account_gateway import ProviderAccount
    from aicmo.gateways.registry import open_crm_gateway, open_social_gateway

    provider, channel = network if network in CRM_NAMES else "", channel_of(network)
    asked = ProviderAccount(account, server=login.server, api_url=login.api_url)
    open_account = open_crm_gateway if provider else open_social_gateway
    opened = open_account(network, asked, LoginTokens(login))
    profile = ask_profile(NETWORK_NAMES[network], channel, opened)
    return Pin(
        project, channel, profile, login, login.server, provider=provider,
        is_read_only=is_read_only,
    )  # fmt: skip


def save_block(network: str, name: str, login: Login) -> str:
    """Keeps a log-in in a Prefect block; a program of its own, as only the blocks know Prefect.

    Returns:
        The block's name with its type in front, as flows take it.

    Raises:
        FixConfiguration: Prefect doesn't take it.
    """
    from aicmo.errors import FixConfiguration

    asked = {"network": network, "name": name, "login": login.to_bytes().decode()}
    done = subprocess.run(
        [sys.executable, "-m", "blocks.saving"], input=json.dumps(asked), text=True,
        capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise FixConfiguration(
            done.stdout.strip() or "Prefect doesn't take the block",
            next_step="Start its server (`aicmo up`) and set PREFECT_API_URL, or leave --block out.",
        )
    return done.stdout.strip()


def _with_avatar(pin: Pin, *, login: Login | None) -> Pin:
    from dataclasses import replace

    from aicmo.execution.account_avatars import read_avatar

    return replace(pin, login=login, avatar=read_avatar(pin.profile.avatar_url))
