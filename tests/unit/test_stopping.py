"""A switch that is set on another machine stops a run in the middle of its batch."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aicmo import audit
from aicmo.execution import pauses
from tests.peers.effect_gateways import BlindGateway
from tests.peers.http_exchange import Request, Stage
from tests.peers.http_peer import HttpPeer
from tests.unit.doubtful_rows import SECONDS, ClockedDatabase
from tests.unit.effect_runs import (
    attempts,
    clocked,
    counted_tries,
    in_own_process,
    opening,
    run_through,
)
from tests.unit.live_runs import ready

PEOPLE, IN_FLIGHT = 50, 10


@pytest.fixture
def database(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ClockedDatabase]:
    with clocked(database_url, tmp_path, monkeypatch) as database:
        yield database


def in_flight(stage: Stage, do: Callable[[], None]) -> HttpPeer:
    """Somebody does this while the tenth request is open."""
    peer = HttpPeer()

    def watch(at: Stage, _request: Request) -> None:
        if at == stage and len(peer.begun) == IN_FLIGHT:
            do()

    peer.watch = watch
    return peer


def pause_elsewhere(database: ClockedDatabase, project: str = "", channel: str = "") -> None:
    """Sets the switch in a process of its own; two seconds pass until the request has ended."""

    def pause() -> None:
        own = ClockedDatabase(database.url.render_as_string(hide_password=False))
        pauses.pause(own, project_id=project, channel=channel, by="Ann", now=database.at)

    assert in_own_process(pause) == 0
    database.at += 2 * SECONDS


def stops(database: ClockedDatabase) -> list[dict[str, object]]:
    with database.read() as session:
        events = audit.events(session, "studio", newest=50)
    name = audit.Event.EXECUTION_STOPPED.value
    return [json.loads(each.data) for each in events if each.event == name]


@pytest.mark.parametrize("stage", ["head", "applied"])
def test_nothing_begins_after_a_pause_from_another_process(
    database: ClockedDatabase, stage: Stage
) -> None:
    ready(database, PEOPLE)
    with in_flight(stage, lambda: pause_elsewhere(database)) as peer:
        report = run_through(database, opening(peer, BlindGateway, database))
        assert (peer.transmissions.total(), peer.effects.total()) == (IN_FLIGHT, IN_FLIGHT)
        assert peer.connections == IN_FLIGHT + 1
        assert report.items_sent_successfully == IN_FLIGHT
        assert report.reasons["held"] == {"paused": PEOPLE - IN_FLIGHT}
        assert (report.balanced, report.errors) == (True, [])
        assert counted_tries(database) == [1] * IN_FLIGHT + [0] * (PEOPLE - IN_FLIGHT)

        run_through(database, opening(peer, BlindGateway, database))
        assert peer.transmissions.total() == IN_FLIGHT

        pauses.unpause(database, by="Ann")
        run_through(database, opening(peer, BlindGateway, database))
        assert list(peer.effects.values()) == [1] * PEOPLE
        assert set(counted_tries(database)) == {1}


def test_the_audit_log_tells_how_long_the_pause_took(database: ClockedDatabase) -> None:
    ready(database, PEOPLE)
    with in_flight("applied", lambda: pause_elsewhere(database, "studio", "email")) as peer:
        run_through(database, opening(peer, BlindGateway, database))
    (stop,) = stops(database)
    assert (stop["channel"], stop["seconds_after_pause"]) == ("email", 2.0)


def test_a_pause_of_another_channel_stops_nothing(database: ClockedDatabase) -> None:
    ready(database, PEOPLE)
    with in_flight("applied", lambda: pause_elsewhere(database, channel="linkedin")) as peer:
        run_through(database, opening(peer, BlindGateway, database))
        assert list(peer.effects.values()) == [1] * PEOPLE
    assert stops(database) == []


def test_a_run_that_finds_a_pause_arms_nothing(database: ClockedDatabase) -> None:
    ready(database, PEOPLE)
    with HttpPeer() as peer:
        pauses.pause(database, by="Ann", now=database.at)
        run_through(database, opening(peer, BlindGateway, database))
        assert peer.connections == 0
    assert attempts(database) == []
