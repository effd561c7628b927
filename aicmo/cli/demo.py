"""`aicmo demo`: the main job as a short story, on an example, without leaving the machine."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aicmo.cli.app import FAILED
from aicmo.cli.approving import show_items
from aicmo.cli.books import show_books
from aicmo.cli.console import count, local_time, plain, to_stderr, to_stdout
from aicmo.cli.demo_folder import (
    CLOCK,
    OPERATOR,
    PROJECT,
    REFUSED,
    TIMEZONE,
    DemoFolder,
    demo_world,
    read_example,
    secret_key,
)
from aicmo.cli.importing import show_import
from aicmo.cli.initialising import prepare_database
from aicmo.cli.ledger import approvals, open_ledger, read_outlook
from aicmo.cli.packaging import build_package, show_package
from aicmo.cli.planning import show_plan
from aicmo.cli.previewing import make_preview, show_sum
from aicmo.cli.progress import progress

if TYPE_CHECKING:
    from rich.console import Console

    from aicmo.cli.running import Ran
    from aicmo.database import Database
    from aicmo.execution.report import Books
    from aicmo.gateways.capture import CaptureServer


def demo(
    folder: Annotated[Path, typer.Option(help="The demo's own folder, kept between runs.")] = Path(
        ".aicmo/demo"
    ),
) -> None:
    """Show the whole way on an example: import, preview, send to a local server, package."""
    with demo_world(folder) as world:
        went_well = _Story(world).tell()
    if not went_well:
        raise typer.Exit(FAILED)


class _Story:
    def __init__(self, world: DemoFolder) -> None:
        self.world = world
        self.started = time.monotonic()
        self.console: Console = to_stdout()
        self.chapter = 0

    def tell(self) -> bool:
        """Runs every chapter; whether all was as expected."""
        self._say("AICMO Delivery, the whole way", "bold")
        when = local_time(CLOCK, TIMEZONE)
        self._say(f"The demo's clock stands at {when}. Nothing leaves this machine.", "dim")
        with progress("Opening the demo's database"):
            # A folder of an earlier version is brought up to date: nothing in it is anybody's.
            prepare_database()
            database = open_ledger()
        self._import(database)
        self._plan(database)
        self._preview(database)
        ran, accepted = self._send(database)
        books = self._report(database, ran, accepted)
        packaged = self._package()
        self._what_next()
        return packaged and _as_expected(ran, books, accepted)

    def _say(self, text: str, style: str = "") -> None:
        self.console.print(plain(text, style), soft_wrap=True)

    def _begin(self, title: str, style: str = "bold cyan") -> None:
        self.chapter += 1
        self.console.print()
        self._say(f"{self.chapter}  {title}", style)
        self.console.print()

    def _import(self, database: Database) -> None:
        from aicmo.execution.importing import import_document

        self._begin("Import the client's project")
        with progress("Reading the project"):
            read = read_example()
        imported = import_document(
            database, read.document, source=read.source, actor=OPERATOR, secret_key=secret_key(),
            warnings=[str(warning) for warning in read.warnings], files=read.files,
        )  # fmt: skip
        show_import(self.console, imported)

    def _plan(self, database: Database) -> None:
        from aicmo.execution.project import load_items, load_plan

        self._begin("The plan, in the client's time zone")
        with database.read() as session:
            found, items = load_plan(session, PROJECT), load_items(session, PROJECT)
            given, outlook = approvals(session, PROJECT), read_outlook(session, PROJECT, CLOCK)
        show_plan(self.console, found, items, given, outlook)

    def _preview(self, database: Database) -> None:
        from aicmo.settings import get_settings

        self._begin("Preview: a dry run, composed in full")
        found, page = make_preview(database, PROJECT, None, get_settings().output_dir, at=CLOCK)
        show_sum(self.console, found)
        self._say(f"Open {page}", "bold")

    def _send(self, database: Database) -> tuple[Ran, int]:
        from aicmo.gateways.capture import CaptureServer

        self._begin(
            "LIVE: approve the email and send it to a mail server of the demo's own", "bold red"
        )
        self._say(
            f"The server listens on loopback only, keeps what it gets, and refuses {REFUSED}."
        )
        self._approve(database)
        with CaptureServer(self.world.captured, refused=[REFUSED]) as server:
            ran = self._execute(database, server)
            accepted = len(server.accepted)
        if ran.settled:
            refused = ran.settled["failed"]
            self._say(
                f"The server took {count(accepted, 'message')} and refused {refused}.", "bold"
            )
            self._say(f"They are in {self.world.captured}")
        return ran, accepted

    def _approve(self, database: Database) -> None:
        from aicmo.execution.approvals import approve
        from aicmo.execution.project import load_items

        with database.read() as session:
            items = [each for each in load_items(session, PROJECT) if each.channel == "email"]
            before = approvals(session, PROJECT)
        self.console.print()
        show_items(self.console, items, before)
        given = approve(
            database, PROJECT, None, approved_by=OPERATOR, now=CLOCK, channels=["email"]
        )
        new = sum(each.new for each in given)
        text = (
            f"{OPERATOR} approves {count(new, 'item')}."
            if new
            else "All of it is approved already."
        )
        self._say(f"\n{text}")

    def _execute(self, database: Database, server: CaptureServer) -> Ran:
        from aicmo.cli.running import run_channels
        from aicmo.execution.runs import ExecutionRequest, open_run
        from aicmo.gateways.smtp import open_smtp_gateway
        from aicmo.settings import ExecutionConfig

        request = ExecutionRequest(PROJECT, enabled=True, dry_run=False, started_by=OPERATOR)
        config = ExecutionConfig(execution_enabled=True, dry_run=False)
        run = open_run(database, request, config, clock=lambda: CLOCK)
        with progress("Sending") as advance:
            return run_channels(run, lambda _: open_smtp_gateway(server.relay), advance)

    def _report(self, database: Database, ran: Ran, accepted: int) -> Books:
        self._begin("The report")
        books = show_books(self.console, database, PROJECT, at=CLOCK)
        if not accepted and not ran.settled:
            self._say(
                f"Nothing was sent twice: {books.count('sent')} deliveries are recorded as sent and "
                f"{books.count('failed')} as refused for good.\nThe ledger has one row per item and "
                "recipient, and only a row that is still waiting can be claimed.",
                "green",
            )
        for error in ran.report.errors:
            to_stderr().print(plain(f"Error: {error}", "red"), soft_wrap=True)
        return books

    def _package(self) -> bool:
        self._begin("The package for the client")
        result = build_package(PROJECT)
        show_package(self.console, result)
        for error in result.errors:
            to_stderr().print(plain(f"Error: {error}", "red"), soft_wrap=True)
        return result.success and not result.errors

    def _what_next(self) -> None:
        self._begin("What to try next")
        steps = (
            *(
                (activate, "once in each terminal: `aicmo` is a command")
                for activate in _activation()
            ),
            ("aicmo demo", "again: nothing is sent twice"),
            (f"cd {_shown(self.world.path)}", "a working folder like any other:"),
            (f"aicmo plan {PROJECT}", "the plan by today's clock"),
            (f"aicmo tasks {PROJECT}", "posts for a person, ready to paste"),
            ("aicmo audit --verify", "proof that nobody changed the log"),
            ("aicmo init", "then in a folder of your own"),
        )
        for what, why in steps:
            self.console.print(plain(f"  {what:<34}  ", "bold").append(why, "not bold"))
        self._say(f"\nDone in {time.monotonic() - self.started:.1f} s.", "dim")


def _activation() -> list[str]:
    """The line that makes `aicmo` a command of the terminal; none if it is one."""
    script = Path(sys.prefix, "bin", "activate")
    path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    if "MAKELEVEL" in os.environ and os.environ.get("VIRTUAL_ENV") != sys.prefix:
        # `make demo` puts this folder on its own path, which the terminal never sees.
        path = [folder for folder in path if folder != str(script.parent)]
    if shutil.which("aicmo", path=os.pathsep.join(path)) or not script.exists():
        return []
    return [f". {shlex.quote(_shown(script))}"]


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _as_expected(ran: Ran, books: Books, accepted: int) -> bool:
    """One address is refused, and that is the point; anything else that went wrong is not."""
    refused = ran.settled["failed"]
    return (
        books.balanced
        and not ran.report.errors
        and not books.count("unknown")
        and books.count("failed") == 1
        and ran.settled["sent"] == accepted
        and ran.settled.total() == accepted + refused
    )
