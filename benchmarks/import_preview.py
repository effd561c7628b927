"""Import and preview of a plan with many recipients: rows per second, peak memory, flat cost.

Each size runs in a process of its own. The anchors are measured in the same process: plain
SQLAlchemy Core inserts of as many rows as the import writes (contacts and deliveries), and composing
the same number of emails without the ledger.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Integer, MetaData, String, Table, insert

from aicmo.database import Database, open_database
from aicmo.execution.importing import import_document
from aicmo.execution.preview import preview_items
from aicmo.execution.project import load_items, load_plan
from aicmo.gateways.email_message import EmailComposer
from aicmo.gateways.personalisation import EmailRecipient
from aicmo.plans.items import EmailContent
from aicmo.plans.reading import read_document
from benchmarks.measuring import Stopwatch, measured_child, options, peak_memory_mb, show

SIZES, QUICK_SIZES = (1_000, 10_000, 100_000), (500, 2_000)
KEY = b"benchmark-key-benchmark-key-benchmark"
NOW = datetime(2026, 3, 10, tzinfo=UTC)
CHUNK = 1000
BODY = "Hello {{ contact.first_name }},\n\n" + "Come and see the **new studio** on Monday. " * 20


def main() -> None:
    chosen = options(__doc__ or "")
    sizes = QUICK_SIZES if chosen.quick else SIZES
    results = [measured_child("benchmarks.import_preview", size) for size in sizes]
    flat = {
        name: results[-1][name]["us_each"] / results[0][name]["us_each"]
        for name in ("read", "import", "preview")
    }
    if chosen.json:
        print(json.dumps({"by_size": results, "largest_to_smallest": flat}))
        return
    show(
        "Import and preview (SQLite, synchronous=FULL)",
        ["recipients", "step", "rows/s", "CPU µs each", "ratio to anchor", "peak MB"],
        [row for result in results for row in _rows(result)],
    )
    print("cost per recipient, largest to smallest:", {k: round(v, 2) for k, v in flat.items()})


def _rows(result: dict[str, Any]) -> Iterator[list[object]]:
    size = f"{result['recipients']:,}"
    for step in ("read", "import", "preview"):
        each = result[step]
        ratio = each.get("ratio", "–")
        yield [size, step, each["per_second"], each["us_each"], ratio, each["peak_mb"]]


def measure(size: int) -> dict[str, Any]:
    """All steps for `size` recipients, in this process."""
    with tempfile.TemporaryDirectory(prefix="aicmo-benchmark-") as folder:
        return _measure(size, Path(folder))


def _measure(size: int, folder: Path) -> dict[str, Any]:
    file = folder / "project.json"
    file.write_text(json.dumps(project(size)))
    database = open_database(f"sqlite:///{folder}/aicmo.db")
    inserts = _plain_inserts(folder, 2 * size)
    watch = Stopwatch()
    document = read_document(file).document
    read = _result(watch, size)
    composing = _composing_alone(document.items[0].content, document.brand, min(size, 2_000))
    watch = Stopwatch()
    import_document(database, document, source="benchmark", actor="benchmark", secret_key=KEY)
    imported = _result(watch, size)
    imported["ratio"] = imported["us_each"] / inserts
    del document
    watch = Stopwatch()
    shown = _preview(database)
    preview = _result(watch, shown)
    preview["ratio"] = preview["us_each"] / composing
    return {"recipients": size, "read": read, "import": imported, "preview": preview}


def _preview(database: Database) -> int:
    with database.read() as session:
        plan, items = load_plan(session, "many"), load_items(session, "many")
    return sum(item.would_send for item in preview_items(database, plan, items, NOW).items)


def _result(watch: Stopwatch, count: int) -> dict[str, Any]:
    return {
        "per_second": count / watch.wall(),
        "us_each": watch.cpu() / count * 1e6,
        "peak_mb": peak_memory_mb(),
    }


def _plain_inserts(folder: Path, rows: int) -> float:
    """CPU microseconds per recipient (two rows each) of plain inserts in one transaction."""
    names = ("a", "b", "c", "d", "e", "f")
    table = Table(
        "plain", MetaData(), Column("id", Integer, primary_key=True),
        *(Column(name, String(64)) for name in names),
    )  # fmt: skip
    database = Database(f"sqlite:///{folder}/plain.db")
    table.create(database.engine)
    watch = Stopwatch()
    with database.write() as session:
        for start in range(0, rows, CHUNK):
            values = [dict.fromkeys(names, f"value {start + each}") for each in range(CHUNK)]
            session.execute(insert(table), values)
    return watch.cpu() / rows * 2 * 1e6


def _composing_alone(content: object, brand: Any, count: int) -> float:
    assert isinstance(content, EmailContent)
    composer = EmailComposer(content, brand)
    watch = Stopwatch()
    for number in range(count):
        person = EmailRecipient(email=f"person{number}@example.com", first_name="Ann")
        composer.compose(person, f"{number:032x}", NOW)
    return watch.cpu() / count * 1e6


def project(size: int) -> dict[str, Any]:
    """A project document with one email to `size` contacts."""
    contacts = [
        {
            "id": f"c{number}",
            "email": f"person{number}@example.com",
            "first_name": f"Ann {number}",
            "consent": "opt_in",
            "consent_source": "newsletter form",
        }
        for number in range(size)
    ]
    return {
        "schema_version": 1,
        "id": "many",
        "name": "Many recipients",
        "timezone": "Europe/Paris",
        "language": "en",
        "starts_on": "2026-03-01",
        "ends_on": "2026-05-30",
        "brand": {
            "name": "Studio",
            "industry": "Fitness",
            "offer": "Classes",
            "location": "Paris",
            "postal_address": "12 Example Street",
            "sender": {"name": "Studio", "email": "hello@studio.example.com"},
            "unsubscribe_url": "https://studio.example.com/leave",
            "colours": {"primary": "#12345a", "accent": "#c0392b"},
        },
        "objectives": [{"statement": "Reach many"}],
        "market": {"primary": "Everybody"},
        "strategy": {"summary": "Write to all.", "pillars": [{"name": "One", "idea": "All"}]},
        "contacts": contacts,
        "audiences": [{"id": "all", "name": "All", "everyone": True}],
        "items": [
            {
                "id": "mail",
                "channel": "email",
                "title": "The mail",
                "send_at": "2026-03-10T09:00",
                "audience": "all",
                "content": {"subject": "Hello {{ contact.first_name }}", "body": BODY},
            }
        ],
    }


if __name__ == "__main__":
    if len(sys.argv) == 2 and sys.argv[1].isdigit():
        print(json.dumps(measure(int(sys.argv[1]))))
    else:
        main()
