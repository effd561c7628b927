"""After a kill, doubts are at most the requests that were open; the rest is settled or goes on."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from aicmo.execution import arming, claims, dispatch, replaying
from aicmo.execution.deciding import Decision, decide
from aicmo.execution.journal import Journal
from aicmo.execution.replaying import Replayed
from aicmo.gateways.contract import Outcome, OutcomeKind, Outgoing, StillAllowed
from aicmo.models import Delivery
from tests.peers.effect_gateways import BlindGateway, TokenGateway
from tests.peers.http_peer import HttpPeer
from tests.unit.doubtful_rows import ClockedDatabase
from tests.unit.effect_runs import (
    KILLED,
    attempts,
    clocked,
    counted_tries,
    deliveries,
    killed_run,
    opening,
    run_through,
)
from tests.unit.live_runs import armed_batch, books, claimed, ready

PEOPLE = 5


@pytest.fixture
def database(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ClockedDatabase]:
    with clocked(database_url, tmp_path, monkeypatch) as database:
        yield database


@pytest.fixture
def peer() -> Iterator[HttpPeer]:
    with HttpPeer() as peer:
        yield peer


class DiesBefore(BlindGateway):
    """Its process dies at the third message, before the byte that commits."""

    calls = 0

    def send(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome:
        self.calls += 1
        return super().send(outgoing, self._die if self.calls == 3 else still_allowed)

    def _die(self, outgoing: Outgoing) -> bool:
        os._exit(KILLED)


class DiesInside(BlindGateway):
    """Its process dies at the third message, when the provider has it."""

    calls = 0

    def send(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome:
        self.calls += 1
        outcome = super().send(outgoing, still_allowed)
        if self.calls == 3:
            os._exit(KILLED)
        return outcome


def states(database: ClockedDatabase) -> list[str]:
    return [each.state for each in deliveries(database)]


def rewrite(database: ClockedDatabase, change: Callable[[str], str]) -> None:
    """What stands in the journal that was left, otherwise."""
    (file,) = database.journal_folder.glob("*.journal")
    file.write_text(change(file.read_text()))


def of_another_boot(text: str) -> str:
    claim, *rest = text.splitlines()
    return "\n".join([json.dumps([*json.loads(claim)[:3], "another boot"]), *rest, ""])


def replay(database: ClockedDatabase) -> Replayed:
    return replaying.replay(database, by="tester")


def test_a_worker_killed_inside_a_request_leaves_one_doubt(
    database: ClockedDatabase, peer: HttpPeer
) -> None:
    ready(database, PEOPLE)
    killed_run(database, peer, DiesInside)
    assert states(database) == ["sending"] * PEOPLE

    assert replay(database) == Replayed(answered=2, in_doubt=1, freed=2)
    assert states(database) == ["sent", "sent", "unknown", "pending", "pending"]
    assert [each.provider_ref for each in deliveries(database)] == ["M1", "M2", "", "", ""]
    tried = sorted(attempts(database), key=lambda each: each.delivery_id)
    assert [each.outcome for each in tried] == ["sent", "sent", "unknown", "not_sent", "not_sent"]
    assert counted_tries(database) == [1, 1, 1, 0, 0]


def test_a_worker_killed_before_the_committing_byte_leaves_none(
    database: ClockedDatabase, peer: HttpPeer
) -> None:
    ready(database, PEOPLE)
    killed_run(database, peer, DiesBefore)
    assert replay(database) == Replayed(answered=2, in_doubt=0, freed=3)
    assert states(database) == ["sent", "sent", "pending", "pending", "pending"]


def test_the_next_run_finishes_at_once_what_a_killed_one_left(
    database: ClockedDatabase, peer: HttpPeer
) -> None:
    ready(database, PEOPLE)
    killed_run(database, peer, DiesInside)
    report = run_through(database, opening(peer, BlindGateway, database))
    assert list(peer.effects.values()) == [1] * PEOPLE
    assert (report.items_sent_successfully, report.items_unknown) == (4, 1)
    assert report.reasons["unknown"] == {"the worker stopped during the request": 1}
    assert report.balanced


def test_what_was_claimed_only_waits_again(
    database: ClockedDatabase, peer: HttpPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(database, PEOPLE)

    def die(*_: Any) -> None:
        os._exit(KILLED)

    monkeypatch.setattr(dispatch, "arm", die)
    killed_run(database, peer, BlindGateway)
    monkeypatch.undo()
    assert states(database) == ["claimed"] * PEOPLE
    assert replay(database) == Replayed(freed=PEOPLE)
    assert states(database) == ["pending"] * PEOPLE
    assert {each.lease_until for each in deliveries(database)} == {None}


def test_what_was_armed_and_not_begun_waits_again(
    database: ClockedDatabase, peer: HttpPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(database, PEOPLE)

    def arm_and_die(*arguments: Any) -> None:
        arming.arm(*arguments)
        os._exit(KILLED)

    monkeypatch.setattr(dispatch, "arm", arm_and_die)
    killed_run(database, peer, BlindGateway)
    monkeypatch.undo()
    assert replay(database) == Replayed(freed=PEOPLE)
    assert counted_tries(database) == [0] * PEOPLE


def test_after_a_restart_of_the_machine_a_missing_record_proves_nothing(
    database: ClockedDatabase, peer: HttpPeer
) -> None:
    ready(database, PEOPLE)
    killed_run(database, peer, DiesInside)
    rewrite(database, of_another_boot)
    assert replay(database) == Replayed(answered=2, in_doubt=3)
    assert states(database) == ["sent", "sent", "unknown", "unknown", "unknown"]


def test_what_was_claimed_only_waits_again_even_after_a_restart(
    database: ClockedDatabase,
) -> None:
    ready(database, PEOPLE)
    run, claim = claimed(database)
    with Journal(database.journal_folder) as kept:
        kept.claim(claim.fence, run.run_id)
    rewrite(database, of_another_boot)
    assert replay(database) == Replayed(freed=PEOPLE)


def test_a_lost_journal_leaves_the_armed_batch_in_doubt(
    database: ClockedDatabase, peer: HttpPeer
) -> None:
    ready(database, PEOPLE)
    killed_run(database, peer, DiesInside)
    shutil.rmtree(database.journal_folder)
    database.at += timedelta(hours=1)
    report = run_through(database, opening(peer, BlindGateway, database))
    assert (report.items_unknown, peer.transmissions.total()) == (PEOPLE, 3)


def test_a_journal_of_a_worker_that_lives_is_left_alone(database: ClockedDatabase) -> None:
    ready(database, PEOPLE)
    run, claim = claimed(database)
    with Journal(database.journal_folder) as kept:
        kept.claim(claim.fence, run.run_id)
        batch = armed_batch(run, claim)
        kept.begin(batch.outgoing[0].delivery_id)
        assert replay(database) == Replayed()
        assert states(database) == ["sending"] * PEOPLE
    assert replay(database) == Replayed(in_doubt=1, freed=PEOPLE - 1)


def test_a_replay_that_is_repeated_changes_nothing(
    database: ClockedDatabase, peer: HttpPeer, tmp_path: Path
) -> None:
    ready(database, PEOPLE)
    killed_run(database, peer, DiesInside)
    kept = shutil.copytree(database.journal_folder, tmp_path / "kept")
    replay(database)
    first = states(database)

    assert replay(database) == Replayed()
    # As if it had been killed between settling and removing the file.
    shutil.copytree(kept, database.journal_folder, dirs_exist_ok=True)
    replay(database)
    assert states(database) == first
    assert counted_tries(database) == [1, 1, 1, 0, 0]

    run_through(database, opening(peer, BlindGateway, database))
    shutil.copytree(kept, database.journal_folder, dirs_exist_ok=True)
    replay(database)
    assert [each.outcome for each in attempts(database)].count("sent") == 4
    assert states(database) == ["sent", "sent", "unknown", "sent", "sent"]
    assert list(peer.effects.values()) == [1] * PEOPLE


def late_journal(database: ClockedDatabase, outcome: Outcome) -> None:
    """Two deliveries are in doubt since their lease lapsed; then comes a journal about the first."""
    ready(database, people=2)
    run, claim = claimed(database)
    armed_batch(run, claim)
    with database.write() as session:
        doubt = {"state": "unknown", "lease_until": None, "ambiguous": True}
        session.execute(update(Delivery).values(**doubt))
    with Journal(database.journal_folder) as kept:
        kept.claim(claim.fence, run.run_id)
        for each in claim.delivery_ids:
            kept.begin(each)
        kept.answer(claim.delivery_ids[0], outcome)


def test_an_answer_that_comes_to_light_late_closes_a_doubt(database: ClockedDatabase) -> None:
    late_journal(database, Outcome(OutcomeKind.SENT, ref="Q1"))
    replay(database)
    assert states(database) == ["sent", "unknown"]
    assert deliveries(database)[0].provider_ref == "Q1"


@pytest.mark.parametrize("kind", [OutcomeKind.NOT_SENT, OutcomeKind.REFUSED_FOR_GOOD])
def test_a_refusal_that_comes_to_light_late_opens_nothing(
    database: ClockedDatabase, kind: OutcomeKind
) -> None:
    late_journal(database, Outcome(kind))
    replay(database)
    assert states(database) == ["unknown", "unknown"]


def test_an_answer_to_an_earlier_claim_says_nothing_of_a_later_one(
    database: ClockedDatabase,
) -> None:
    late_journal(database, Outcome(OutcomeKind.SENT, ref="Q1"))
    with database.write() as session:
        session.execute(update(Delivery).values(fence=claims.new_fence()))
    replay(database)
    assert states(database) == ["unknown", "unknown"]


def test_what_another_worker_holds_is_left_alone(database: ClockedDatabase) -> None:
    ready(database, PEOPLE)
    run, claim = claimed(database)

    def stale_journal() -> None:
        with Journal(database.journal_folder) as kept:
            kept.claim(claims.new_fence(), run.run_id)
            kept.begin(claim.delivery_ids[0])

    stale_journal()
    assert replay(database) == Replayed()
    assert states(database) == ["claimed"] * PEOPLE
    armed_batch(run, claim)
    stale_journal()
    assert replay(database) == Replayed()
    assert states(database) == ["sending"] * PEOPLE


def test_what_a_person_decided_stays_decided(database: ClockedDatabase) -> None:
    late_journal(database, Outcome(OutcomeKind.NOT_SENT))
    first, second = (each.id for each in deliveries(database))
    database.at += timedelta(days=1)
    decide(database, "studio", [first], Decision.IS_THERE, by="Ann", reason="seen")
    decide(database, "studio", [second], Decision.GIVE_UP, by="Ann", reason="too late")
    before = states(database)
    replay(database)
    assert states(database) == before


class TokenDiesInside(TokenGateway):
    """A repeat-safe one whose process dies when the provider has its first message."""

    def send(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome:
        super().send(outgoing, still_allowed)
        os._exit(KILLED)


def test_a_repeat_safe_doubt_of_a_killed_worker_is_repeated(database: ClockedDatabase) -> None:
    ready(database, people=2)
    with HttpPeer(TokenGateway.repeat_class, clock=lambda: database.time().timestamp()) as peer:
        killed_run(database, peer, TokenDiesInside)
        replay(database)
        assert books(database).count("unknown") == 1
        database.at += timedelta(minutes=2)
        run_through(database, opening(peer, TokenGateway, database))
        assert sorted(peer.transmissions.values()) == [1, 2]
        assert list(peer.effects.values()) == [1, 1]
    assert states(database) == ["sent", "sent"]


def test_a_journal_of_another_database_is_no_harm(database: ClockedDatabase) -> None:
    ready(database, PEOPLE)
    with Journal(database.journal_folder) as kept:
        kept.claim(1, 999_999)
        kept.answer(deliveries(database)[0].id, Outcome(OutcomeKind.SENT))
    assert replay(database) == Replayed()
    assert states(database) == ["pending"] * PEOPLE
