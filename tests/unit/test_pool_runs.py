"""Runs over several connections at once: stopped, doubted and settled one delivery at a time."""

from __future__ import annotations

import threading
from pathlib import Path

from aicmo.database import Database
from aicmo.execution import pauses
from aicmo.execution.contacts import suppress
from aicmo.models import Contact
from tests.peers.smtp_peer import Answer, Script, SmtpPeer
from tests.projects import NOW
from tests.unit.live_runs import books, execute, ready

PEOPLE, CONNECTIONS = 40, 4


def test_everybody_gets_one_message_over_several_connections(database: Database) -> None:
    ready(database, PEOPLE)
    with SmtpPeer(Script(delay=0.002), connections_allowed=CONNECTIONS) as peer:
        report = execute(database, peer)
    assert list(peer.effects.values()) == [1] * PEOPLE
    assert (report.items_sent_successfully, report.balanced) == (PEOPLE, True)
    assert peer.most_open == CONNECTIONS


def test_a_pause_in_the_middle_stops_all_connections(database: Database) -> None:
    ready(database, PEOPLE)
    once, before = threading.Lock(), list[int]()

    def pause(_: int) -> None:
        if peer.effects.total() >= 10 and once.acquire(blocking=False):
            pauses.pause(database, by="Ann", now=NOW)
            before.append(peer.effects.total())  # the pause itself waits for its turn to write

    with SmtpPeer(connections_allowed=CONNECTIONS) as peer:
        peer.after_effect = pause
        report = execute(database, peer)
    sent = peer.effects.total()
    assert before[0] <= sent < before[0] + CONNECTIONS
    assert set(peer.effects.values()) == {1}
    assert (report.items_sent_successfully, report.items_unknown) == (sent, 0)
    assert report.reasons["held"] == {"paused": PEOPLE - sent}
    pauses.unpause(database, by="Ann")
    with SmtpPeer(connections_allowed=CONNECTIONS) as rest:
        execute(database, rest)
    assert peer.effects + rest.effects == dict.fromkeys(_mailboxes(), 1)


def test_who_leaves_in_the_middle_is_left_out_alone(database: Database) -> None:
    ready(database, PEOPLE)
    leaving = f"person{PEOPLE}@example.com"

    def leave(_: int) -> None:
        with database.write() as session:
            person = session.query(Contact).filter_by(key=f"c{PEOPLE}").one()
            suppress(session, "studio", person.address_hmac, "unsubscribed", NOW)
        peer.after_effect = lambda _: None

    with SmtpPeer(connections_allowed=CONNECTIONS) as peer:
        peer.after_effect = leave
        execute(database, peer)
    assert peer.effects == dict.fromkeys(_mailboxes() - {leaving}, 1)
    assert books(database).reasons("skipped") == {"unsubscribed": 1}


def test_a_lost_answer_on_one_connection_is_one_doubt(database: Database, tmp_path: Path) -> None:
    ready(database, PEOPLE)
    lost = Script({"dot": Answer(then="close", applies=True)}, faulty=frozenset({7, 19}))
    with SmtpPeer(lost, connections_allowed=CONNECTIONS) as peer:
        report = execute(database, peer)
    assert peer.effects == dict.fromkeys(_mailboxes(), 1)
    assert (report.items_sent_successfully, report.items_unknown) == (PEOPLE - 2, 2)
    assert not list(tmp_path.rglob("*.journal"))


def _mailboxes() -> set[str]:
    return {f"person{number}@example.com" for number in range(1, PEOPLE + 1)}
