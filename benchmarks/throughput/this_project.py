"""AICMO's whole durable path: claim, compose, arm, hand over, settle, audit; each worker a process.

`prepared(url, count)` imports and approves the letter; `python -m …this_project URL RELAY` is a worker.
"""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, datetime
from typing import Any

from aicmo.database import Database
from aicmo.execution import approvals, runs
from aicmo.execution.importing import import_document
from aicmo.execution.project import load_items
from aicmo.execution.report import read_books
from aicmo.gateways.smtp import open_smtp_gateway
from aicmo.plans.document import ProjectDocument
from aicmo.settings import ExecutionConfig
from aicmo.smtp_relay import parse_smtp_url
from benchmarks.measuring import Stopwatch, own_peak_mb
from benchmarks.throughput.letters import FROM, FROM_NAME, LEAVE, MARKDOWN, people

KEY = "k" * 32
os.environ["AICMO_SECRET_KEY"] = KEY
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
CONFIG = ExecutionConfig(execution_enabled=True, dry_run=False, channels_enabled=["email"])
REQUEST = runs.ExecutionRequest("letters", enabled=True, dry_run=False, started_by="benchmark")


def prepared(url: str, count: int) -> None:
    """A database with the letter imported and approved for so many people."""
    database = Database(url)
    database.upgrade()
    document = ProjectDocument.model_validate(_document(count))
    import_document(
        database, document, source="benchmark", actor="benchmark", secret_key=KEY.encode()
    )
    approvals.approve(database, "letters", None, approved_by="Ann", now=NOW)
    if not database.is_sqlite:
        with database.watch() as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
    database.dispose()


def sent(url: str) -> int:
    database = Database(url)
    with database.read() as session:
        count = read_books(session, "letters", now=NOW).count("sent")
    database.dispose()
    return count


def _document(count: int) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "id": "letters",
        "name": "Letters",
        "timezone": "Europe/London",
        "language": "en",
        "starts_on": "2026-03-01",
        "ends_on": "2026-05-30",
        "brand": {
            "name": "Tarn & Ember",
            "industry": "Coffee",
            "offer": "Small-batch coffee by post",
            "location": "Leeds",
            "postal_address": "4 Mill Row, Leeds LS1 1AA",
            "sender": {"name": FROM_NAME, "email": FROM},
            "unsubscribe_url": f"{LEAVE}{{token}}",
            "colours": {"primary": "#1f3d36", "accent": "#e07a3f"},
        },
        "objectives": [{"statement": "Sell the spring lots"}],
        "market": {"primary": "Home brewers"},
        "strategy": {"summary": "Be tasted.", "pillars": [{"name": "Taste", "idea": "Samples"}]},
        "contacts": [_contact(each) for each in people(count)],
        "audiences": [{"id": "everyone", "name": "Everyone", "everyone": True}],
        "items": [
            {
                "id": "letter",
                "channel": "email",
                "title": "Spring letter",
                "send_at": "2026-03-10T08:00",
                "audience": "everyone",
                "content": {
                    "subject": "{{ contact.first_name }}, four coffees for your March",
                    "body": MARKDOWN,
                    "cta": {"label": "See the offers", "url": "https://tarnember.example/march"},
                },
            }
        ],
    }


def _contact(person: dict[str, Any]) -> dict[str, Any]:
    attributes: dict[str, str] = {}
    for at, offer in enumerate(person["offers"], start=1):
        attributes |= {f"offer_{at}": offer["name"], f"note_{at}": offer["note"]}
        attributes[f"price_{at}"] = f"{offer['price']:.2f}"
    return {
        "id": f"c{person['number']}",
        "email": person["email"],
        "first_name": person["first_name"],
        "consent": "opt_in",
        "consent_source": "shop",
        "attributes": attributes,
    }


def work(url: str, relay: str) -> None:
    """Prepares, says so, and sends when it is told to."""
    database = Database(url)
    run = runs.open_run(database, REQUEST, CONFIG, clock=lambda: NOW)
    with database.read() as session:
        items = load_items(session, "letters")
    print("ready", flush=True)
    sys.stdin.readline()
    watch, began = Stopwatch(), time.time()
    smtp = parse_smtp_url(relay)
    runs.execute_channel(run, "email", items, lambda: open_smtp_gateway(smtp))
    print(
        json.dumps(
            {
                "began": began,
                "ended": time.time(),
                "cpu_seconds": watch.cpu(),
                "rss_mb": own_peak_mb(),
            }
        )
    )


if __name__ == "__main__":
    work(sys.argv[1], sys.argv[2])
