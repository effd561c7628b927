"""What fails around a run ends it with a reason; running again finishes, with each effect once."""

from __future__ import annotations

import resource
import sqlite3
import subprocess
import threading
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from aicmo.database import Database
from aicmo.errors import TryLater
from aicmo.execution.dispatch import BATCH
from aicmo.smtp_relay import SmtpRelay
from tests.crash.durable_postgres import PostgresCluster, Way
from tests.crash.live_process import live_process, outcome, run_live
from tests.crash.promises import ShiftedDatabase, drain, execute, kept_promises, prepare
from tests.crash.stepping_peer import SteppingPeer
from tests.peers.certificates import Authority
from tests.peers.smtp_peer import SmtpPeer

PEOPLE = BATCH + 50
"""More than one batch, so that something is left for the next run."""
MIDDLE = 20


@pytest.mark.peer
@pytest.mark.parametrize("way", ["fast", "immediate"])
def test_postgresql_that_stops_while_mail_goes_out(cluster: PostgresCluster, way: Way) -> None:
    url = cluster.new_ledger()
    prepare(url, PEOPLE)
    with SteppingPeer() as peer:
        peer.before_answer(MIDDLE, lambda: cluster.stop(way))
        status, said = run_live(url, peer.relay)
        assert (status, peer.effects.total()) == (1, MIDDLE), said
        assert "database" in said
        cluster.start_again()

        assert run_live(url, peer.relay)[0] == 0
        assert kept_promises(url, peer.effects, PEOPLE).count("sent") == PEOPLE


@pytest.mark.peer
def test_postgresql_that_is_back_before_the_answer(cluster: PostgresCluster) -> None:
    url, is_gone, is_back = cluster.new_ledger(), threading.Event(), threading.Event()
    prepare(url, PEOPLE)

    def go_away() -> None:
        cluster.stop("fast")
        is_gone.set()
        assert is_back.wait(60)

    with SteppingPeer() as peer:
        peer.before_answer(MIDDLE, go_away)
        with live_process(url, peer.relay) as process:
            assert is_gone.wait(60)
            cluster.start_again()
            is_back.set()
            status, said = outcome(process)
        assert status == 0 or "database" in said

        assert run_live(url, peer.relay)[0] == 0
        assert kept_promises(url, peer.effects, PEOPLE).count("sent") == PEOPLE


def test_sqlite_file_that_another_program_keeps_locked(sqlite_url: str, tmp_path: Path) -> None:
    prepare(sqlite_url, PEOPLE)
    database = Database(sqlite_url)
    event.listen(database.engine, "connect", give_up_soon)
    other = sqlite3.connect(tmp_path / "aicmo.db", isolation_level=None, check_same_thread=False)
    with SteppingPeer() as peer:
        peer.before_answer(MIDDLE, lambda: other.execute("BEGIN IMMEDIATE"))
        with pytest.raises(TryLater, match="database"):
            execute(database, peer.relay)
        other.close()

        execute(database, peer.relay)
        database.dispose()
        assert kept_promises(sqlite_url, peer.effects, PEOPLE).count("sent") == PEOPLE


def give_up_soon(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA busy_timeout = 200")


def test_disk_that_is_full_for_the_database(sqlite_url: str, tmp_path: Path) -> None:
    prepare(sqlite_url, PEOPLE)
    with SteppingPeer() as peer:
        with live_process(sqlite_url, peer.relay) as process:
            peer.before_answer(MIDDLE, lambda: fill_disk(process, tmp_path.glob("aicmo.db-wal")))
            status, said = outcome(process)
        assert (status, "database" in said) == (1, True), said
        assert peer.effects.total() <= BATCH

        assert run_live(sqlite_url, peer.relay)[0] == 0
        assert kept_promises(sqlite_url, peer.effects, PEOPLE).count("sent") == PEOPLE


@pytest.mark.peer
def test_disk_that_is_full_for_the_journal(postgres_url: str, tmp_path: Path) -> None:
    prepare(postgres_url, PEOPLE)
    with SteppingPeer() as peer:
        with live_process(postgres_url, peer.relay) as process:
            journals = (tmp_path / "state").rglob("*.journal")
            peer.before_answer(MIDDLE, lambda: fill_disk(process, journals))
            status, said = outcome(process)
        assert (status, "journal" in said) == (1, True), said
        assert peer.effects.total() == MIDDLE

        assert run_live(postgres_url, peer.relay)[0] == 0
        assert kept_promises(postgres_url, peer.effects, PEOPLE).count("sent") == PEOPLE


def fill_disk(process: subprocess.Popen[str], files: Iterable[Path]) -> None:
    """From now on the process can't write beyond the present end of the file (Linux)."""
    (size,) = (file.stat().st_size for file in files)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1)], ids=["on", "back"])
def test_clock_that_jumps_while_two_runs_send(jump: timedelta, database_url: str) -> None:
    prepare(database_url, PEOPLE)
    first, second = ShiftedDatabase(database_url), ShiftedDatabase(database_url)
    first.ahead = second.ahead = timedelta()
    with SteppingPeer() as peer:

        def jump_and_send() -> None:
            first.ahead = second.ahead = jump
            execute(second, peer.relay)

        peer.before_answer(MIDDLE, jump_and_send)
        execute(first, peer.relay)
        drain(database_url, peer.relay)
        assert kept_promises(database_url, peer.effects, PEOPLE).count("sent") == PEOPLE
    first.dispose()
    second.dispose()


def test_relay_whose_name_nobody_knows(sqlite_url: str) -> None:
    prepare(sqlite_url, PEOPLE)
    database = Database(sqlite_url)
    with pytest.raises(TryLater, match=r"Sending on email stopped: .*gaierror"):
        execute(database, SmtpRelay("relay.invalid", 587, "starttls"))

    with SmtpPeer() as peer:
        execute(database, peer.relay)
        database.dispose()
        assert kept_promises(sqlite_url, peer.effects, PEOPLE).count("sent") == PEOPLE


def test_relay_whose_certificate_has_expired(sqlite_url: str, tmp_path: Path) -> None:
    prepare(sqlite_url, PEOPLE)
    database, authority = Database(sqlite_url), Authority(tmp_path)
    with SmtpPeer(tls="implicit", context=authority.server_context(days=-1)) as peer:
        with pytest.raises(TryLater, match=r"Sending on email stopped: .*CertVerification"):
            execute(database, peer.relay, ca_file=authority.ca_file)
        assert (peer.connections, peer.commands) == (1, [])

    with SmtpPeer(tls="implicit", context=authority.server_context()) as peer:
        execute(database, peer.relay, ca_file=authority.ca_file)
        database.dispose()
        assert kept_promises(sqlite_url, peer.effects, PEOPLE).count("sent") == PEOPLE
