"""A run always ends: whatever stops a delivery, no worker claims it again and again."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from aicmo.execution import approvals, claims, pauses
from aicmo.execution.cancelling import cancel
from aicmo.execution.contacts import suppress
from aicmo.execution.journal import Journal, abandoned
from aicmo.execution.settling import REPEAT_AFTER
from aicmo.gateways.contract import Outcome, Outgoing, RateLimit, RepeatClass, StillAllowed
from aicmo.models import Contact
from tests.peers.effect_gateways import BlindGateway
from tests.peers.http_peer import HttpPeer
from tests.projects import NOW, approved, contact, email, imported
from tests.unit.doubtful_rows import ClockedDatabase
from tests.unit.effect_runs import (
    LOST,
    answer_lost,
    attempts,
    clocked,
    counts,
    deliveries,
    opening,
    run,
    run_through,
    told,
)
from tests.unit.live_runs import ready


@pytest.fixture(autouse=True)
def alarm() -> Iterator[None]:
    def ring(*_: object) -> None:
        raise TimeoutError("the run doesn't end")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def database(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ClockedDatabase]:
    with clocked(sqlite_url, tmp_path, monkeypatch) as database:
        yield database


@pytest.fixture
def peer(database: ClockedDatabase) -> Iterator[HttpPeer]:
    with HttpPeer(RepeatClass.REPEAT_SAFE, clock=lambda: database.time().timestamp()) as peer:
        yield peer


Change = Callable[[ClockedDatabase], object]


def unsubscribe(database: ClockedDatabase) -> None:
    with database.write() as session:
        hmac = session.scalars(select(Contact.address_hmac)).one()
        suppress(session, "studio", hmac, "unsubscribed", NOW)


MEANWHILE: dict[str, Change] = {
    "pause": lambda db: pauses.pause(db, by="Ann", now=db.at),
    "cancel": lambda db: cancel(db, "studio", None, by="Ann", reason="called off"),
    "unsubscribe": unsubscribe,
    "revoke": lambda db: approvals.revoke(db, "studio", None, by="Ann", now=db.at),
}


@pytest.mark.parametrize("change", MEANWHILE.values(), ids=MEANWHILE.keys())
def test_whatever_stops_it_meanwhile_it_stays_a_doubt(
    database: ClockedDatabase, peer: HttpPeer, change: Change
) -> None:
    answer_lost(database, peer)
    change(database)
    run(database, peer)
    assert counts(peer) == (1, 1)
    assert told(database)[0] == "unknown"
    database.at += timedelta(hours=2)
    run(database, peer)
    assert counts(peer) == (1, 1)
    assert deliveries(database)[0].state == "unknown"


def mail() -> dict[str, object]:
    return email(content={"subject": "Hello {{ contact.first_name }}", "body": "Come."})


def test_a_doubt_that_can_not_be_composed_any_more_stays_a_doubt(
    database: ClockedDatabase, peer: HttpPeer
) -> None:
    imported(database, mail(), contacts=[contact(1)])
    approved(database)
    peer.faults[1] = LOST
    run(database, peer)
    imported(database, mail(), contacts=[contact(1, first_name=None)])
    with pytest.raises(approvals.CopyRefused):
        approved(database)  # the first approval holds: a contact isn't part of what it is bound to
    database.at += REPEAT_AFTER
    run(database, peer)
    assert counts(peer) == (1, 1)
    assert told(database)[0] == "unknown"
    database.at += timedelta(hours=2)
    run(database, peer)
    assert deliveries(database)[0].state == "unknown"


def test_a_pause_that_is_released_at_once_ends_no_run_for_ever(
    database: ClockedDatabase, peer: HttpPeer
) -> None:
    class Flick(BlindGateway):
        """At the third message the switch is set, and released before the run looks again."""

        calls = 0

        def send(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome:
            self.calls += 1
            if self.calls != 3:
                return super().send(outgoing, still_allowed)
            pauses.pause(database, by="Ann", now=database.at)
            outcome = super().send(outgoing, still_allowed)
            pauses.unpause(database, by="Ann")
            return outcome

    ready(database, people=5)
    run_through(database, opening(peer, Flick, database))
    run_through(database, opening(peer, BlindGateway, database))
    assert list(peer.effects.values()) == [1] * 5
    assert len(attempts(database)) <= 10


@pytest.mark.parametrize("garbage", ["7", '["begin"]', '["answer",1,{"kind":"new one"}]', "[]"])
def test_a_line_that_is_no_record_stops_no_start(tmp_path: Path, garbage: str) -> None:
    with Journal(tmp_path) as kept:
        kept.claim(1, 2)
    (file,) = tmp_path.glob("*.journal")
    file.write_text(f"{file.read_text()}{garbage}\n")
    with abandoned(tmp_path) as claims:
        assert [each.is_complete for each in claims] == [False]


class Limited(BlindGateway):
    """Four in ten minutes."""

    limits = (RateLimit(4, timedelta(minutes=10)),)


def test_a_wait_that_ends_while_the_run_looks_is_no_end_of_the_run(
    database: ClockedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(database, people=8)
    claim = claims.claim

    def claim_slowly(*arguments: Any, **named: Any) -> claims.Claim | None:
        found = claim(*arguments, **named)
        if found is None and len(attempts(database)) == 4:
            database.at += timedelta(minutes=10)
        return found

    monkeypatch.setattr(claims, "claim", claim_slowly)
    with HttpPeer() as blind:
        run_through(database, opening(blind, Limited, database))
        assert blind.effects.total() == 8
