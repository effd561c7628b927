"""An audience of several pages and batches is sorted and sent whole: nobody twice, nobody forgotten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aicmo.execution import pauses, runs
from aicmo.execution.dispatch import BATCH
from tests.peers.effect_gateways import BlindGateway
from tests.peers.http_peer import HttpPeer
from tests.projects import approved, contact, imported
from tests.unit.doubtful_rows import ClockedDatabase
from tests.unit.effect_runs import clocked, deliveries, opening, run_through
from tests.unit.live_runs import books, started

PEOPLE = 2500
KINDS: list[dict[str, Any]] = [
    {},
    {"consent": "unsubscribed"},
    {},
    {"consent": "unknown"},
    {"email": None},
]
"""What is special about every person in five."""
VERDICTS = {
    "pending": 2,
    "skipped: unsubscribed": 1,
    "held: no consent": 1,
    "held: no email address": 1,
}


@pytest.fixture
def database(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ClockedDatabase]:
    with clocked(database_url, tmp_path, monkeypatch) as database:
        yield database


def audience(database: ClockedDatabase, people: int) -> None:
    imported(
        database,
        contacts=[contact(number, **KINDS[number % len(KINDS)]) for number in range(people)],
    )
    approved(database)


def sort(database: ClockedDatabase) -> None:
    run = started(database)
    runs.extract_items(run)


def verdicts(database: ClockedDatabase) -> dict[str, int]:
    return dict(
        Counter(
            f"{each.state}: {each.reason}" if each.reason else each.state
            for each in deliveries(database)
        )
    )


def test_every_page_is_sorted_and_sorted_back(database: ClockedDatabase) -> None:
    audience(database, PEOPLE)
    fifth = PEOPLE // len(KINDS)
    expected = {verdict: share * fifth for verdict, share in VERDICTS.items()}
    sort(database)
    assert verdicts(database) == expected

    pauses.pause(database, by="Ann", now=database.at)
    sort(database)
    may_go = expected.pop("pending")
    assert verdicts(database) == {**expected, "held: paused": may_go}
    pauses.unpause(database, by="Ann")
    sort(database)
    assert verdicts(database) == {**expected, "pending": may_go}
    assert books(database).balanced


def test_every_batch_is_sent_to_everybody_who_may_get_it(database: ClockedDatabase) -> None:
    may_go = 2 * BATCH + 50
    people = may_go * len(KINDS) // VERDICTS["pending"]
    audience(database, people)
    with HttpPeer() as peer:
        report = run_through(database, opening(peer, BlindGateway, database))
        assert set(peer.effects.values()) == {1}
        assert set(peer.effects) == {
            f"person{number}@example.com" for number in range(people) if not KINDS[number % 5]
        }
    assert report.items_sent_successfully == may_go
    assert (report.items_held, report.items_skipped) == (people * 2 // 5, people // 5)
    assert report.balanced
    assert len({each.fence for each in deliveries(database) if each.state == "sent"}) > 1
