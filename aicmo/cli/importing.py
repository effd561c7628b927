"""`aicmo import`: a project document becomes the current plan."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aicmo.cli.app import MISUSED
from aicmo.cli.console import count, grid, plain, print_json, to_stderr, to_stdout
from aicmo.cli.ledger import open_ledger
from aicmo.cli.options import Json, person
from aicmo.cli.progress import progress

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

    from aicmo.errors import FixDocument
    from aicmo.execution.contacts import ContactChanges
    from aicmo.execution.importing import Imported
    from aicmo.plans.reading import ReadDocument
    from aicmo.problems import Problem

_SIGNS = {"added": "+", "changed": "~", "withdrawn": "-"}
_SHOWN_CONTACTS = 10
_SIGN_STYLES = {"added": "green", "changed": "yellow", "withdrawn": "red"}


def import_(
    file: Annotated[Path, typer.Argument(help="Project document: .json, .yaml or .yml.")],
    calendar: Annotated[
        Path | None, typer.Option(help="CSV or XLSX whose rows replace the document's items.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Make a project document the current plan: all of it, or nothing and every problem."""
    from aicmo.errors import FixDocument
    from aicmo.execution.importing import import_document
    from aicmo.settings import get_settings

    secret_key = get_settings().require_secret_key()
    _require_document(file)
    if calendar is not None:
        _require_file(calendar)
    try:
        with progress(f"Reading {file.name}"):
            read = _read(file, calendar)
    except FixDocument as error:
        _show_refusal(error, as_json=as_json)
        raise typer.Exit(MISUSED) from None
    with progress(f"Importing {read.source}"):
        imported = import_document(
            open_ledger(), read.document, source=read.source, actor=person(None),
            secret_key=secret_key, warnings=[str(warning) for warning in read.warnings], files=read.files,
        )  # fmt: skip
    if as_json:
        print_json(_imported_json(imported))
        return
    show_import(to_stdout(), imported)
    show_difference(to_stdout(), imported)
    show_problems(to_stdout(), read.warnings, "Warnings, kept with the plan", heading="Warning")
    to_stdout().print(plain(f"\nNext: `aicmo preview {imported.project_id}`."))


def _require_document(file: Path) -> None:
    from aicmo.errors import FixInput

    _require_file(file)
    if file.suffix.lower() in (".csv", ".xlsx"):
        raise FixInput(
            f"{file} is a calendar, not a project document",
            next_step=f"`aicmo import PROJECT.yaml --calendar {file}` puts its rows into a document.",
        )


def _require_file(file: Path) -> None:
    from aicmo.errors import FixInput

    # Why a folder can't be looked into is told by reading the file.
    with suppress(OSError):
        if not file.exists():
            raise FixInput(f"There is no file {file}", next_step=f"You are in {Path.cwd()}.")


def _read(file: Path, calendar: Path | None) -> ReadDocument:
    from aicmo.plans.reading import read_document
    from aicmo.plans.spreadsheet import with_calendar

    read = read_document(file)
    if calendar is None:
        return read
    filled = with_calendar(read.document, calendar)
    source = f"{read.source} with {filled.source}"
    return replace(filled, source=source, files={**read.files, **filled.files})


def _show_refusal(error: FixDocument, *, as_json: bool) -> None:
    problems = _redacted(error.problems)
    errors = [each for each in problems if each.severity == "error"]
    warnings = [each for each in problems if each.severity != "error"]
    said = f"{error.source} has {count(len(errors), 'problem')}"
    if as_json:
        print_json({"error": said, "problems": _problems_json(problems)})
    console = to_stderr()
    show_problems(console, errors, f"{said}; nothing was imported")
    show_problems(console, warnings, "Warnings, which don't stand in the way", heading="Warning")
    console.print(
        f"\nNext:  correct {'it' if len(errors) == 1 else 'them all'} and import the file again."
    )


def _redacted(problems: Sequence[Problem]) -> list[Problem]:
    from aicmo.redaction import redact

    # Once for all of them: each call reads the settings anew.
    texts = redact("\n".join(" ".join(each.message.split()) for each in problems)).split("\n")
    return [replace(each, message=text) for each, text in zip(problems, texts, strict=True)]


def show_problems(
    console: Console, problems: Iterable[Problem], title: str, *, heading: str = "Problem"
) -> None:
    """A table of places and messages; nothing without problems."""
    table = grid(["Place", heading])
    for problem in problems:
        style = "red" if problem.severity == "error" else "yellow"
        table.add_row(plain(problem.place, style), plain(problem.message))
    if table.row_count:
        console.print()
        console.print(plain(title, "bold"))
        console.print(table)


def _problems_json(problems: Iterable[Problem]) -> list[dict[str, str]]:
    return [
        {"place": each.place, "severity": each.severity, "message": each.message}
        for each in problems
    ]


def _imported_json(imported: Imported) -> dict[str, Any]:
    return asdict(imported)


def show_import(console: Console, imported: Imported) -> None:
    """The plan's version and size after an import, in two lines."""
    if imported.unchanged:
        text = (
            f"{imported.project_id}: version {imported.version} is this document; nothing changed."
        )
        console.print(plain(text))
        return
    found = f"{count(imported.items, 'item')}, {count(imported.deliveries, 'new delivery')}"
    console.print(
        plain(f"{imported.project_id}: plan version {imported.version}, ", "bold").append(found)
    )
    people = imported.contacts
    console.print(
        plain(
            f"Contacts: {people.added} added, {people.changed} changed, {people.removed} removed."
        )
    )
    _show_who_stays_out(console, people)


def _show_who_stays_out(console: Console, people: ContactChanges) -> None:
    told = (
        (
            people.resubscribed,
            "Left earlier or bounced, so nothing is sent, whatever the document says",
        ),
        (
            people.erased,
            "Erased on request, so nothing is kept or sent; take them out of the document",
        ),
    )
    for keys, why in told:
        if keys:
            console.print(plain(f"{why}: {_few(keys)}.", "yellow"))


def _few(keys: Sequence[str]) -> str:
    shown = ", ".join(keys[:_SHOWN_CONTACTS])
    more = len(keys) - _SHOWN_CONTACTS
    return f"{shown} and {more:,} more" if more > 0 else shown


def show_difference(console: Console, imported: Imported) -> None:
    """What an import changed, item by item."""
    table = grid(["", "Item", "Title", "What changed"])
    for change in imported.difference.items:
        what = ", ".join(change.fields) if change.fields else change.change
        sign = plain(_SIGNS[change.change], _SIGN_STYLES[change.change])
        table.add_row(sign, plain(change.item), plain(change.title), plain(what))
    if table.row_count:
        console.print()
        console.print(table)
    if imported.difference.parts:
        console.print(plain("Also changed: " + ", ".join(imported.difference.parts)))
