"""`aicmo accounts`: which account a project's posts go out as on each network."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from aicmo.cli.accounts_adding import Network, add, read_network, require_project
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

accounts = typer.Typer(
    help="Log in the accounts that posts go out as, and look after them.",
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
    from aicmo.execution.account_checking import list_accounts

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
    network: Annotated[str, typer.Argument(help="Only this network.")] = "",
    by: By = None,
    *,
    as_json: Json = False,
) -> None:
    """Ask each network who is logged in, and what the log-in may do. Posts nothing.

    Another account than the pinned one is paused.
    """
    from aicmo.channels import Channel
    from aicmo.execution.account_checking import check_account, list_accounts

    database = open_ledger()
    require_project(project)
    with database.read() as session:
        pinned = [Channel(each.channel) for each in list_accounts(session, project)]
    wanted = [read_network(network)] if network else pinned
    with progress("Asking"):
        found = [check_account(database, project, each, by=person(by)) for each in wanted]
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
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    as_json: Json = False,
) -> None:
    """Forget an account and its log-in; posts there are a person's task from then on."""
    from aicmo.execution.account_pinning import remove_account

    channel, database = read_network(network), open_ledger()
    if not yes:
        if not sys.stdin.isatty():
            raise typer.BadParameter("without a terminal to ask at, it needs --yes")
        typer.confirm(
            f"Forget the {NETWORK_NAMES[channel]} account of {project}?", abort=True, err=True
        )
    remove_account(database, project, channel, by=person(by))
    if as_json:
        print_json({"project_id": project, "channel": channel.value, "removed": True})
        return
    name = NETWORK_NAMES[channel]
    said = f"Removed: {project} has no {name} account any more; its log-in is deleted here."
    to_stdout().print(plain(said, "green"), soft_wrap=True)
    step = (
        "The network itself still lists this program among the account's apps: take it away there."
    )
    to_stdout().print(plain(step), soft_wrap=True)


def _say_none(project: str) -> None:
    of = f"{project} has no account." if project else "No project has an account."
    step = f"`aicmo accounts add {project or 'PROJECT'} NETWORK` logs one in."
    to_stdout().print(plain(f"{of} {step}"), soft_wrap=True)


register("add", add, of=accounts)
register("list", list_, of=accounts)
register("check", check, of=accounts)
register("remove", remove, of=accounts)
