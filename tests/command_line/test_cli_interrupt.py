"""A live run that is stopped ends with a report: what went out, what waits, what goes on from there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

from aicmo.database import Database
from aicmo.execution import pauses
from aicmo.execution.report import read_books
from aicmo.smtp_relay import CONNECTIONS
from tests.command_line.cli_workspace import listen_to_ctrl_c
from tests.conftest import KEY
from tests.peers.smtp_peer import SmtpPeer
from tests.projects import approved, contact, email, imported


def _prepared(sqlite_url: str) -> tuple[Database, datetime]:
    database, now = Database(sqlite_url), datetime.now(UTC).replace(microsecond=0)
    imported(database, email(send_at=now), contacts=[contact(number) for number in range(1, 400)])
    approved(database, at=now)
    return database, now


def _stopped(
    sqlite_url: str, peer: SmtpPeer, stop: Callable[[subprocess.Popen[str]], object]
) -> tuple[int, str, str]:
    """Exit status and outputs of a live run that `stop` has stopped after some twenty messages."""
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
        preexec_fn=listen_to_ctrl_c,  # noqa: PLW1509  (nothing else runs between fork and exec)
    )  # fmt: skip
    while peer.effects.total() < 20:
        assert process.poll() is None
        time.sleep(0.01)
    stop(process)
    said, complained = process.communicate(timeout=60)
    return process.returncode, said, complained


def test_an_interrupted_run_says_what_waits(sqlite_url: str) -> None:
    database, now = _prepared(sqlite_url)
    with SmtpPeer() as peer:
        status, said, complained = _stopped(
            sqlite_url, peer, lambda process: process.send_signal(signal.SIGINT)
        )
        with database.read() as session:
            books = read_books(session, "studio", now=now)
        assert status == 1
        assert "Interrupted" in complained
        assert "The books balance" in said
        # What had its dot on each connection is in doubt, and may not have got there.
        missed = books.count("sent") + books.count("unknown") - peer.effects.total()
        assert 0 <= missed <= books.count("unknown") <= CONNECTIONS
        assert books.reasons("waiting").keys() <= {
            "due", "to be tried again: the run was interrupted",
        }  # fmt: skip


def test_a_paused_run_says_what_was_put_back_and_what_releases_the_pause(sqlite_url: str) -> None:
    database, now = _prepared(sqlite_url)

    def pause(_: object) -> None:
        pauses.pause(
            database, project_id="studio", channel="email", by="Ann", now=now,
            reason="client called",
        )  # fmt: skip
        pauses.pause(database, project_id="studio", channel="crm", by="Ann", now=now)

    with SmtpPeer() as peer:
        _, said, _ = _stopped(sqlite_url, peer, pause)
        sent = peer.effects.total()
    first, second, *_ = said.splitlines()
    assert first.startswith(f"Live: {sent} sent, ")
    assert first.endswith(" put back in this run.")
    assert second == (
        "Stopped by a pause (studio, email: client called). "
        "`aicmo unpause studio --channel email` releases it."
    )
    assert "studio --channel crm" not in said
