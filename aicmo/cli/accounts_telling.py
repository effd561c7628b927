"""What `aicmo accounts add` shows: who is logged in, and what is pinned."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from aicmo.channels import Channel
from aicmo.cli.console import plain, print_json, to_stderr, to_stdout

if TYPE_CHECKING:
    from aicmo.execution.account_pinning import Pin
    from aicmo.gateways.account_gateway import Profile


def agree(pin: Pin, *, yes: bool) -> None:
    """Shows whose the log-in is, and asks whether it is the right one."""
    console = to_stderr()
    console.print("You are logged in as")
    for label, value in _lines(pin.profile, pin.server):
        console.print(plain(f"  {label:<9}{value}"), soft_wrap=True)
    if missing := _lacks(pin):
        console.print(plain(f"This log-in lacks {missing}.", "yellow"), soft_wrap=True)
    if yes:
        return
    if not sys.stdin.isatty():
        raise typer.BadParameter("without a terminal to ask at, it needs --yes")
    asked = f"Is this the account that {pin.project_id} goes out as?"
    if pin.provider:
        asked = f"Is this the CRM of {pin.project_id}'s client?"
    typer.confirm(asked, abort=True, err=True)


def _lacks(pin: Pin) -> str:
    """The permissions that posting needs and the network didn't give, and what else they fit."""
    from aicmo.gateways.logins import missing_scopes

    scopes = pin.profile.scopes
    network, identity = pin.provider or pin.channel, pin.profile.identity
    lacking = missing_scopes(network, identity, tuple(scopes), is_read_only=pin.is_read_only)
    missing = ", ".join(lacking)
    is_for_pages = pin.channel is Channel.LINKEDIN and "w_organization_social" in scopes
    return f"{missing}; to post as a page, add --pages" if missing and is_for_pages else missing


def _lines(profile: Profile, server: str) -> list[tuple[str, str]]:
    lines = [
        ("name", profile.name), ("handle", profile.handle), ("id", profile.identity),
        ("server", server.removeprefix("https://")), ("may do", ", ".join(profile.scopes)),
    ]  # fmt: skip
    return [(label, value) for label, value in lines if value]


def tell(pin: Pin, block: str, *, is_paused: bool, as_json: bool) -> None:
    """Says what was pinned, and what comes next. block: its name with its type, or ''."""
    if as_json:
        print_json({
            "project_id": pin.project_id, "channel": pin.channel.value,
            "identity": pin.profile.identity, "name": pin.profile.name,
            "handle": pin.profile.handle, "server": pin.server, "block": block,
            "paused": is_paused, "provider": pin.provider, "read_only": pin.is_read_only,
        })  # fmt: skip
        return
    console = to_stdout()
    done = "Added" if pin.is_read_only else "Pinned"
    console.print(plain(f"{done}: {_what_is_pinned(pin)}.", "green"), soft_wrap=True)
    if block:
        parameter = "crm_credentials" if pin.provider else "social_credentials"
        said = f"Its log-in is in the block {block}: name it in {parameter} of execute-plan."
        console.print(plain(said), soft_wrap=True)
    if is_paused:
        step = f"aicmo unpause {pin.project_id} --channel {pin.channel}"
        console.print(plain(f"It is still paused: `{step}` releases it.", "yellow"))
    else:
        console.print(plain(_next(pin), "dim"), soft_wrap=True)


def _what_is_pinned(pin: Pin) -> str:
    if not pin.provider:
        return f"{pin.project_id} goes out on {pin.name} as {pin.who}"
    if pin.is_read_only:
        return f"{pin.project_id}'s CRM, {pin.where}, is read with this log-in"
    return f"{pin.project_id}'s CRM is {pin.where}"


def _next(pin: Pin) -> str:
    if pin.provider:
        return f"Next: `aicmo crm doctor {pin.project_id}` looks at its fields."
    return f"Next: `aicmo preview {pin.project_id}` shows its posts."
