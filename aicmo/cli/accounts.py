"""`aicmo accounts`: which account a project acts as on each network, and in its client's CRM."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from aicmo.cli.accounts_adding import (
    Network,
    ReadOnly,
    add,
    channel_of,
    read_network,
    require_project,
)
from aicmo.cli.accounts_tables import (
    NETWORK_NAMES,
    account_as_json,
    checked_as_json,
    show_accounts,
    show_checked,
)
from aicmo.cli.app import FAILED, register
from aicmo.cli.console import plain, print_json, to_stdout
from aicmo.cli.ledger import now, open_ledger
from aicmo.cli.options import By, Json, Project, person
from aicmo.cli.progress import progress

if TYPE_CHECKING:
    from aicmo.execution.account_listing import PinnedAccount

accounts = typer.Typer(
    help="Log in the accounts that posts go out as and CRMs are changed with, and look after them.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def list_(
    project: Annotated[str, typer.Argument(help="One project; without it, every project.")] = "",
    *,
    as_json: Json = False,
) -> None:
    """List the pinned accounts; asks no network."""
    from aicmo.execution.account_listing import list_accounts

    if project:
        require_project(project)
    with open_ledger().read() as session:
        found = list_accounts(session, project)
    if as_json:
        print_json({"accounts": [account_as_json(each) for each in found]})
    elif found:
        show_accounts(to_stdout(), found, now())
    else:
        _say_none(project)


def check(
    project: Project,
    network: Annotated[str, typer.Argument(help="Only this network, or this CRM.")] = "",
    by: By = None,
    *,
    as_json: Json = False,
) -> None:
    """Ask each network and CRM who is logged in, and what the log-in may do. Changes nothing there.

    Another account than the pinned one is paused.
    """
    from aicmo.channels import Channel
    from aicmo.execution.account_checking import check_account

    database = open_ledger()
    require_project(project)
    wanted = _pinned(project, read_network(network) if network else "")
    with progress("Asking"):
        found = [
            check_account(
                database, project, Channel(each.channel), by=person(by),
                is_read_only=each.is_read_only,
            )
            for each in wanted
        ]  # fmt: skip
    if as_json:
        print_json({"project_id": project, "accounts": [checked_as_json(each) for each in found]})
    elif not found:
        _say_none(project)
    else:
        for number, each in enumerate(found):
            if number:
                to_stdout().print()
            show_checked(to_stdout(), each, now())
    if any(each.problems for each in found):
        raise typer.Exit(FAILED)


def remove(
    project: Project,
    network: Network,
    by: By = None,
    *,
    read_only: ReadOnly = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    as_json: Json = False,
) -> None:
    """Forget an account and its log-in; posts there are a person's task from then on.

    Of a CRM, also the log-in that it is only read with; with --read-only, that one alone.
    """
    from aicmo.execution.account_pinning import remove_account

    network, database = read_network(network), open_ledger()
    _pinned(project, network)
    name = f"{'read-only ' if read_only else ''}{NETWORK_NAMES[network]}"
    if not yes:
        if not sys.stdin.isatty():
            raise typer.BadParameter("without a terminal to ask at, it needs --yes")
        typer.confirm(f"Forget the {name} account of {project}?", abort=True, err=True)
    channel = channel_of(network)
    remove_account(database, project, channel, by=person(by), is_read_only=read_only)
    if as_json:
        print_json({"project_id": project, "channel": channel.value, "removed": True})
        return
    said = f"Removed: {project} has no {name} account any more; its log-in is deleted here."
    to_stdout().print(plain(said, "green"), soft_wrap=True)
    step = f"{NETWORK_NAMES[network]} itself still takes it: end the token, or this program's access, there."
    to_stdout().print(plain(step), soft_wrap=True)


def _pinned(project: str, network: str) -> list[PinnedAccount]:
    """The project's pinned accounts, or those of one network.

    Raises:
        FixAccount: it has none on that network.
    """
    from aicmo.errors import FixAccount
    from aicmo.execution.account_listing import list_accounts

    with open_ledger().read() as session:
        found = list_accounts(session, project)
    if not network:
        return found
    if mine := [each for each in found if each.network == network]:
        return mine
    raise FixAccount(
        f"{project} has no {NETWORK_NAMES[network]} account",
        next_step=f"`aicmo accounts add {project} {network}` logs one in.",
    )


def _say_none(project: str) -> None:
    of = f"{project} has no account." if project else "No project has an account."
    step = f"`aicmo accounts add {project or 'PROJECT'} NETWORK` logs one in."
    to_stdout().print(plain(f"{of} {step}"), soft_wrap=True)


register("add", add, of=accounts)
register("list", list_, of=accounts)
register("check", check, of=accounts)
register("remove", remove, of=accounts)
