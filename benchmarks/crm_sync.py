"""Contacts into a CRM that takes 50 ms to answer: this project's batches against one request each.

Both write the same contacts to the same HubSpot-like peer (`benchmarks.crm.peer`), without and with
2 % of the requests failing: dropped, answered by nobody after they were applied, refused for a while. The one-by-one client
is plain httpx over a kept connection that repeats what fails; its speed is measured with fewer
contacts, since each of them costs the same. Ours is a whole live run on SQLite: every contact is read, judged, armed under all
guards, written and settled as a delivery of its own; what has to wait for a repetition is waited for.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import update

from aicmo.database import Database, open_database
from aicmo.errors import TryLater
from aicmo.execution import approvals, runs
from aicmo.execution.importing import import_document
from aicmo.execution.report import ExecutionReport, read_books
from aicmo.gateways.account_gateway import ProviderAccount
from aicmo.gateways.registry import open_crm_gateway
from aicmo.models import Account
from aicmo.plans.document import ProjectDocument
from aicmo.settings import ExecutionConfig
from benchmarks.crm.peer import LATENCY_SECONDS, PORTAL
from benchmarks.import_preview import KEY, project
from benchmarks.measuring import options, show

SIZE, QUICK_SIZE = 10_000, 1_000
ONE_BY_ONE, QUICK_ONE_BY_ONE = 1_000, 100
TRIES = 20
CONFIG = ExecutionConfig(execution_enabled=True, dry_run=False, channels_enabled=["crm"])
REQUEST = runs.ExecutionRequest("many", enabled=True, dry_run=False, started_by="benchmark")
CRM = {
    "provider": "hubspot",
    "fields": [
        {"ours": "email", "theirs": "email", "type": "email", "conflict": "ours"},
        {"ours": "first_name", "theirs": "firstname", "conflict": "ours"},
    ],
}
ITEM = {
    "id": "into-the-crm", "channel": "crm", "title": "Everybody into the CRM",
    "send_at": "2026-03-03T07:30:00+00:00", "audience": "all", "late": "send",
    "content": {"action": "upsert_contact"},
}  # fmt: skip


class Peer:
    """The peer in a process of its own, so that it takes no time of ours."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin
        assert process.stdout
        self._say, self._hear = process.stdin, process.stdout
        self.url = self._hear.readline().strip()

    def ask(self, question: str) -> dict[str, Any]:
        self._say.write(question + "\n")
        self._say.flush()
        return json.loads(self._hear.readline())


@contextmanager
def running_peer() -> Generator[Peer]:
    """The peer, until the end of the block."""
    command = [sys.executable, "-m", "benchmarks.crm.peer"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Peer(process)
        finally:
            process.kill()


class Token:
    """A private app's token."""

    def access_token(self) -> str:
        return "benchmark"

    def extra(self, name: str) -> str:
        del name
        return ""


def batched(peer: Peer, database: Database, count: int) -> dict[str, Any]:
    """A live run of this project over `count` contacts."""
    document = _imported(database, count)
    account = ProviderAccount(str(PORTAL), "Benchmark", api_url=peer.url)
    opened = open_crm_gateway("hubspot", account, Token())
    began, waiting = time.perf_counter(), count
    for _ in range(TRIES):
        run = runs.open_run(database, REQUEST, CONFIG)
        report = ExecutionReport("many")
        try:
            runs.execute_channel(run, "crm", runs.extract_items(run), lambda: opened)
        except TryLater as error:  # contacts couldn't be read: the next run goes on
            report.add_error(str(error))
        runs.close_run(run, report)
        waiting = _waiting(database)
        if not waiting:
            break
    seconds = time.perf_counter() - began
    expected = {str(each.email): str(each.first_name) for each in document.contacts}
    return _told(peer, expected, seconds) | {"waiting": waiting}


def _imported(database: Database, count: int) -> ProjectDocument:
    document = ProjectDocument.model_validate(project(count) | {"crm": CRM, "items": [ITEM]})
    import_document(database, document, source="benchmark", actor="benchmark", secret_key=KEY)
    with database.write() as session:
        values = {"identity": str(PORTAL), "provider": "hubspot"}
        session.execute(update(Account).where(Account.channel == "crm").values(**values))
    approvals.approve(database, "many", None, approved_by="Ann", now=database.time())
    return document


def _waiting(database: Database) -> int:
    with database.read() as session:
        books = read_books(session, "many", now=database.time())
    return books.count("waiting") + books.count("unknown")


def one_by_one(peer: Peer, count: int) -> dict[str, Any]:
    """A plain client: one request for each contact, repeated until it is answered."""
    document = ProjectDocument.model_validate(project(count))
    expected = {str(each.email): str(each.first_name) for each in document.contacts}
    began = time.perf_counter()
    with httpx.Client(base_url=peer.url, headers={"Authorization": "Bearer benchmark"}) as client:
        for email, first_name in expected.items():
            properties = {"email": email, "firstname": first_name}
            one = {"idProperty": "email", "id": email, "properties": properties}
            while not _answered(client, one):
                pass
    return _told(peer, expected, time.perf_counter() - began)


def _answered(client: httpx.Client, one: dict[str, Any]) -> bool:
    try:
        answer = client.post("/crm/v3/objects/contacts/batch/upsert", json={"inputs": [one]})
    except httpx.HTTPError:
        return False
    time.sleep(float(answer.headers.get("Retry-After", 0)))
    return answer.is_success


def _told(peer: Peer, expected: dict[str, str], seconds: float) -> dict[str, Any]:
    told = peer.ask("tell")
    there = Counter(each["email"] for each in told["contacts"])
    values = {each["email"]: each.get("firstname") for each in told["contacts"]}
    return {
        "contacts": len(expected),
        "seconds": round(seconds, 2),
        "per_second": round(len(expected) / seconds, 2),
        "requests": told["requests"],
        "lost": sum(1 for email, name in expected.items() if values.get(email) != name),
        "doubled": sum(count - 1 for count in there.values()),
    }


def measure(*, quick: bool) -> dict[str, Any]:
    """Both ways, without and with faults."""
    result: dict[str, Any] = {"latency_seconds": LATENCY_SECONDS}
    with running_peer() as peer, tempfile.TemporaryDirectory() as folder:
        for name, switch in (("without_faults", "reset"), ("with_faults", "reset FAULTY")):
            database = open_database(f"sqlite:///{Path(folder, name)}.sqlite", create=True)
            peer.ask(switch)
            ours = batched(peer, database, QUICK_SIZE if quick else SIZE)
            peer.ask(switch)
            plain = one_by_one(peer, QUICK_ONE_BY_ONE if quick else ONE_BY_ONE)
            ratio = round(ours["per_second"] / plain["per_second"], 2)
            result[name] = {"batched": ours, "one_by_one": plain, "ratio_to_one_by_one": ratio}
    both = (result["without_faults"], result["with_faults"])
    result["ratio_to_one_by_one"] = both[0]["ratio_to_one_by_one"]
    result["ratio_to_one_by_one_with_faults"] = both[1]["ratio_to_one_by_one"]
    for key in ("lost", "doubled"):
        result[key] = sum(each["batched"][key] for each in both)
    return result


def main() -> None:
    chosen = options(__doc__ or "")
    result = measure(quick=chosen.quick)
    if chosen.json:
        print(json.dumps(result))
        return
    rows = [
        (f"{title}, {way.replace('_', ' ')}", *(result[name][way][key] for key in _COLUMNS))
        for name, title in (("without_faults", "No faults"), ("with_faults", "2 % faults"))
        for way in ("batched", "one_by_one")
    ]
    show("Contacts into a CRM that answers after 50 ms", ("", *_COLUMNS), rows)
    print(
        f"ratio to one by one: {result['ratio_to_one_by_one']}, "
        f"with faults {result['ratio_to_one_by_one_with_faults']}"
    )


_COLUMNS = ("contacts", "seconds", "per_second", "requests", "lost", "doubled")

if __name__ == "__main__":
    main()
