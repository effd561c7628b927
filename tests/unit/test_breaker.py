"""A broken provider is left alone before it puts a whole list in doubt; single failures are not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from aicmo import audit
from aicmo.execution.breaker import COOLS_DOWN_FOR
from aicmo.gateways.smtp import open_smtp_gateway
from aicmo.models import Account
from tests.peers.effect_gateways import BlindGateway
from tests.peers.http_exchange import Fault
from tests.peers.http_peer import HttpPeer
from tests.peers.smtp_peer import Script, SmtpPeer
from tests.unit.doubtful_rows import SECONDS, ClockedDatabase
from tests.unit.effect_runs import clocked, counted_tries, opening, run_through
from tests.unit.live_runs import ready

LOST = Fault(applies=True, then="close")


@pytest.fixture
def database(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ClockedDatabase]:
    with clocked(sqlite_url, tmp_path, monkeypatch) as database:
        yield database


def mailboxes(start: int, end: int) -> list[str]:
    return [f"person{number}@example.com" for number in range(start, end)]


def test_three_requests_in_a_row_without_an_answer_stop_the_run(
    database: ClockedDatabase,
) -> None:
    ready(database, people=10)
    with HttpPeer(faults=dict.fromkeys((2, 3, 4), LOST)) as peer:
        report = run_through(database, opening(peer, BlindGateway, database))
        assert peer.connections == 4
        assert (report.items_sent_successfully, report.items_unknown) == (1, 3)
        reason = "3 requests in a row had no answer"
        assert report.reasons["waiting"] == {f"account waits: {reason}": 6}
        assert report.errors == [f"Sending on email stopped: {reason}"]
        assert counted_tries(database) == [1] * 4 + [0] * 6

        database.at += COOLS_DOWN_FOR - SECONDS
        run_through(database, opening(peer, BlindGateway, database))
        assert peer.connections == 4
        database.at += SECONDS
        report = run_through(database, opening(peer, BlindGateway, database))
        assert (report.items_sent_successfully, report.items_unknown) == (7, 3)
        assert list(peer.effects.values()) == [1] * 10
        assert not report.errors


def test_the_breaker_is_in_the_audit_log(database: ClockedDatabase) -> None:
    ready(database, people=5)
    with HttpPeer(faults=dict.fromkeys((1, 2, 3), LOST)) as peer:
        run_through(database, opening(peer, BlindGateway, database))
    with database.read() as session:
        events = audit.events(session, "studio", newest=20)
        account = session.scalars(select(Account)).one()
    assert [each.event for each in events].count("account.waits") == 1
    assert account.not_before == database.at + timedelta(minutes=5)


def test_ten_refusals_in_a_row_stop_the_run(database: ClockedDatabase) -> None:
    ready(database, people=13)
    script = Script(recipients=dict.fromkeys(mailboxes(2, 14), "451 4.3.0 later"))
    with SmtpPeer(script) as peer:
        report = run_through(database, open_smtp_gateway(peer.relay))
        assert sum(1 for each in peer.commands if each.startswith("RCPT")) == 11
    assert report.errors == ["Sending on email stopped: 10 requests in a row failed"]
    assert counted_tries(database) == [1] * 11 + [0] * 2
    with SmtpPeer() as peer:
        database.at += COOLS_DOWN_FOR
        run_through(database, open_smtp_gateway(peer.relay))
        assert list(peer.effects.values()) == [1] * 12


def test_recipients_that_are_refused_among_good_ones_stop_nothing(
    database: ClockedDatabase,
) -> None:
    ready(database, people=24)
    bad = [each for number, each in enumerate(mailboxes(1, 25)) if number % 2]
    with SmtpPeer(Script(recipients=dict.fromkeys(bad, "451 4.3.0 later"))) as peer:
        report = run_through(database, open_smtp_gateway(peer.relay))
        assert peer.effects.total() == 12
    assert not report.errors
    assert counted_tries(database) == [1] * 24


def test_recipients_without_an_answer_among_good_ones_stop_nothing(
    database: ClockedDatabase,
) -> None:
    ready(database, people=10)
    with HttpPeer(faults=dict.fromkeys((1, 2, 4, 5, 7, 8, 10), LOST)) as peer:
        report = run_through(database, opening(peer, BlindGateway, database))
        assert list(peer.effects.values()) == [1] * 10
    assert (report.items_sent_successfully, report.items_unknown) == (3, 7)
    assert not report.errors


def test_addresses_that_do_not_exist_stop_nothing(database: ClockedDatabase) -> None:
    ready(database, people=14)
    gone = Script(recipients=dict.fromkeys(mailboxes(1, 13), "550 5.1.1 no such user"))
    with SmtpPeer(gone) as peer:
        report = run_through(database, open_smtp_gateway(peer.relay))
    assert (report.items_failed, report.items_sent_successfully) == (12, 2)
