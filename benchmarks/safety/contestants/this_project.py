"""AICMO on SQLite, as `aicmo import`, `approve`, `execute`, `pause` and `unpause` run it.

Two things differ from the command line, for the benchmark's sake: the relay's time-outs are those
of every contestant, and the clock goes on as far as `SAFETY_LATER` says, since a message that was
refused for now waits minutes before it is tried again.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.orm import Session

from aicmo.cli.running import run_channels
from aicmo.database import Database, open_database
from aicmo.execution import approvals, pauses, runs
from aicmo.execution.importing import import_document
from aicmo.execution.report import read_books
from aicmo.gateways.contract import LivePermit
from aicmo.gateways.smtp import SmtpGateway
from aicmo.gateways.smtp_session import SmtpTimeouts
from aicmo.models import Contact, Delivery
from aicmo.plans.document import ProjectDocument
from aicmo.settings import ExecutionConfig
from aicmo.smtp_relay import SmtpRelay
from benchmarks.safety.campaign import Campaign, read_campaign

PROJECT, PLAN = "campaign", Path("project.json")
KEY = b"benchmark-key-benchmark-key-benchmark"
CONFIG = ExecutionConfig(execution_enabled=True, dry_run=False, channels_enabled=["email"])
NOT_DONE = 75  # sysexits.h: EX_TEMPFAIL
LATER = timedelta(seconds=float(os.environ.get("SAFETY_LATER", "0")))


class LaterDatabase(Database):
    """A database whose clock is ahead."""

    def now(self, session: Session) -> datetime:
        return super().now(session) + LATER


def now() -> datetime:
    return datetime.now(UTC) + LATER


def ledger() -> Database:
    url = f"sqlite:///{Path.cwd()}/aicmo.db"
    opened = open_database(url)  # makes it, once
    return LaterDatabase(opened.url) if LATER else opened


def queue() -> None:
    PLAN.write_text(json.dumps(document(read_campaign())))
    import_plan()
    approvals.approve(ledger(), PROJECT, None, approved_by="Ann", now=now())


def send() -> int:
    request = runs.ExecutionRequest(PROJECT, enabled=True, dry_run=False, started_by="benchmark")
    run = runs.open_run(ledger(), request, CONFIG, clock=now)
    run_channels(run, lambda _: open_gateway)
    with run.database.read() as session:
        waiting = read_books(session, PROJECT, now=now()).count("waiting")
    return NOT_DONE if waiting else 0


def open_gateway(permit: LivePermit) -> SmtpGateway:
    port, seconds = int(os.environ["SAFETY_SMTP_PORT"]), float(os.environ["SAFETY_TIMEOUT"])
    relay = SmtpRelay(host="127.0.0.1", port=port, username="", password=SecretStr(""), tls="none")
    return SmtpGateway(permit, relay, timeouts=SmtpTimeouts(seconds, seconds, seconds, seconds))


def opt_out(numbers: list[int]) -> None:
    plan = json.loads(PLAN.read_text())
    gone = {f"c{number}" for number in numbers}
    for contact in plan["contacts"]:
        if contact["id"] in gone:
            contact["consent"] = "unsubscribed"
    PLAN.write_text(json.dumps(plan))
    import_plan()


def edit() -> None:
    plan = json.loads(PLAN.read_text())
    for before, after in zip(plan["items"], document(read_campaign())["items"], strict=True):
        before["content"] = after["content"]
    PLAN.write_text(json.dumps(plan))
    import_plan()


def pause() -> None:
    pauses.pause(ledger(), project_id=PROJECT, by="Ann", now=now())


def resume() -> None:
    pauses.unpause(ledger(), project_id=PROJECT, by="Ann")


def report() -> dict[int, str]:
    query = select(Contact.key, Delivery.state, Delivery.ambiguous)
    query = query.join(Contact, Contact.id == Delivery.contact_id)
    with ledger().read() as session:
        rows = session.execute(query).all()
    return {int(key.removeprefix("c")): said(state, doubtful) for key, state, doubtful in rows}


def said(state: str, doubtful: bool) -> str:  # noqa: FBT001  (a column)
    if state in ("sent", "failed", "skipped"):
        return state
    if doubtful or state in ("unknown", "sending"):
        return "doubt"
    return "open"


def import_plan() -> None:
    plan = ProjectDocument.model_validate_json(PLAN.read_text())
    import_document(ledger(), plan, source=str(PLAN), actor="benchmark", secret_key=KEY)


def document(campaign: Campaign) -> dict[str, Any]:
    """A project document: the letter to most, the notice to some."""
    return {
        "schema_version": 1, "id": PROJECT, "name": "Campaign", "timezone": "UTC", "language": "en",
        "starts_on": "2026-01-01", "ends_on": "2036-01-01",
        "brand": {
            "name": "Studio", "industry": "Fitness", "offer": "Classes", "location": "Paris",
            "postal_address": "12 Example Street",
            "sender": {"name": "Studio", "email": "studio@example.com"},
            "unsubscribe_url": "https://studio.example.com/leave",
            "colours": {"primary": "#12345a", "accent": "#c0392b"},
        },
        "objectives": [{"statement": "Reach all"}],
        "market": {"primary": "Everybody"},
        "strategy": {"summary": "Write.", "pillars": [{"name": "One", "idea": "All"}]},
        "contacts": [
            {
                "id": f"c{each.number}", "email": each.email, "first_name": each.first_name,
                "consent": "opt_in", "consent_source": "form", "segments": [each.text],
            }
            for each in campaign.recipients
        ],
        "audiences": [
            {"id": text, "name": text, "segments": [text]} for text in campaign.texts
        ],
        "items": [
            {
                "id": name, "channel": "email", "title": name, "audience": name,
                "send_at": (datetime.now(UTC) - timedelta(hours=1)).isoformat(timespec="minutes"),
                "content": {
                    part: words.replace("{name}", "{{ contact.first_name }}")
                    for part, words in text.items()
                },
            }
            for name, text in campaign.texts.items()
        ],
    }  # fmt: skip


def main() -> int:
    match sys.argv[1:]:
        case ["send"]:
            return send()
        case ["opt-out", file]:
            opt_out([int(number) for number in Path(file).read_text().split()])
        case ["report"]:
            print(json.dumps(report()))
        case [word]:
            {"queue": queue, "edit": edit, "pause": pause, "resume": resume}[word]()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
