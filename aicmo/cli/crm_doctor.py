"""`aicmo crm doctor`: whether the client's CRM has what the plan wants of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from aicmo.cli.app import FAILED
from aicmo.cli.console import plain, print_json, to_stdout
from aicmo.cli.crm_doctor_tables import as_json_object, show_examined
from aicmo.cli.ledger import open_ledger
from aicmo.cli.options import By, Json, Project, person
from aicmo.cli.progress import progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aicmo.crm.fitting import UniqueProperty
    from aicmo.database import Database
    from aicmo.execution.crm_schema import Examined


def doctor(
    project: Project,
    by: By = None,
    *,
    create: Annotated[
        bool,
        typer.Option("--create", help="Make the unique properties that lack, after asking."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    as_json: Json = False,
) -> None:
    """Check the log-in and the mapping against the CRM's own schema. Changes no contact.

    With --create it makes the properties that keep our ids: that needs EXECUTION_ENABLED.
    """
    database = open_ledger()
    examined = _examine(database, project, person(by))
    made = examined.to_make if create else []
    if made:
        _make(database, project, made, person(by), yes=yes, as_json=as_json)
        examined = _examine(database, project, person(by))
    if as_json:
        print_json(as_json_object(project, examined, made))
    else:
        show_examined(to_stdout(), project, examined, made)
    if examined.is_amiss:
        raise typer.Exit(FAILED)


def _examine(database: Database, project: str, by: str) -> Examined:
    from aicmo.execution.accounts import open_crm_reader
    from aicmo.execution.crm_schema import examine

    with progress("Asking the CRM"):
        return examine(database, project, lambda: open_crm_reader(database, project), by=by)


def _make(
    database: Database,
    project: str,
    wanted: Sequence[UniqueProperty],
    by: str,
    *,
    yes: bool,
    as_json: bool,
) -> None:
    from aicmo.channels import Channel
    from aicmo.execution.accounts import open_gateway_of
    from aicmo.execution.crm_schema import make_unique_properties
    from aicmo.execution.gate import issue_set_up_permit
    from aicmo.settings import get_execution_config

    permit = issue_set_up_permit(get_execution_config())
    open_gateway = open_gateway_of(database, project, Channel.CRM)
    if not yes:
        _ask(project, wanted, as_json=as_json)
    with progress("Making properties"):
        make_unique_properties(database, project, wanted, open_gateway, permit, by=by)


def _ask(project: str, wanted: Sequence[UniqueProperty], *, as_json: bool) -> None:
    if as_json or not sys.stdin.isatty():
        raise typer.BadParameter("without a terminal to ask at, it needs --yes")
    of = {True: "activities", False: "contacts"}
    for each in wanted:
        line = f"{each.name}, a unique text of {of[each.of_activities]}"
        to_stdout().print(plain(line), soft_wrap=True)
    typer.confirm(f"Make this in the CRM of {project}?", abort=True, err=True)
