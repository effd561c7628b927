"""Ctrl-C on a live run ends it with a report: what went out, what waits, and what is in doubt."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

from aicmo.database import Database
from aicmo.execution.report import read_books
from tests.conftest import KEY
from tests.peers.smtp_peer import SmtpPeer
from tests.projects import approved, contact, email, imported


def test_an_interrupted_run_says_what_waits(sqlite_url: str) -> None:
    database, now = Database(sqlite_url), datetime.now(UTC).replace(microsecond=0)
    imported(database, email(send_at=now), contacts=[contact(number) for number in range(1, 400)])
    approved(database, at=now)
    with SmtpPeer() as peer:
        environment = {
            "AICMO_DATABASE_URL": sqlite_url,
            "AICMO_SECRET_KEY": KEY.decode(),
            "AICMO_SMTP_URL": f"smtp://127.0.0.1:{peer.relay.port}?tls=none",
            "EXECUTION_ENABLED": "true",
        }
        command = [sys.executable, "-m", "aicmo.cli.main"]
        process = subprocess.Popen(
            [*command, "execute", "studio", "--enable", "--live"], text=True,
            env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        while peer.effects.total() < 20:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        said, complained = process.communicate(timeout=60)
        with database.read() as session:
            books = read_books(session, "studio", now=now)
        assert process.returncode == 1
        assert "Interrupted" in complained
        assert "The books balance" in said
        assert books.count("sent") + books.count("unknown") in (
            peer.effects.total(), peer.effects.total() + 1,
        )  # fmt: skip
        assert books.count("unknown") <= 1
        assert books.reasons("waiting").keys() <= {
            "due", "to be tried again: the run was interrupted",
        }  # fmt: skip
