"""`aicmo email doctor`: what keeps a client's email from being taken and trusted."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from aicmo.cli.app import FAILED
from aicmo.cli.console import count, grid, plain, print_json, to_stdout
from aicmo.cli.ledger import open_ledger
from aicmo.cli.options import Json, Project
from aicmo.cli.progress import progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from aicmo.gateways.diagnosis import Check
    from aicmo.gateways.email_doctor import Setup, Sign
    from aicmo.plans.document import ProjectDocument
    from aicmo.settings import Settings

_STYLES = {"ok": "green", "problem": "bold red", "warning": "yellow", "not checked": "dim"}


def doctor(project: Project, *, as_json: Json = False) -> None:
    """Check relay, DNS and one-click unsubscribe. Reads only; needs no EXECUTION_ENABLED.

    It connects and logs in where AICMO_SMTP_URL says so, asks the DNS, and composes one email.
    It begins no message, and changes nothing.
    """
    from aicmo.execution.project import load_plan
    from aicmo.gateways.dns_records import Dns
    from aicmo.gateways.email_doctor import examine
    from aicmo.settings import get_settings

    with open_ledger().read() as session:
        document = load_plan(session, project).document
    with progress("Looking"):
        setup, amiss = _prepare(document, get_settings())
        found = [*amiss, *examine(setup, Dns())]
    if as_json:
        print_json(_as_json(project, found))
    else:
        _show(to_stdout(), found)
    if _count(found)["problem"]:
        raise typer.Exit(FAILED)


def _prepare(document: ProjectDocument, settings: Settings) -> tuple[Setup, list[Check]]:
    """What is looked at, and what is amiss before anybody is asked."""
    from aicmo.errors import AicmoError
    from aicmo.gateways.diagnosis import problem
    from aicmo.gateways.email_doctor import Setup, transport_of

    amiss: list[Check] = []
    message, from_domain, envelope_domain, sign = None, "", "", None
    try:
        from_domain, envelope_domain = _domains(document)
        message = _sample(document)
    except AicmoError as error:
        amiss.append(problem("Message", str(error), error.next_step))
    try:
        sign = _signer(settings)
    except AicmoError as error:
        amiss.append(problem("DKIM key file", str(error), error.next_step))
    transport, selector = transport_of(settings), settings.dkim_selector
    return Setup(transport, from_domain, envelope_domain, message, selector, sign), amiss


def _domains(document: ProjectDocument) -> tuple[str, str]:
    """Of the From address, and of the address that bounces go to; '' without a sender."""
    from aicmo.plans.addresses import ascii_address

    sender = document.brand.sender
    if sender is None:
        return "", ""
    own = ascii_address(sender.email)
    bounces = ascii_address(sender.bounce_address or sender.email)
    return own.rpartition("@")[2], bounces.rpartition("@")[2]


def _sample(document: ProjectDocument) -> bytes | None:
    """The plan's first email, to a made-up person; None if the plan has none."""
    from datetime import UTC, datetime

    from aicmo.execution.sample_email import compose_sample, email_items, stand_in

    for item, content in email_items(document):
        person = stand_in(content, "somebody@example.com")
        now = datetime.now(UTC)
        return compose_sample(document, item.id, person, now, "doctor").payload
    return None


def _signer(settings: Settings) -> Sign | None:
    """As the gateway to a relay signs; None without a relay, or where the relay does it."""
    from aicmo.gateways.dkim_signing import Signer

    if settings.dkim_key_file is None or settings.smtp_url is None:
        return None
    return Signer(settings.dkim_key_file, settings.dkim_selector).sign


def _show(console: Console, found: Sequence[Check]) -> None:
    table = grid(["Check", "Verdict", "Seen", "What to do"])
    for each in found:
        verdict = each.verdict.value
        table.add_row(
            each.name, plain(verdict, _STYLES[verdict]), plain(each.seen), plain(each.fix)
        )
    console.print(table)
    counts = _count(found)
    said = [
        count(counts["problem"], "problem") if counts["problem"] else "No problem",
        *([count(counts["warning"], "warning")] if counts["warning"] else []),
        *([f"{counts['not checked']} not checked"] if counts["not checked"] else []),
    ]
    style = "bold red" if counts["problem"] else "green"
    console.print(plain(f"\n{', '.join(said)}. Nothing was sent.", style))


def _count(found: Sequence[Check]) -> Counter[str]:
    return Counter(each.verdict.value for each in found)


def _as_json(project: str, found: Sequence[Check]) -> dict[str, object]:
    counts = _count(found)
    return {
        "project_id": project, "problems": counts["problem"], "warnings": counts["warning"],
        "not_checked": counts["not checked"], "checks": [asdict(each) for each in found],
    }  # fmt: skip
