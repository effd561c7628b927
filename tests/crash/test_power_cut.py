"""A power cut loses what wasn't durable yet: nothing goes out twice for it, and nothing is lost."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from aicmo.execution.dispatch import BATCH
from aicmo.smtp_relay import SmtpRelay
from tests.crash.durable_postgres import PostgresCluster
from tests.crash.live_process import ROOT, live_process, outcome
from tests.crash.lost_journals import JournalsOnDisk
from tests.crash.promises import drain, kept_promises, prepare
from tests.crash.stepping_peer import SteppingPeer
from tests.crash.synced_files import cut_power, start_synced
from tests.peers.smtp_peer import Script, SmtpPeer

FULL = bool(os.environ.get("AICMO_TEST_FULL"))
SEEDS = range(40 if FULL else 1)
ROUNDS = 3 if FULL else 2
PEOPLE, FEW = BATCH + 50, 12
COMMITS = 20
REFUSED = Script(recipients={"person3@example.com": "550 5.7.1 no"})
COMMIT_AND_DIE = f"""
import os, signal, sys
from pathlib import Path
from sqlalchemy import event, text
from aicmo.database import Database
from tests.crash.synced_files import keep_synced

url, synced, pragma = sys.argv[1:]
keep_synced(Path(synced))
database = Database(url)
event.listen(database.engine, "connect", lambda connection, _: connection.execute(pragma))
for number in range({COMMITS}):
    with database.write() as session:
        session.execute(text("INSERT INTO committed VALUES (:number)"), {{"number": number}})
os.kill(os.getpid(), signal.SIGKILL)
"""
Processes = Sequence[subprocess.Popen[str]]


@pytest.mark.parametrize(
    ("pragma", "kept"),
    [("", COMMITS), ("PRAGMA synchronous=NORMAL", 0), ("PRAGMA synchronous=OFF", 0)],
    ids=["as the product opens it", "normal", "off"],
)
def test_a_cut_loses_exactly_what_sqlite_has_not_synced(
    tmp_path: Path, pragma: str, kept: int
) -> None:
    file, synced = tmp_path / "commits.db", tmp_path / "synced"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE committed (number)")
    start_synced(file, synced)
    command = [sys.executable, "-c", COMMIT_AND_DIE, f"sqlite:///{file}", synced, pragma]
    died = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False)
    assert died.returncode == -signal.SIGKILL, "it has committed them all"

    cut_power(file, synced)

    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT count(*) FROM committed").fetchone() == (kept,)


def test_cut_instead_of_any_sync_of_a_run(sqlite_template: Path, tmp_path: Path) -> None:
    for cut_at in itertools.count(1, 1 if FULL else 3):
        file = tmp_path / f"cut-{cut_at}" / "aicmo.db"
        file.parent.mkdir()
        shutil.copyfile(sqlite_template, file)
        prepare(f"sqlite:///{file}", FEW)
        with SmtpPeer(REFUSED) as peer:
            was_cut = run_until_cut(file, peer.relay, cut_at)
            drain(f"sqlite:///{file}", peer.relay)
            kept_promises(f"sqlite:///{file}", peer.effects, FEW)
        if not was_cut:
            break
    assert cut_at > 4, "a run has at least its beginning, a claim, an arming and a settling"


def run_until_cut(file: Path, relay: SmtpRelay, cut_at: int) -> bool:
    """False if the run ended before there were so many syncs."""
    journals = JournalsOnDisk(file.parent / "journal" / file.name)
    start_synced(file, file.parent / "synced")
    with live_process(
        f"sqlite:///{file}", relay, synced=file.parent / "synced", cut_at=cut_at
    ) as process:
        status, said = outcome(process)
    cut_power(file, file.parent / "synced")
    journals.write_back()
    journals.cut_power(random.Random(cut_at))
    assert status in (-signal.SIGKILL, 1), said
    return status == -signal.SIGKILL


@pytest.mark.parametrize("seed", SEEDS)
def test_cuts_at_random_moments_while_two_processes_send(
    seed: int, sqlite_url: str, tmp_path: Path
) -> None:
    chance, file, synced = random.Random(seed), tmp_path / "aicmo.db", tmp_path / "synced"
    journals = JournalsOnDisk(tmp_path / "journal" / "aicmo.db")
    prepare(sqlite_url, PEOPLE)
    start_synced(file, synced)
    with SteppingPeer(REFUSED) as peer:
        for _ in range(ROUNDS):
            moment = soon(chance)
            with two_processes(sqlite_url, peer.relay, synced) as processes:
                peer.before_answer(moment, lambda: kill(processes))
                peer.before_answer(chance.randint(0, moment - 1), journals.write_back)
            cut_power(file, synced)
            journals.cut_power(chance)
        drain(sqlite_url, peer.relay)
        kept_promises(sqlite_url, peer.effects, PEOPLE)


@pytest.mark.peer
@pytest.mark.parametrize("seed", SEEDS)
def test_postgresql_crashing_under_two_processes(seed: int, cluster: PostgresCluster) -> None:
    chance, url = random.Random(seed), cluster.new_ledger()
    prepare(url, PEOPLE)
    with SteppingPeer(REFUSED) as peer:
        for number in range(ROUNDS):
            with two_processes(url, peer.relay) as processes:
                victims = processes if number % 2 else []

                def crash(victims: Processes = victims) -> None:
                    cluster.stop("immediate")
                    kill(victims)

                peer.before_answer(soon(chance), crash)
            cluster.start_again()
        drain(url, peer.relay)
        kept_promises(url, peer.effects, PEOPLE)


@contextmanager
def two_processes(url: str, relay: SmtpRelay, synced: Path | None = None) -> Iterator[Processes]:
    """Both have ended on leaving."""
    with (
        live_process(url, relay, synced=synced) as first,
        live_process(url, relay, synced=synced) as second,
    ):
        yield [first, second]
        outcome(first)
        outcome(second)


def kill(processes: Processes) -> None:
    for process in processes:
        process.kill()


def soon(chance: random.Random) -> int:
    """Mostly among the first effects: it is then that an intent that isn't durable would be lost."""
    return 1 + int(PEOPLE // 3 * chance.random() ** 4)
