"""A request that no time-out reaches ends its process, and leaves itself in doubt, nothing else."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aicmo.execution.watchdog import EXIT_STATUS, Watchdog
from aicmo.gateways.contract import Outcome, Outgoing, StillAllowed, Timing
from tests.peers.effect_gateways import BlindGateway
from tests.peers.http_peer import HttpPeer
from tests.unit.doubtful_rows import ClockedDatabase
from tests.unit.effect_runs import clocked, in_own_process, opening, run_through
from tests.unit.live_runs import ready

BOUND = 0.5


class Hangs(BlindGateway):
    """The third message reaches the provider, and then nothing happens any more."""

    timing = Timing(send_deadline=1.2, request_bound=0.3, quiet=1)
    calls = 0

    def send(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome:
        self.calls += 1
        outcome = super().send(outgoing, still_allowed)
        if self.calls == 3:
            threading.Event().wait()
        return outcome


def said_by(work: Callable[[], object], tmp_path: Path) -> tuple[int, str]:
    """Exit status of a process that does this, and what it wrote to its standard error."""
    log = tmp_path / "stderr"

    def run() -> None:
        os.dup2(os.open(log, os.O_CREAT | os.O_WRONLY, 0o600), 2)
        work()

    return in_own_process(run), log.read_text()


def test_a_hanging_request_ends_its_process_and_is_the_only_doubt(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with clocked(sqlite_url, tmp_path, monkeypatch) as database, HttpPeer() as peer:
        ready(database, people=5)

        def hang() -> None:
            own = ClockedDatabase(sqlite_url)
            run_through(own, opening(peer, Hangs, own))

        status, said = said_by(hang, tmp_path)
        assert status == EXIT_STATUS == 75
        assert said == "A request took more than 1.5 s: this process ends. Run again.\n"

        report = run_through(database, opening(peer, BlindGateway, database))
        assert (report.items_sent_successfully, report.items_unknown) == (4, 1)
        assert list(peer.effects.values()) == [1] * 5


def test_the_time_between_two_requests_is_not_counted(tmp_path: Path) -> None:
    def idle() -> None:
        with Watchdog(BOUND) as watchdog:
            watchdog.start()
            watchdog.stop()
            time.sleep(3 * BOUND)

    assert said_by(idle, tmp_path) == (0, "")


def test_each_request_has_the_whole_time(tmp_path: Path) -> None:
    def several() -> None:
        with Watchdog(BOUND) as watchdog:
            for _ in range(10):
                watchdog.start()
                time.sleep(BOUND / 4)

    assert said_by(several, tmp_path) == (0, "")
