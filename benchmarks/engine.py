"""The engine alone: claim, arm, an instant gateway, settle and audit, against plain inserts.

The yardstick is measured in the same run: SQLAlchemy Core inserts of as many rows into the ledger's
own delivery table in another database, committed as often as the engine commits a batch. Composing
and the wire are left out (`benchmarks.import_preview` and the relay's own speed tell those); the
journal, the pause check before every message and all guards are in.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Index, MetaData, Table, UniqueConstraint, insert, select, text

from aicmo.database import Database
from aicmo.execution import approvals, runs
from aicmo.execution.composing import Recipient
from aicmo.execution.dispatch import BATCH, Dispatch
from aicmo.execution.gate import Mode, issue_permit
from aicmo.execution.importing import import_document
from aicmo.execution.project import load_items
from aicmo.execution.report import read_books
from aicmo.gateways.contract import (
    Gateway,
    Outcome,
    OutcomeKind,
    Outgoing,
    RepeatClass,
    StillAllowed,
    Timing,
)
from aicmo.gateways.email_message import ComposedEmail
from aicmo.gateways.email_page import Parts
from aicmo.gateways.personalisation import Template
from aicmo.models import Delivery
from aicmo.plans.document import ProjectDocument
from aicmo.settings import ExecutionConfig
from benchmarks.import_preview import KEY, project
from benchmarks.measuring import options, own_peak_mb, show
from tests.peers.postgres_server import new_database, running_postgres

SIZES, QUICK_SIZES = (1_000, 10_000, 100_000), (500, 2_000)
WORKERS = (1, 4)
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
CONFIG = ExecutionConfig(execution_enabled=True, dry_run=False, channels_enabled=["email"])
REQUEST = runs.ExecutionRequest("many", enabled=True, dry_run=False, started_by="benchmark")
PAYLOAD = b"x" * 5_000
PARTS = Parts(text=Template(()), html=Template(()))
DELIVERY: Any = Delivery.__table__


class InstantGateway(Gateway):
    """Answers at once; asks for the last permission as every gateway does."""

    name, channel, repeat_class = "instant", "email", RepeatClass.BLIND
    timing = Timing(send_deadline=120, request_bound=620, quiet=1240)

    def __exit__(self, *_failure: object) -> None:
        pass

    def send(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome:
        if not still_allowed([outgoing]):
            return Outcome(OutcomeKind.NOT_SENT)
        return Outcome(OutcomeKind.SENT, code="250", ref=f"Q{outgoing.delivery_id}")


class InstantComposer:
    """The same bytes for everybody."""

    def compose(self, item_key: str, recipient: Recipient, date: datetime) -> ComposedEmail:
        del item_key, date
        return ComposedEmail(
            sender="studio@example.com", recipient=recipient.email.email, message_id="", subject="",
            headers=(), payload=PAYLOAD, feedback_token="", parts=PARTS, values=(),
        )  # fmt: skip


def main() -> None:
    chosen = options(__doc__ or "")
    sizes = QUICK_SIZES if chosen.quick else SIZES
    with (
        running_postgres(durable=True) as server,
        tempfile.TemporaryDirectory(prefix="aicmo-") as folder,
    ):
        urls = {"sqlite": _files(Path(folder)), "postgresql": _databases(server)}
        results = {name: _measure_all(fresh, sizes) for name, fresh in urls.items()}
    if chosen.json:
        print(json.dumps(results))
    else:
        _show(results)


def _files(folder: Path) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        (folder / str(number)).mkdir()
        yield f"sqlite:///{folder}/{number}/aicmo.db"


def _databases(server: str) -> Iterator[str]:
    while True:
        yield new_database(server)


def _measure_all(fresh: Iterator[str], sizes: Sequence[int]) -> dict[str, Any]:
    by_size = [_measure(fresh, size, workers) for size in sizes for workers in WORKERS]
    alone = [each for each in by_size if each["workers"] == 1]
    together = [each for each in by_size if each["workers"] == WORKERS[-1]]
    return {
        "ratio_to_inserts": alone[-1]["ratio_to_inserts"],
        "per_second": alone[-1]["per_second"],
        "rss_mb": max(each["rss_mb"] for each in by_size),
        "cost_largest_to_smallest": alone[-1]["us_each"] / alone[0]["us_each"],
        "four_workers_to_one": together[-1]["per_second"] / alone[-1]["per_second"],
        "by_size": by_size,
    }


def _measure(fresh: Iterator[str], size: int, workers: int) -> dict[str, Any]:
    url = next(fresh)
    database = _prepared(url, size)
    inserts = [_plain_inserts(database, next(fresh))]
    seconds, rss = _drained(url, workers)
    inserts.append(_plain_inserts(database, next(fresh)))
    with database.read() as session:
        sent = read_books(session, "many", now=NOW).count("sent")
    database.dispose()
    if sent != size:
        raise SystemExit(f"only {sent} of {size} were sent")
    return {
        "deliveries": size,
        "workers": workers,
        "per_second": size / seconds,
        "us_each": seconds / size * 1e6,
        "insert_us_each": statistics.mean(inserts) * 1e6,
        "ratio_to_inserts": statistics.mean(inserts) / (seconds / size),
        "rss_mb": rss,
    }


def _prepared(url: str, size: int) -> Database:
    database = Database(url)
    database.upgrade()
    document = ProjectDocument.model_validate(project(size))
    import_document(database, document, source="benchmark", actor="benchmark", secret_key=KEY)
    approvals.approve(database, "many", None, approved_by="Ann", now=NOW)
    if not database.is_sqlite:
        with database.watch() as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
    return database


def _plain_inserts(source: Database, url: str) -> float:
    """Seconds per row, committed batch by batch, in a database without anything else."""
    with source.read() as session:
        rows = [dict(row) for row in session.execute(select(DELIVERY)).mappings()]
    target = Database(url)
    if target.is_sqlite:
        target.engine.connect().close()
    table = _alone(DELIVERY)
    table.create(target.engine)
    began = time.perf_counter()
    for start in range(0, len(rows), BATCH):
        with target.write() as session:
            session.execute(insert(table), rows[start : start + BATCH])
    seconds = (time.perf_counter() - began) / len(rows)
    target.dispose()
    return seconds


def _alone(table: Any) -> Table:
    """The same columns and indexes, without references to other tables."""
    columns = [Column(each.name, each.type, primary_key=each.primary_key) for each in table.columns]
    copy = Table(
        table.name, MetaData(), *columns, UniqueConstraint("item_id", "account_id", "recipient")
    )
    for index in table.indexes:
        options = {
            f"{name}_where": index.dialect_options[name]["where"]
            for name in ("sqlite", "postgresql")
        }
        where = {name: text(str(clause)) for name, clause in options.items() if clause is not None}
        Index(index.name, *(copy.c[each.name] for each in index.columns), **where)
    return copy


def _drained(url: str, workers: int) -> tuple[float, float]:
    """Seconds until `workers` processes that start together have sent everything; largest RSS."""
    command = [sys.executable, "-m", "benchmarks.engine", "work", url]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(workers)
    ]
    for each in started:
        assert each.stdout
        assert each.stdout.readline() == "ready\n"
    began = time.perf_counter()
    for each in started:
        assert each.stdin
        each.stdin.write("go\n")
        each.stdin.flush()
    answers = [each.communicate()[0] for each in started]
    seconds = time.perf_counter() - began
    return seconds, max(float(answer) for answer in answers)


def work(url: str) -> None:
    """One worker: prepares, says so, and sends when it is told to."""
    database = Database(url)
    run = runs.open_run(database, REQUEST, CONFIG, clock=lambda: NOW)
    with database.read() as session:
        items = load_items(session, "many")
    dispatch = Dispatch(
        database=database, mover=run.mover, plan=run.plan, items=items, channel="email",
        channels_with_gateway=("email",), permit=issue_permit(Mode.LIVE, run.run_id, "email"),
        open_gateway=InstantGateway, composers=InstantComposer(),
    )  # fmt: skip
    print("ready", flush=True)
    sys.stdin.readline()
    dispatch.run()
    print(own_peak_mb())


def _show(results: dict[str, dict[str, Any]]) -> None:
    for name, result in results.items():
        show(
            f"Engine on {name}",
            ["deliveries", "workers", "per second", "µs each", "plain insert µs", "ratio", "RSS MB"],
            [
                [
                    f"{each['deliveries']:,}", each["workers"], each["per_second"], each["us_each"],
                    each["insert_us_each"], each["ratio_to_inserts"], each["rss_mb"],
                ]
                for each in result["by_size"]
            ],
        )  # fmt: skip
        flat, four = result["cost_largest_to_smallest"], result["four_workers_to_one"]
        print(f"cost, largest size to smallest: {flat:.2f}; four workers to one: {four:.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["work"]:
        work(sys.argv[2])
    else:
        main()
