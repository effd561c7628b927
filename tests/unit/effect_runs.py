"""Runs through any gateway, on a clock that is set by hand, also in a process that dies."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from aicmo.database import Database
from aicmo.errors import AicmoError
from aicmo.execution import runs
from aicmo.execution.report import ExecutionReport
from aicmo.execution.settling import REPEAT_AFTER
from aicmo.gateways.contract import LivePermit, OpenGateway
from aicmo.models import Attempt, Delivery
from tests.peers.effect_gateways import EffectGateway, TokenGateway
from tests.peers.http_exchange import Fault
from tests.peers.http_peer import HttpPeer
from tests.unit.doubtful_rows import ClockedDatabase
from tests.unit.live_runs import CONFIG, LIVE, books, ready

KILLED = 9
LOST = Fault(applies=True, then="close")


@contextmanager
def clocked(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClockedDatabase]:
    """A database on the tests' clock; its journals go into the test's own folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    database = ClockedDatabase(url)
    yield database
    database.dispose()


def opening(peer: HttpPeer, gateway: type[EffectGateway], database: ClockedDatabase) -> OpenGateway:
    def open_gateway(permit: LivePermit) -> EffectGateway:
        return gateway(permit, peer.address, clock=database.time)

    return open_gateway


def run_through(database: Database, open_gateway: OpenGateway, **changes: Any) -> ExecutionReport:
    """A whole live run; what stopped it is in its report, as the command line and flows do it."""
    run = runs.open_run(database, replace(LIVE, **changes), CONFIG)
    report = ExecutionReport("studio")
    try:
        runs.execute_channel(run, "email", runs.extract_items(run), lambda: open_gateway)
    except AicmoError as error:
        report.add_error(str(error))
    return runs.close_run(run, report)


def run(
    database: ClockedDatabase, peer: HttpPeer, gateway: type[EffectGateway] = TokenGateway
) -> None:
    run_through(database, opening(peer, gateway, database))


def answer_lost(database: ClockedDatabase, peer: HttpPeer, fault: Fault = LOST) -> None:
    """One delivery, transmitted once; it is time to repeat it."""
    ready(database, people=1)
    peer.faults[1] = fault
    run(database, peer)
    database.at += REPEAT_AFTER


def told(database: ClockedDatabase) -> tuple[str, str]:
    (tally,) = books(database, database.at).tallies
    return tally.state, tally.reason


def counts(peer: HttpPeer) -> tuple[int, int]:
    return peer.transmissions.total(), peer.effects.total()


def in_own_process(work: Callable[[], object]) -> int:
    """Exit status of a fork that does this; it must open its own connections."""
    pid = os.fork()
    if not pid:
        try:
            work()
        except BaseException:  # noqa: BLE001  (the test sees the exit status; no second pytest goes on)
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def killed_run(database: ClockedDatabase, peer: HttpPeer, gateway: type[EffectGateway]) -> None:
    """A run in a process of its own, which `gateway` or the test's setting kills."""

    def work() -> None:
        own = ClockedDatabase(database.url.render_as_string(hide_password=False))
        own.at = database.at
        run_through(own, opening(peer, gateway, own))

    assert in_own_process(work) == KILLED


def deliveries(database: Database) -> list[Delivery]:
    with database.read() as session:
        return list(session.scalars(select(Delivery).order_by(Delivery.id)))


def counted_tries(database: Database) -> list[int]:
    return [each.attempts - each.uncounted for each in deliveries(database)]


def attempts(database: Database) -> list[Attempt]:
    with database.read() as session:
        return list(session.scalars(select(Attempt).order_by(Attempt.id)))
