"""`aicmo crm consent`: takes over who left in the CRM, and tells it who left here."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from aicmo.cli.app import FAILED
from aicmo.cli.console import count, plain, print_json, to_stdout
from aicmo.cli.ledger import open_ledger
from aicmo.cli.options import By, Json, Project, person

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from aicmo.execution.crm_consent_sync import ConsentSynced
    from aicmo.execution.crm_opt_outs import ConsentTold

_SHOWN = 20


def consent(
    project: Project,
    by: By = None,
    *,
    live: Annotated[
        bool, typer.Option("--live", help="Tell the CRM who left here; without it, only say who.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Suppress who unsubscribed in the CRM, and with --live tell the CRM who left here."""
    from aicmo.execution.accounts import open_crm_reader, open_gateway_of
    from aicmo.execution.crm_consent_sync import CrmDoors, sync_consent
    from aicmo.execution.project import load_plan
    from aicmo.settings import get_execution_config, get_settings

    database = open_ledger()
    with database.read() as session:
        setup = load_plan(session, project).document.crm
    doors = CrmDoors(
        lambda: open_crm_reader(database, project),
        lambda: open_gateway_of(database, project, "crm"),
    )
    done = sync_consent(
        database, project, get_settings().require_secret_key(), get_execution_config(), doors,
        live=live, by=person(by),
    )  # fmt: skip
    setting = setup.consent if setup else "none"
    if as_json:
        print_json({"project_id": project, "consent": setting, "live": live, **asdict(done)})
    else:
        _show(to_stdout(), project, setting, done, live=live)
    if done.told.refused or done.read.several:
        raise typer.Exit(FAILED)


def _show(
    console: Console, project: str, setting: str, done: ConsentSynced, *, live: bool
) -> None:  # fmt: skip
    if setting == "none":
        console.print(plain(f"crm.consent of {project} is none: nothing is read or told."))
        return
    if setting != "write":
        read = done.read
        console.print(plain(f"Asked the CRM about {count(read.asked, 'contact')}."))
        _line(console, read.left, "unsubscribed there: suppressed from now on", "green")
        _line(console, read.several, "there more than once: look there who is meant", "bold red")
        if not (read.left or read.several):
            console.print("Nobody there has left whom we didn't know of.")
    if setting != "read":
        _show_told(console, project, done.told, live=live)


def _show_told(console: Console, project: str, told: ConsentTold, *, live: bool) -> None:
    if not told.asked:
        console.print("Nobody has left here of whom the CRM doesn't know.")
        return
    if not live:
        _line(console, told.asked, "left here, and the CRM hasn't been told", "yellow")
        step = f"`aicmo crm consent {project} --live` tells it."
        console.print(plain(f"Next: {step}"), soft_wrap=True)
        return
    if told.waits:
        line = (
            f"{count(told.left_over - len(told.again), 'contact')} not told of now: {told.waits}."
        )
        console.print(plain(line, "yellow"), soft_wrap=True)
    _line(console, told.told, "left here: the CRM knows now", "green")
    _line(console, told.known, "left here: the CRM knew", "green")
    _line(console, told.absent, "left here: not in the CRM, and not added", "dim")
    _line(console, told.again, "without an answer: the next time tells it again", "yellow")
    for contact, why in told.refused[:_SHOWN]:
        console.print(plain(f"{contact} not told of: {why}.", "bold red"), soft_wrap=True)


def _line(console: Console, contacts: Sequence[str], said: str, style: str) -> None:
    if not contacts:
        return
    names = ", ".join(contacts[:_SHOWN])
    more = f" and {len(contacts) - _SHOWN:,} more" if len(contacts) > _SHOWN else ""
    line = f"{count(len(contacts), 'contact')} {said}: {names}{more}."
    console.print(plain(line, style), soft_wrap=True)
