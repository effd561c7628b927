"""Several processes on one plan at the same time: each message goes out once."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import ExitStack

import pytest
from sqlalchemy import func, select

from aicmo.database import Database
from aicmo.models import Attempt
from tests.crash.live_process import live_process
from tests.crash.promises import kept_promises, prepare
from tests.peers.smtp_peer import SmtpPeer

EACH = 10_000 if os.environ.get("AICMO_TEST_FULL") else 300
HOUR = 3600


@pytest.mark.parametrize(
    ("database_url", "processes"),
    [pytest.param("sqlite_url", 2), pytest.param("postgres_url", 4, marks=pytest.mark.peer)],
    indirect=["database_url"],
)
def test_processes_that_send_at_once(database_url: str, processes: int) -> None:
    people = EACH * processes
    prepare(database_url, people)
    with MeetingPeer(processes) as peer, ExitStack() as stack:
        workers = [
            stack.enter_context(live_process(database_url, peer.relay)) for _ in range(processes)
        ]
        said = [worker.communicate(timeout=HOUR)[0] for worker in workers]
        assert [worker.returncode for worker in workers] == [0] * processes, said
        books = kept_promises(database_url, peer.effects, people)
    assert books.count("sent") == len(peer.messages) == people
    assert count_of_runs_that_sent(database_url) == processes


class MeetingPeer(SmtpPeer):
    """Greets nobody before all have come: each of them holds armed deliveries by then."""

    def __init__(self, clients: int) -> None:
        super().__init__()
        self._all_there = threading.Barrier(clients)
        self._expected = clients

    def _serve(self, connection: socket.socket) -> None:
        if self.connections <= self._expected:
            self._all_there.wait(60)
        super()._serve(connection)


def count_of_runs_that_sent(database_url: str) -> int:
    database = Database(database_url)
    with database.read() as session:
        number = session.scalars(select(func.count(Attempt.run_id.distinct()))).one()
    database.dispose()
    return number
