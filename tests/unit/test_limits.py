"""What an account may send in a time holds for all workers together, and so does a wait."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from aicmo.database import Database
from aicmo.execution import dispatch
from aicmo.gateways.contract import Outcome, OutcomeKind, Outgoing, RateLimit, Scope, StillAllowed
from aicmo.models import Account, Attempt
from tests.peers.effect_gateways import BlindGateway
from tests.peers.http_exchange import Fault
from tests.peers.http_peer import HttpPeer
from tests.projects import approved
from tests.unit.doubtful_rows import MINUTES, SECONDS, ClockedDatabase
from tests.unit.effect_runs import (
    attempts,
    clocked,
    counted_tries,
    opening,
    run_through,
)
from tests.unit.live_runs import ready


@pytest.fixture
def database(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ClockedDatabase]:
    with clocked(database_url, tmp_path, monkeypatch) as database:
        yield database


class Limited(BlindGateway):
    """Four in ten minutes."""

    limits = (RateLimit(4, timedelta(minutes=10)),)


def most_in_one_window(times: Sequence[datetime], per: timedelta) -> int:
    return max(sum(1 for other in times if at <= other < at + per) for at in times)


def test_more_than_the_limit_waits_until_the_window_has_moved_on(
    database: ClockedDatabase,
) -> None:
    ready(database, people=10)
    taken: list[int] = []
    with HttpPeer() as peer:
        for minutes in (0, 3, 4, 3, 8, 2):
            database.at += minutes * MINUTES
            report = run_through(database, opening(peer, Limited, database))
            taken.append(peer.effects.total())
            assert report.balanced
        assert taken == [4, 4, 4, 8, 8, 10]
        assert set(peer.effects.values()) == {1}
    assert set(counted_tries(database)) == {1}


def test_who_waits_for_a_limit_is_told_so(database: ClockedDatabase) -> None:
    ready(database, people=5)
    with HttpPeer() as peer:
        report = run_through(database, opening(peer, Limited, database))
    assert report.reasons["waiting"] == {"account waits: rate limit of 4 in 0:10:00": 1}
    assert not report.errors


def test_two_workers_share_a_limit(database: ClockedDatabase) -> None:
    ready(database, people=10)

    def work(_: int) -> None:
        run_through(database, opening(peer, Limited, database))

    with HttpPeer() as peer, ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2)))
        assert peer.effects.total() == 4
        database.at += 5 * MINUTES
        list(pool.map(work, range(2)))
        assert peer.effects.total() == 4
        database.at += 5 * MINUTES
        list(pool.map(work, range(2)))
        assert peer.effects.total() == 8
        assert set(peer.effects.values()) == {1}


class Brisk(BlindGateway):
    """Two limits with short windows."""

    limits = (RateLimit(3, timedelta(seconds=0.2)), RateLimit(5, timedelta(seconds=0.5)))


def test_no_window_ever_has_more_whoever_sends(database: ClockedDatabase) -> None:
    real = Database(database.url.render_as_string(hide_password=False))
    ready(real, people=12)
    approved(real, at=real.time())

    def work(_: int) -> None:
        run_through(real, lambda permit: Brisk(permit, peer.address))

    with HttpPeer() as peer, ThreadPoolExecutor(2) as pool:
        while peer.effects.total() < 12:
            list(pool.map(work, range(2)))
        assert list(peer.effects.values()) == [1] * 12
    times = [each.armed_at for each in attempts(real)]
    real.dispose()
    for limit in Brisk.limits:
        assert most_in_one_window(times, limit.per) <= limit.count


class PerMinute(BlindGateway):
    limits = (RateLimit(3, timedelta(minutes=1)),)


def test_a_run_sits_out_a_short_wait(
    database: ClockedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(database, people=10)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        database.at += seconds * SECONDS

    monkeypatch.setattr(dispatch.time, "sleep", sleep)
    with HttpPeer() as peer:
        report = run_through(database, opening(peer, PerMinute, database))
        assert list(peer.effects.values()) == [1] * 10
    assert (report.items_sent_successfully, slept) == (10, [60.0] * 3)


def test_what_another_account_sent_is_not_counted(database: ClockedDatabase) -> None:
    ready(database, people=8)
    with HttpPeer() as peer:
        run_through(database, opening(peer, Limited, database))
        with database.write() as session:
            other = Account(project_id="studio", channel="email", handle="other@example.com")
            session.add(other)
            session.flush()
            session.execute(update(Attempt).values(account_id=other.id))
            session.execute(update(Account).values(not_before=None))
        run_through(database, opening(peer, Limited, database))
        assert peer.effects.total() == 8


def test_a_provider_that_asks_for_time_gets_it_from_every_worker(
    database: ClockedDatabase,
) -> None:
    ready(database, people=5)
    busy = Fault(status=429, headers={"Retry-After": "900"})
    with HttpPeer(faults={3: busy}) as peer:
        report = run_through(database, opening(peer, BlindGateway, database))
        assert (peer.connections, report.items_sent_successfully) == (3, 2)
        assert report.reasons["waiting"] == {"account waits: 429": 3}
        assert "Sending on email stopped: 429" in report.errors[0]

        database.at += 15 * MINUTES - SECONDS
        assert not run_through(database, opening(peer, BlindGateway, database)).errors
        assert peer.connections == 3

        database.at += SECONDS
        run_through(database, opening(peer, BlindGateway, database))
        assert list(peer.effects.values()) == [1] * 5
    assert counted_tries(database) == [1] * 5


class Hesitant(BlindGateway):
    """The provider puts this one delivery off for an hour."""

    def send(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome:
        until = self._clock() + 60 * MINUTES
        return Outcome(OutcomeKind.REFUSED_FOR_NOW, "451", not_before=until, scope=Scope.DELIVERY)


def test_a_time_named_for_one_delivery_holds_back_that_one_only(
    database: ClockedDatabase,
) -> None:
    ready(database, people=2)
    with HttpPeer() as peer:
        run_through(database, opening(peer, Hesitant, database), limit=1)
        report = run_through(database, opening(peer, BlindGateway, database))
        assert (report.items_sent_successfully, report.items_waiting) == (1, 1)
        database.at += 60 * MINUTES - SECONDS
        report = run_through(database, opening(peer, BlindGateway, database))
        assert report.items_waiting == 1
        database.at += SECONDS
        report = run_through(database, opening(peer, BlindGateway, database))
        assert report.items_sent_successfully == 2


def test_a_shorter_wait_never_shortens_a_longer_one(database: ClockedDatabase) -> None:
    ready(database, people=3)
    long, short = (Fault(status=429, headers={"Retry-After": each}) for each in ("900", "60"))
    first: list[bool] = []

    class Overtaken(BlindGateway):
        """While its request is open, another worker is asked to wait longer."""

        def send(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome:
            if not first:
                first.append(True)
                run_through(database, opening(other, BlindGateway, database))
            return super().send(outgoing, still_allowed)

    with HttpPeer(faults={1: short}) as peer, HttpPeer(faults={1: long}) as other:
        run_through(database, opening(peer, Overtaken, database), limit=1)
        database.at += 5 * MINUTES
        run_through(database, opening(peer, BlindGateway, database))
        assert peer.effects.total() == 0
