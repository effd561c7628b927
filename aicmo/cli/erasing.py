"""`aicmo erase`: what names a person goes, on request (GDPR Art. 17)."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from aicmo.cli.app import FAILED
from aicmo.cli.console import count, plain, print_json, to_stderr, to_stdout
from aicmo.cli.ledger import open_ledger
from aicmo.cli.options import By, Json, Project, person

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from aicmo.execution.erasing import Person, Traces

_LEFT_TO_DO = (
    "Left to do by hand: the project document and its calendars, copies of previews and the",
    "database (backups), the mailbox and its archive, and the logs of relays and providers.",
)


def erase(
    project: Project,
    contact: Annotated[str, typer.Option(help="The contact's id in the project document.")] = "",
    email: Annotated[str, typer.Option(help="The person's address.")] = "",
    by: By = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    as_json: Json = False,
) -> None:
    """Erase what names a person, in all projects of the client; nobody writes to them again."""
    from aicmo.execution import erasing
    from aicmo.settings import get_settings

    who = _read_person(project, contact, email)
    database, secret_key = open_ledger(), get_settings().require_secret_key()
    found = erasing.look_up(database, who, secret_key)
    _show(to_stderr() if as_json else to_stdout(), found)
    if not yes:
        _ask()
    erased = erasing.erase(database, who, secret_key, by=person(by))
    previews = _delete_previews(get_settings().output_dir, erased.projects)
    is_scrubbed = erasing.scrub(database)
    if as_json:
        print_json({
            "project_id": project, "contacts": len(erased.contacts),
            "deliveries": erased.deliveries, "cancelled": erased.waiting,
            "previews_deleted": previews, "file_rewritten": is_scrubbed,
        })  # fmt: skip
    else:
        _show_done(erased, previews, is_scrubbed=is_scrubbed)
    if not is_scrubbed:
        raise typer.Exit(FAILED)


def _read_person(project: str, contact: str, email: str) -> Person:
    from aicmo.execution.erasing import Person

    if bool(contact) == bool(email):
        raise typer.BadParameter("name the person either by --contact or by --email")
    return Person(project, contact, email)


def _ask() -> None:
    if not sys.stdin.isatty():
        raise typer.BadParameter("without a terminal to ask at, an erasure needs --yes")
    typer.confirm("Erase this for good?", abort=True, err=True)


def _show(console: Console, found: Traces) -> None:
    if found.are_gone:
        console.print("Nothing that names this person is left.")
        return
    for project_id, key in found.contacts:
        console.print(plain(f"Contact {key} of {project_id}: everything but its id"))
    for address in found.addresses:
        console.print(plain(f"Address {address}: everywhere"))
    line = f"{count(found.deliveries, 'delivery')} without an address then"
    called_off = f", {found.waiting:,} of them called off" if found.waiting else ""
    console.print(plain(line + called_off))


def _delete_previews(output_dir: Path, projects: Sequence[str]) -> int:
    """Their samples may be of this person."""
    folders = [output_dir / "previews" / each for each in projects]
    there = [each for each in folders if each.exists()]
    for folder in there:
        shutil.rmtree(folder)
    return len(there)


def _show_done(erased: Traces, previews: int, *, is_scrubbed: bool) -> None:
    console = to_stdout()
    if not erased.are_gone:
        console.print(plain("Erased. Nobody of this client writes to the person again.", "green"))
    if previews:
        console.print(plain(f"{count(previews, 'preview')} deleted: make them anew."))
    if not is_scrubbed:
        line = "The database file may still hold what was erased: it was in use."
        console.print(plain(line, "yellow"), soft_wrap=True)
        console.print("Next: run it again when no run is under way, and `aicmo serve` is stopped.")
    for line in _LEFT_TO_DO:
        console.print(plain(line), soft_wrap=True)
