"""Accounts as a person reads them."""

from __future__ import annotations

import textwrap
from itertools import groupby
from typing import TYPE_CHECKING, Any

from aicmo.cli.console import count, grid, plain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from aicmo.execution.account_checking import Checked
    from aicmo.execution.account_listing import PinnedAccount

CRM_NAMES = {"hubspot": "HubSpot", "salesforce": "Salesforce", "bottlecrm": "BottleCRM"}
NETWORK_NAMES = {
    "linkedin": "LinkedIn", "instagram": "Instagram", "twitter": "X", "bluesky": "Bluesky",
    "mastodon": "Mastodon", **CRM_NAMES,
}  # fmt: skip
_KEPT = {"here": "here", "block": "Prefect block", "": "not here"}


def show_accounts(console: Console, found: Sequence[PinnedAccount], at: datetime) -> None:
    """A table for each project, and below it why an account can't be used."""
    for number, (project_id, mine) in enumerate(groupby(found, key=lambda each: each.project_id)):
        accounts = list(mine)
        if number:
            console.print()
        console.print(_table(project_id, accounts, at))
        for each in accounts:
            if each.trouble:
                text = f"{_network(each)} is {each.trouble}."
                console.print(plain(text, "yellow"), soft_wrap=True)


def _table(project_id: str, accounts: Sequence[PinnedAccount], at: datetime) -> Table:
    columns = ["Network", "Account", "Id", "Log-in", "Ends", "Checked (UTC)", "State"]
    table = grid(columns, title=project_id)
    for each in accounts:
        table.add_row(
            _network(each), plain(each.handle or each.name or "-"), plain(each.identity),
            _KEPT[each.login], _days(each.ends_at, at),
            f"{each.checked_at:%Y-%m-%d %H:%M}" if each.checked_at else "never", _state(each),
        )  # fmt: skip
    return table


def _network(account: PinnedAccount) -> str:
    name = NETWORK_NAMES[account.network]
    return f"{name}, read-only" if account.is_read_only else name


def _state(account: PinnedAccount) -> Text:
    if account.trouble:
        return plain(account.trouble.partition(":")[0], "bold red")
    return plain("ok", "green") if account.login else plain("no log-in", "yellow")


def show_checked(console: Console, each: Checked, at: datetime) -> None:
    """What a network said of one account, and what is to be done."""
    account = each.account
    verdict = plain("ok", "green")
    if each.problems:
        verdict = plain("problem", "bold red")
    elif each.warnings:
        verdict = plain("warning", "yellow")
    head = plain(f"{_network(account)}  ", "bold")
    console.print(head.append(f"{_who(account)}  ", "default").append(verdict))
    for label, value in _lines(each, at):
        line = f"  {label:<13}{value}"
        if console.is_terminal:
            line = textwrap.fill(line, console.width, subsequent_indent=" " * 15)
        console.print(plain(line), soft_wrap=True)
    for text in each.problems:
        console.print(plain(f"  Problem: {text}.".replace("..", "."), "bold red"), soft_wrap=True)
    for text in each.warnings:
        console.print(plain(f"  Warning: {text}.".replace("..", "."), "yellow"), soft_wrap=True)


def _lines(each: Checked, at: datetime) -> list[tuple[str, str]]:
    account, live = each.account, each.live
    lines = [("pinned", account.identity)]
    if live is None:
        return lines
    unknown = f"{NETWORK_NAMES[account.network]} doesn't say"
    scopes = ", ".join(live.scopes) or unknown
    lines += [("logged in as", f"{live.identity}{', the same' if each.is_same else ''}")]
    lines += [("may do", scopes)]
    if each.missing:
        lines += [("lacks", ", ".join(each.missing))]
    lines += [("log-in ends", _days(account.ends_at, at))]
    if live.api_version:
        ends = f", until {live.api_ends_on:%Y-%m-%d}" if live.api_ends_on else ""
        lines += [("API version", f"{live.api_version}{ends}")]
    today = "calls today" if account.provider else "posts today"
    quota = unknown if live.quota_used is None else _quota(live.quota_used, live.quota_total)
    lines += [(today, quota)]
    return [*lines, ("checked", f"{at:%Y-%m-%d %H:%M} UTC")]


def _quota(used: int, total: int | None) -> str:
    return f"{used:,} of {total:,}" if total is not None else f"{used:,}"


def _who(account: PinnedAccount) -> str:
    if account.handle and account.name and account.handle != account.name:
        return f"{account.handle} ({account.name})"
    return account.handle or account.name or account.identity


def _days(then: datetime | None, at: datetime) -> str:
    if then is None:
        return "no end known"
    if then <= at:
        return f"{then:%Y-%m-%d}, over"
    return f"{then:%Y-%m-%d}, {count((then - at).days, 'day')}"


def account_as_json(each: PinnedAccount) -> dict[str, Any]:
    """A pinned account as the database knows it."""
    return {
        "project_id": each.project_id, "channel": each.channel, "identity": each.identity,
        "name": each.name, "handle": each.handle, "server": each.server, "login": each.login,
        "ends_at": each.ends_at.isoformat() if each.ends_at else None, "trouble": each.trouble,
        "checked_at": each.checked_at.isoformat() if each.checked_at else None,
        "provider": each.provider, "read_only": each.is_read_only,
    }  # fmt: skip


def checked_as_json(each: Checked) -> dict[str, Any]:
    """The same, and what the network said."""
    live = each.live
    said: dict[str, Any] = {"live_identity": None}
    if live is not None:
        said = {
            "live_identity": live.identity, "live_handle": live.handle,
            "scopes": list(live.scopes), "api_version": live.api_version,
            "api_ends_on": live.api_ends_on.isoformat() if live.api_ends_on else None,
            "quota_used": live.quota_used, "quota_total": live.quota_total,
        }  # fmt: skip
    return {
        **account_as_json(each.account), **said, "is_same": each.is_same,
        "missing_scopes": list(each.missing), "problems": list(each.problems),
        "warnings": list(each.warnings),
    }  # fmt: skip
