"""Planted secrets are nowhere after a full run: not in rows, files, logs, reports or errors.

And no person's address is in the audit log, in reports or in packages.
"""

from __future__ import annotations

import base64
import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest

from aicmo import audit
from aicmo.database import Database, open_database
from aicmo.delivery.execution_orchestrator import execute_plan_for_project
from aicmo.delivery.output_packager import build_project_package
from aicmo.execution.importing import import_document
from tests.peers.smtp_peer import PASSWORD, Answer, Script, SmtpPeer
from tests.projects import approved, contact, document, email, post
from tests.security.secret_search import is_in

SECRET_KEY = "canary-secret-key-0123456789-abcdefgh"
SECRETS = [SECRET_KEY, PASSWORD, "canary-aws-secret"]
ADDRESSES = [f"canary.person{number}@example.com" for number in (1, 2, 3)]


@pytest.fixture
def ledger(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Database:
    for name, value in {
        "AICMO_DATABASE_URL": sqlite_url,
        "AICMO_SECRET_KEY": SECRET_KEY,
        "AWS_SECRET_ACCESS_KEY": "canary-aws-secret",
        "EXECUTION_ENABLED": "true",
        "EXECUTION_DRY_RUN": "false",
    }.items():
        monkeypatch.setenv(name, value)
    database = open_database(sqlite_url)
    people = [contact(number, email=address) for number, address in enumerate(ADDRESSES)]
    import_document(
        database, document(email(), post(), contacts=people), source="test", actor="tester",
        secret_key=SECRET_KEY.encode(),
    )  # fmt: skip
    approved(database, at=datetime.now(UTC))
    return database


SCRIPTS = {
    "one refused": Script(
        recipients={ADDRESSES[1]: f"550 5.1.1 {ADDRESSES[1]} unknown"}, mechanisms="PLAIN"
    ),
    "login refused": Script(
        answers={"AUTH": Answer(reply=f"535 5.7.8 {PASSWORD} is wrong")}, mechanisms="PLAIN"
    ),
    "answer lost": Script(answers={"dot": Answer(then="close", applies=True)}, mechanisms="PLAIN"),
}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS.keys())
def test_a_full_run_leaves_no_secret_anywhere(
    ledger: Database,
    script: Script,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    with SmtpPeer(script) as peer:
        relay = peer.relay
        url = f"smtp://{relay.username}:{PASSWORD}@127.0.0.1:{relay.port}?tls=none"
        monkeypatch.setenv("AICMO_SMTP_URL", url)
        report = execute_plan_for_project("studio")
    package = build_project_package("studio", formats=("html",))
    assert report.mode == "live"
    assert package.success

    ledger.dispose()
    said = f"{report.as_dict()} {package} {caplog.text} {''.join(capfd.readouterr())}"
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert any(file.name == "aicmo.db" for file in files)
    assert any(file.name == "summary.html" for file in files)
    everything = said.encode() + b"".join(file.read_bytes() for file in files)
    assert [secret for secret in SECRETS if is_in(secret, everything)] == []


@pytest.mark.parametrize(
    "written",
    [
        PASSWORD,
        json.dumps({"error": f"535 {PASSWORD} is wrong"}),
        f"smtp://postbox:{quote(PASSWORD)}@127.0.0.1",
        *(base64.b64encode(f"{user}{PASSWORD}\0".encode()).decode() for user in ("", "a", "ab")),
        f"{PASSWORD.encode()}",
    ],
)
def test_the_search_finds_a_leak_in_the_ledger(
    ledger: Database, tmp_path: Path, written: str
) -> None:
    with ledger.write() as session:
        audit.record(
            session, audit.Event.PACKAGING_ERROR, project_id="studio", actor="a", error=written
        )
    ledger.dispose()
    content = b"".join(file.read_bytes() for file in tmp_path.glob("aicmo.db*"))
    assert is_in(PASSWORD, content)
    assert not is_in("another-pässword", content)


def test_addresses_are_only_where_sending_needs_them(
    ledger: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with SmtpPeer(SCRIPTS["one refused"]) as peer:
        url = f"smtp://{peer.relay.username}:{PASSWORD}@127.0.0.1:{peer.relay.port}?tls=none"
        monkeypatch.setenv("AICMO_SMTP_URL", url)
        report = execute_plan_for_project("studio")
    package = build_project_package("studio", formats=("html",))
    assert report.items_sent_successfully + report.items_failed == 3
    with ledger.read() as session:
        log = " ".join(row.data for row in audit.events(session, "studio", newest=100))
    pages = b"".join(file.read_bytes() for file in tmp_path.rglob("summary.html"))
    for address in ADDRESSES:
        assert address not in log + str(report.as_dict()) + str(package)
        assert address.encode() not in pages
