"""A lost answer is repeated only with the same token, at the same provider, while it knows the token."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import pytest

from aicmo.execution import pauses
from aicmo.execution.settling import MAX_ATTEMPTS
from aicmo.gateways.contract import Outcome, Outgoing, RepeatClass, StillAllowed
from tests.peers.effect_gateways import BlindGateway, EffectGateway, SearchableGateway, TokenGateway
from tests.peers.http_exchange import Fault
from tests.peers.http_peer import HttpPeer
from tests.projects import NOW
from tests.unit.doubtful_rows import MINUTES, SECONDS, ClockedDatabase
from tests.unit.effect_runs import (
    KILLED,
    LOST,
    answer_lost,
    attempts,
    clocked,
    counts,
    deliveries,
    killed_run,
    run,
    told,
)
from tests.unit.live_runs import books, ready

CUT_BEFORE = Fault(at="body", then="close")
BOUNDS = TokenGateway.timing.send_deadline + TokenGateway.timing.request_bound + 30
WINDOW = TokenGateway.token_lifetime - timedelta(seconds=BOUNDS)
"""How long a first try may be repeated: a repetition may reach the provider that much later."""


class OtherTokenGateway(TokenGateway):
    """Another provider that knows tokens, its own ones."""

    name: ClassVar[str] = "other"


class FormerTokenGateway(BlindGateway):
    """The same provider, which knows tokens no longer."""

    name: ClassVar[str] = "token"


@pytest.fixture
def database(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ClockedDatabase]:
    with clocked(sqlite_url, tmp_path, monkeypatch) as database:
        yield database


@pytest.fixture
def peer(database: ClockedDatabase) -> Iterator[HttpPeer]:
    """Knows a token again, on the clock of the test."""
    with HttpPeer(RepeatClass.REPEAT_SAFE, clock=lambda: database.time().timestamp()) as peer:
        yield peer


@pytest.mark.parametrize("fault", [LOST, CUT_BEFORE], ids=["after its effect", "before it"])
def test_a_lost_answer_is_repeated_with_the_same_token(
    database: ClockedDatabase, peer: HttpPeer, fault: Fault
) -> None:
    answer_lost(database, peer, fault)
    run(database, peer)
    assert counts(peer) == (2, 1)
    assert len(peer.transmissions_by_token) == 1
    assert told(database) == ("sent", "")
    assert deliveries(database)[0].provider_ref == "M1"


def test_the_books_call_it_unknown_until_then(database: ClockedDatabase, peer: HttpPeer) -> None:
    answer_lost(database, peer)
    reason = "to be repeated safely: no whole answer: ConnectionError"
    assert told(database) == ("unknown", reason)
    assert books(database).balanced


def test_it_is_not_repeated_at_once(database: ClockedDatabase, peer: HttpPeer) -> None:
    answer_lost(database, peer)
    database.at -= SECONDS
    run(database, peer)
    assert counts(peer) == (1, 1)


class Dies(TokenGateway):
    """Its process dies when the provider has the message."""

    def send(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome:
        super().send(outgoing, still_allowed)
        os._exit(KILLED)


def test_what_a_lost_machine_had_armed_is_repeated_when_its_lease_has_lapsed(
    database: ClockedDatabase, peer: HttpPeer
) -> None:
    ready(database, people=1)
    killed_run(database, peer, Dies)
    shutil.rmtree(database.journal_folder)
    database.at += timedelta(seconds=BOUNDS)
    run(database, peer)
    assert (counts(peer), told(database)) == ((1, 1), ("waiting", "in progress"))
    database.at += SECONDS
    assert told(database)[0] == "unknown"
    run(database, peer)
    assert counts(peer) == (2, 1)
    assert told(database) == ("sent", "")


def test_a_refusal_proves_nothing_of_what_a_lost_machine_had_armed(
    database: ClockedDatabase, peer: HttpPeer
) -> None:
    ready(database, people=1)
    killed_run(database, peer, Dies)
    shutil.rmtree(database.journal_folder)
    database.at += timedelta(seconds=BOUNDS) + SECONDS
    peer.faults[2] = Fault(status=422)
    run(database, peer)
    assert counts(peer) == (2, 1)
    assert told(database) == ("unknown", "422")


def test_when_the_provider_may_have_forgotten_the_token_it_is_not_repeated(
    database: ClockedDatabase, peer: HttpPeer
) -> None:
    answer_lost(database, peer)
    database.at = NOW + WINDOW
    run(database, peer)
    assert counts(peer) == (1, 1)
    reason = "it may have gone out, and can't be repeated safely any more"
    assert told(database) == ("unknown", reason)
    assert deliveries(database)[0].state == "unknown"


def test_up_to_then_it_is(database: ClockedDatabase, peer: HttpPeer) -> None:
    answer_lost(database, peer)
    database.at = NOW + WINDOW - SECONDS
    run(database, peer)
    assert counts(peer) == (2, 1)


def test_the_window_begins_with_the_first_try(database: ClockedDatabase, peer: HttpPeer) -> None:
    answer_lost(database, peer)
    peer.faults[2] = LOST
    database.at = NOW + 30 * MINUTES
    run(database, peer)
    assert counts(peer) == (2, 1)
    database.at = NOW + WINDOW
    run(database, peer)
    assert counts(peer) == (2, 1)
    assert deliveries(database)[0].state == "unknown"


def test_after_five_lost_answers_a_person_decides(
    database: ClockedDatabase, peer: HttpPeer
) -> None:
    peer.faults = dict.fromkeys(range(1, 10), LOST)
    ready(database, people=1)
    for _ in range(MAX_ATTEMPTS + 2):
        run(database, peer)
        database.at += 2 * MINUTES
    assert counts(peer) == (MAX_ATTEMPTS, 1)
    assert deliveries(database)[0].state == "unknown"


@pytest.mark.parametrize(
    "gateway", [BlindGateway, SearchableGateway, OtherTokenGateway, FormerTokenGateway]
)
def test_another_gateway_never_repeats_it(
    database: ClockedDatabase, peer: HttpPeer, gateway: type[EffectGateway]
) -> None:
    answer_lost(database, peer)
    with HttpPeer(gateway.repeat_class) as other:
        run(database, other, gateway)
        assert counts(other) == (0, 0)
    reason = "it may have gone out by another gateway, which alone knows its token"
    assert told(database) == ("unknown", reason)


@pytest.mark.parametrize("gateway", [BlindGateway, SearchableGateway])
def test_without_a_token_a_lost_answer_is_never_repeated(
    database: ClockedDatabase, gateway: type[EffectGateway]
) -> None:
    ready(database, people=1)
    with HttpPeer(gateway.repeat_class, {1: LOST}) as peer:
        for _ in range(3):
            run(database, peer, gateway)
            assert (deliveries(database)[0].state, told(database)[0]) == ("unknown", "unknown")
            database.at += 10 * MINUTES
        assert counts(peer) == (1, 1)


def test_a_pause_stops_it_and_it_stays_a_doubt(database: ClockedDatabase, peer: HttpPeer) -> None:
    answer_lost(database, peer)
    pauses.pause(database, by="Ann", now=database.at)
    run(database, peer)
    assert counts(peer) == (1, 1)
    assert told(database)[0] == "unknown"
    database.at += timedelta(hours=2)
    run(database, peer)
    assert counts(peer) == (1, 1)
    assert deliveries(database)[0].state == "unknown"


def test_after_a_pause_it_is_repeated(database: ClockedDatabase, peer: HttpPeer) -> None:
    answer_lost(database, peer)
    pauses.pause(database, by="Ann", now=database.at)
    run(database, peer)
    pauses.unpause(database, by="Ann")
    run(database, peer)
    assert counts(peer) == (2, 1)
    assert told(database) == ("sent", "")


def test_a_refusal_of_the_repetition_proves_nothing(
    database: ClockedDatabase, peer: HttpPeer
) -> None:
    answer_lost(database, peer)
    peer.faults[2] = Fault(status=422)
    run(database, peer)
    assert told(database) == ("unknown", "422")
    assert deliveries(database)[0].state == "unknown"


def test_nor_does_one_after_a_repetition_that_was_not_made(
    database: ClockedDatabase, peer: HttpPeer
) -> None:
    answer_lost(database, peer)
    peer.faults |= {2: Fault(status=401), 3: Fault(status=422)}
    run(database, peer)
    assert told(database)[0] == "unknown"
    pauses.unpause(database, project_id="studio", channel="email", by="Ann")
    run(database, peer)
    assert told(database) == ("unknown", "422")
    assert [each.outcome for each in attempts(database)] == [
        "unknown", "refused_account", "refused_for_good"
    ]  # fmt: skip


def test_that_the_provider_has_it_answers_an_earlier_doubt(
    database: ClockedDatabase, peer: HttpPeer
) -> None:
    answer_lost(database, peer)
    peer.faults[2] = Fault(status=409, applies=True)
    run(database, peer)
    assert told(database) == ("sent", "")
    assert deliveries(database)[0].provider_ref == "M1"


def test_that_it_has_something_without_saying_what_answers_nothing(
    database: ClockedDatabase, peer: HttpPeer
) -> None:
    answer_lost(database, peer)
    peer.faults[2] = Fault(status=409)
    run(database, peer)
    assert told(database) == ("unknown", "409")


def test_that_it_has_what_was_never_tried_is_a_doubt(
    database: ClockedDatabase, peer: HttpPeer
) -> None:
    ready(database, people=1)
    peer.faults[1] = Fault(status=409, applies=True)
    for _ in range(2):
        run(database, peer)
        database.at += 10 * MINUTES
    assert peer.transmissions.total() == 1
    assert told(database) == ("unknown", "409")
    assert deliveries(database)[0].state == "unknown"
