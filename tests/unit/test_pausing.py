"""After a pause no request begins, the one that is open ends, and the pause can tell when."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Event

import pytest

from aicmo.database import Database
from aicmo.execution import pauses
from aicmo.execution.pauses import InFlight
from aicmo.execution.report import ExecutionReport
from tests.peers.smtp_peer import Dialogue, SmtpPeer, _Cut
from tests.projects import NOW
from tests.unit.live_runs import armed, books, claimed, execute, lapse, ready


class SlowPeer(SmtpPeer):
    """Takes a message, and doesn't answer before it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.has_begun, self.may_answer = Event(), Event()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(30)
        with connection, suppress(OSError, _Cut), SlowDialogue(self, connection) as dialogue:
            dialogue.run()


class SlowDialogue(Dialogue):
    peer: SlowPeer

    def apply(self, body: bytes) -> None:
        super().apply(body)
        self.peer.has_begun.set()
        self.peer.may_answer.wait(30)


@contextmanager
def in_the_middle(database: Database) -> Iterator[tuple[SlowPeer, Future[ExecutionReport]]]:
    """A run of four deliveries whose first request is open."""
    ready(database, people=4)
    with SlowPeer() as peer, ThreadPoolExecutor(1) as pool:
        run = pool.submit(execute, database, peer)
        try:
            assert peer.has_begun.wait(30)
            yield peer, run
        finally:
            peer.may_answer.set()


def in_flight(database: Database, project: str = "", channel: str = "") -> InFlight:
    with database.read() as session:
        return pauses.in_flight(session, project, channel, now=database.now(session))


def test_one_request_is_open_after_a_pause_and_then_none(database: Database) -> None:
    with in_the_middle(database) as (peer, run):
        pauses.pause(database, project_id="studio", by="Ann", now=NOW)
        stop = pauses.wait_until_stopped(database, "studio", at_most=0)
        assert (stop.in_flight.requests, stop.seconds) == (1, None)
        assert stop.in_flight.ends_by is not None
        assert stop.in_flight.ends_by > database.time()
        peer.may_answer.set()
        stop = pauses.wait_until_stopped(database, "studio", at_most=30)
        assert (stop.in_flight, stop.seconds is None) == (InFlight(0, 0, None), False)
        report = run.result()
        assert peer.effects.total() == 1
    assert (report.items_sent_successfully, report.reasons["held"]) == (1, {"paused": 3})


@pytest.mark.parametrize(
    ("project", "channel", "requests"),
    [("", "", 1), ("studio", "email", 1), ("other", "", 0), ("", "linkedin", 0)],
)
def test_only_what_the_switch_stops_is_counted(
    database: Database, project: str, channel: str, requests: int
) -> None:
    ready(database)
    run, claim = claimed(database)
    assert in_flight(database, project, channel).requests == 0
    assert len(armed(run, claim)) == 3
    found = in_flight(database, project, channel)
    assert (found.requests, found.deliveries) == (requests, 3 * requests)


def test_a_worker_that_stopped_has_nothing_in_flight(database: Database) -> None:
    ready(database)
    run, claim = claimed(database)
    armed(run, claim)
    lapse(database)
    assert in_flight(database) == InFlight(0, 0, None)
    assert books(database).count("unknown") == 3
