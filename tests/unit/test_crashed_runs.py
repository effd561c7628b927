"""A run whose process is gone is found and marked; one that shows signs of life never is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from aicmo import audit
from aicmo.execution import claims, runs
from aicmo.execution.claims import RUN_LEASE
from aicmo.execution.crashed_runs import mark_crashed
from aicmo.execution.report import ExecutionReport
from aicmo.execution.runs import OpenRun
from aicmo.models import Run
from tests.peers.effect_gateways import BlindGateway
from tests.peers.http_peer import HttpPeer
from tests.unit.doubtful_rows import SECONDS, ClockedDatabase
from tests.unit.effect_runs import clocked, opening, run_through
from tests.unit.live_runs import CONFIG, LIVE, ready


@pytest.fixture
def database(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ClockedDatabase]:
    with clocked(database_url, tmp_path, monkeypatch) as database:
        ready(database, people=3)
        yield database


def opened(database: ClockedDatabase) -> OpenRun:
    return runs.open_run(database, LIVE, CONFIG)


def marked(database: ClockedDatabase, at: datetime) -> list[int]:
    database.at = at
    return mark_crashed(database, by="watch")


def run_row(database: ClockedDatabase, run_id: int) -> Run:
    with database.read() as session:
        return session.get_one(Run, run_id)


def crashes(database: ClockedDatabase) -> list[str]:
    with database.read() as session:
        events = audit.events(session, "studio", newest=50)
    return [each.actor for each in events if each.event == audit.Event.EXECUTION_CRASHED.value]


def test_only_an_open_run_that_was_silent_for_long_is_marked(database: ClockedDatabase) -> None:
    begin = database.at
    silent = opened(database)
    closed = opened(database)
    runs.close_run(closed, ExecutionReport("studio"))
    assert marked(database, begin + RUN_LEASE) == []
    database.at = begin + RUN_LEASE
    young = opened(database)
    end = begin + RUN_LEASE + SECONDS
    assert marked(database, end) == [silent.run_id]
    assert run_row(database, silent.run_id).crashed_at == end
    assert {run_row(database, each.run_id).crashed_at for each in (closed, young)} == {None}


def test_the_next_live_run_finds_it_without_prefect(database: ClockedDatabase) -> None:
    silent = opened(database)
    database.at += 2 * RUN_LEASE
    opened(database)
    assert run_row(database, silent.run_id).crashed_at == database.at


def test_it_is_marked_once_and_by_name(database: ClockedDatabase) -> None:
    silent = opened(database)
    late = database.at + 2 * RUN_LEASE
    assert marked(database, late) == [silent.run_id]
    assert marked(database, late + RUN_LEASE) == []
    assert run_row(database, silent.run_id).crashed_at == late
    assert crashes(database) == ["watch"]


def test_a_run_that_claims_shows_that_it_lives(database: ClockedDatabase) -> None:
    run = opened(database)
    items = [item.id for item in runs.extract_items(run)]
    begin = database.at
    database.at += RUN_LEASE
    claims.claim(database, run.mover(), items, fence=claims.new_fence(), at_most=1)
    assert marked(database, begin + 2 * RUN_LEASE) == []
    assert marked(database, begin + 2 * RUN_LEASE + SECONDS) == [run.run_id]


def test_a_claim_of_one_run_is_no_sign_of_another(database: ClockedDatabase) -> None:
    silent, busy = opened(database), opened(database)
    items = [item.id for item in runs.extract_items(busy)]
    begin = database.at
    database.at += RUN_LEASE
    claims.claim(database, busy.mover(), items, fence=claims.new_fence(), at_most=1)
    assert marked(database, begin + RUN_LEASE + SECONDS) == [silent.run_id]


def test_a_marked_run_that_comes_back_sends_and_closes(database: ClockedDatabase) -> None:
    run = opened(database)
    items = runs.extract_items(run)
    assert marked(database, database.at + 2 * RUN_LEASE) == [run.run_id]
    with HttpPeer() as peer:
        gateway = opening(peer, BlindGateway, database)
        result = runs.execute_channel(run, "email", items, lambda: gateway)
        assert list(peer.effects.values()) == [1] * 3
    report = runs.close_run(run, ExecutionReport("studio"))
    assert (result["success"], report.balanced) == (3, True)
    row = run_row(database, run.run_id)
    assert row.finished_at == database.at
    assert row.summary["run_id"] == run.run_id
    assert marked(database, database.at + 2 * RUN_LEASE) == []


def test_a_marked_run_is_in_nobodys_way(database: ClockedDatabase) -> None:
    opened(database)
    marked(database, database.at + 2 * RUN_LEASE)
    with HttpPeer() as peer:
        report = run_through(database, opening(peer, BlindGateway, database))
    assert report.items_sent_successfully == 3
    with database.read() as session:
        unfinished = session.scalars(select(Run).where(Run.finished_at.is_(None))).all()
    assert [each.crashed_at is not None for each in unfinished] == [True]
