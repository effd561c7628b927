"""The journal proves what a killed worker did, claims no more than it proves, and stops without it."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from aicmo.errors import FixConfiguration
from aicmo.execution import journal
from aicmo.execution.journal import Journal, LeftBehind, abandoned
from aicmo.gateways.contract import Outcome, OutcomeKind, Outgoing, Scope, StillAllowed
from tests.peers.effect_gateways import BlindGateway
from tests.peers.http_peer import HttpPeer
from tests.projects import NOW
from tests.unit.doubtful_rows import ClockedDatabase
from tests.unit.effect_runs import counted_tries, in_own_process, opening, run_through
from tests.unit.live_runs import ready

SENT = Outcome(OutcomeKind.SENT, code="250", ref="Q1")
FENCE, RUN = 7, 3


def left_behind(folder: Path) -> list[LeftBehind]:
    with abandoned(folder) as claims:
        return list(claims)


def only_file(folder: Path) -> Path:
    (file,) = folder.glob("*.journal")
    return file


def written(folder: Path) -> Path:
    """A journal of a worker that is gone: 1 answered, 2 begun, 3 claimed only."""
    with Journal(folder) as kept:
        kept.claim(FENCE, RUN)
        kept.begin(1)
        kept.answer(1, SENT)
        kept.begin(2)
    return only_file(folder)


def test_every_record_comes_back(tmp_path: Path) -> None:
    written(tmp_path)
    assert left_behind(tmp_path) == [LeftBehind(FENCE, RUN, True, {1, 2}, {1: SENT})]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(
            OutcomeKind.REFUSED_FOR_NOW, "429", "quota", not_before=NOW + timedelta(hours=1),
            scope=Scope.RUN,
        ),
        Outcome(OutcomeKind.REFUSED_FOR_GOOD, "550 5.1.1", 'no "such"\nuser', suppress=True),
        Outcome(OutcomeKind.UNKNOWN, detail="ünforeseen \ud800"),
    ],
    ids=["waits", "suppresses", "odd text"],
)  # fmt: skip
def test_an_answer_comes_back_whole(tmp_path: Path, outcome: Outcome) -> None:
    with Journal(tmp_path) as kept:
        kept.claim(FENCE, None)
        kept.answer(1, outcome)
    assert left_behind(tmp_path)[0].answers == {1: outcome}


def test_several_claims_are_told_apart(tmp_path: Path) -> None:
    with Journal(tmp_path) as kept:
        kept.claim(1, RUN)
        kept.begin(10)
        kept.claim(2, RUN)
        kept.begin(20)
    assert [(each.fence, each.begun) for each in left_behind(tmp_path)] == [(1, {10}), (2, {20})]


def test_a_journal_stays_only_while_something_is_unsettled(tmp_path: Path) -> None:
    with Journal(tmp_path) as kept:
        kept.claim(FENCE, RUN)
        kept.begin(1)
        kept.settled()
        assert only_file(tmp_path).read_bytes() == b""
        kept.claim(FENCE + 1, RUN)
        kept.settled()
    assert not list(tmp_path.iterdir())
    assert written(tmp_path).stat().st_size > 0


def test_a_journal_of_a_living_worker_is_nobody_elses(tmp_path: Path) -> None:
    with Journal(tmp_path) as kept:
        kept.claim(FENCE, RUN)
        assert left_behind(tmp_path) == []

        def look() -> None:
            os._exit(len(left_behind(tmp_path)) or only_file(tmp_path).stat().st_size == 0)

        assert in_own_process(look) == 0
    assert [each.fence for each in left_behind(tmp_path)] == [FENCE]


def test_a_journal_is_replayed_by_one_at_a_time(tmp_path: Path) -> None:
    written(tmp_path)
    with abandoned(tmp_path) as claims:
        assert left_behind(tmp_path) == []
        assert len(list(claims)) == 1


def test_a_replay_that_fails_leaves_the_journal(tmp_path: Path) -> None:
    written(tmp_path)
    with pytest.raises(ConnectionError), abandoned(tmp_path):
        raise ConnectionError
    assert len(left_behind(tmp_path)) == 1


def test_nothing_had_followed_a_record_that_was_cut_off(tmp_path: Path) -> None:
    file = written(tmp_path)
    for length in range(len(b'["begin",2]\n')):
        file.write_bytes(file.read_bytes()[:-1])
        copy = tmp_path / f"cut {length}"
        copy.mkdir()
        (copy / file.name).write_bytes(file.read_bytes())
        assert left_behind(copy) == [LeftBehind(FENCE, RUN, True, {1}, {1: SENT})]


@pytest.mark.parametrize("garbage", [b"\0\0\0\0\0\0\0\0\0\0\0", b'["begin",1', b"\xff\xfe\xfd"])
def test_after_a_garbled_record_a_missing_one_proves_nothing(
    tmp_path: Path, garbage: bytes
) -> None:
    file = written(tmp_path)
    file.write_bytes(file.read_bytes().replace(b'["begin",1]', garbage))
    assert left_behind(tmp_path) == [LeftBehind(FENCE, RUN, False, {2}, {1: SENT})]


def test_a_claim_whose_name_is_garbled_lends_its_records_to_no_other(tmp_path: Path) -> None:
    with Journal(tmp_path) as kept:
        kept.claim(1, RUN)
        kept.claim(2, RUN)
        kept.begin(20)
    file = only_file(tmp_path)
    file.write_bytes(file.read_bytes().replace(b'["claim",2', b'["claim",'))
    (left,) = left_behind(tmp_path)
    assert (left.fence, left.is_complete) == (1, False)


@pytest.mark.parametrize("boot", ['"another boot"', '""', "null"])
def test_after_a_restart_of_the_machine_a_missing_record_proves_nothing(
    tmp_path: Path, boot: str
) -> None:
    file = written(tmp_path)
    here = f'"{journal._boot_id()}"'
    file.write_text(file.read_text().replace(here, boot))
    assert left_behind(tmp_path) == [LeftBehind(FENCE, RUN, False, {1, 2}, {1: SENT})]


def test_without_a_boot_id_a_missing_record_proves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_BOOT_ID", tmp_path / "none")
    written(tmp_path)
    assert not left_behind(tmp_path)[0].is_complete


@contextmanager
def disk_full_at(size: int) -> Iterator[None]:
    """No file of this process can grow beyond `size` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("room", [0, 5])
def test_on_a_full_disk_nothing_can_begin_any_more(tmp_path: Path, room: int) -> None:
    with Journal(tmp_path) as kept:
        kept.claim(FENCE, RUN)
        with disk_full_at(only_file(tmp_path).stat().st_size + room):
            with pytest.raises(OSError, match=r"large|full"):
                kept.begin(1)
            kept.answer(1, SENT)
        # What was cut off would run into the next record.
        with pytest.raises(OSError, match="broken"):
            kept.begin(2)
    assert left_behind(tmp_path) == [LeftBehind(FENCE, RUN, True)]


class OnAFullDisk(BlindGateway):
    """The journal's disk is full from the third message on."""

    folder: Path
    calls = 0

    def send(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome:
        self.calls += 1

        def asked(again: Outgoing) -> bool:
            with disk_full_at(only_file(self.folder).stat().st_size + 3):
                return still_allowed(again)

        return super().send(outgoing, asked if self.calls >= 3 else still_allowed)


def test_without_its_journal_a_run_sends_nothing_more(sqlite_url: str) -> None:
    database = ClockedDatabase(sqlite_url)
    OnAFullDisk.folder = database.journal_folder
    ready(database, people=5)
    with HttpPeer() as peer:
        report = run_through(database, opening(peer, OnAFullDisk, database))
        assert peer.transmissions.total() == 2
        assert "the journal can't be written" in report.errors[0]
        assert (report.items_sent_successfully, report.items_waiting) == (2, 3)
        assert counted_tries(database) == [1, 1, 0, 0, 0]

        run_through(database, opening(peer, BlindGateway, database))
        assert list(peer.effects.values()) == [1] * 5
    database.dispose()


def test_a_folder_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    folder.write_text("")
    with pytest.raises(FixConfiguration, match=f"can't be written in {folder}: "):
        Journal(folder).__enter__()


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "journal"
    before = os.umask(0)
    try:
        file = written(folder)
    finally:
        os.umask(before)
    assert (folder.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)
