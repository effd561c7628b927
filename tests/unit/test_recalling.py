"""A published post is taken back by request and approval; what isn't proven deleted isn't called so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from aicmo.errors import FixAccount, FixConfiguration, FixInput, TryLater
from aicmo.execution import published as recalling
from aicmo.execution.published import Published, published
from aicmo.execution.recalling import approve_recall, ask_recall
from aicmo.gateways.contract import LivePermit, OpenGateway, Outcome, OutcomeKind, RepeatClass
from aicmo.models import Attempt, AuditEvent, Delivery, Item
from aicmo.settings import ExecutionConfig
from tests.peers.http_peer import HttpPeer
from tests.unit.doubtful_rows import ClockedDatabase
from tests.unit.effect_runs import clocked
from tests.unit.post_runs import (
    CONFIG,
    PINNED,
    ScriptedNetwork,
    deliveries,
    mastodon_post,
    opening,
    ready,
    run,
)


class Deleting(ScriptedNetwork):
    """Answers deletions with `answer`, and counts them."""

    answer = Outcome(OutcomeKind.SENT, code="200")
    deleted: list[str]

    def recall(self, ref: str) -> Outcome:
        self.deleted.append(ref)
        return self.answer


@pytest.fixture
def ledger(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ClockedDatabase]:
    with clocked(sqlite_url, tmp_path, monkeypatch) as found:
        yield found


@pytest.fixture
def network(ledger: ClockedDatabase) -> Iterator[HttpPeer]:
    with HttpPeer(RepeatClass.READABLE) as peer:
        ready(ledger, mastodon_post("post-1", "Second."))
        run(ledger, opening(peer))
        yield peer


def deleting(
    peer: HttpPeer,
    deleted: list[str],
    answer: Outcome = Deleting.answer,
    logged_in_as: str = PINNED.identity,
    name: str = "scripted",
) -> OpenGateway:
    def open_gateway(permit: LivePermit) -> Deleting:
        gateway = Deleting(permit, peer, logged_in_as, [])
        gateway.answer, gateway.deleted, gateway.name = answer, deleted, name
        return gateway

    return open_gateway


def asked(ledger: ClockedDatabase, delivery: int = 2) -> Published:
    return ask_recall(ledger, "studio", delivery, by="Ann", reason="wrong price")


def approve(
    ledger: ClockedDatabase, gateway: OpenGateway, config: ExecutionConfig = CONFIG
) -> Published:
    return approve_recall(ledger, "studio", 2, config, lambda _: gateway, by="Ben")


def test_a_post_is_deleted_when_somebody_approves_it(
    ledger: ClockedDatabase, network: HttpPeer
) -> None:
    deleted: list[str] = []
    assert asked(ledger).recall == recalling.ASKED
    assert deleted == []
    post = approve(ledger, deleting(network, deleted))
    assert (post.recall, post.asked_by, post.approved_by) == (recalling.DELETED, "Ann", "Ben")
    assert deleted == ["M2"]
    assert [each.state for each in deliveries(ledger)] == ["sent", "sent"]
    with ledger.read() as session:
        events = session.scalars(select(AuditEvent).where(AuditEvent.event.like("recall.%")))
        assert [(each.event, each.actor) for each in events] == [
            ("recall.asked", "Ann"), ("recall.approved", "Ben"), ("recall.ended", "Ben"),
        ]  # fmt: skip
    with pytest.raises(FixInput, match="No recall of delivery 2 is open"):
        approve(ledger, deleting(network, deleted))


def test_nothing_is_deleted_that_nobody_asked_for(
    ledger: ClockedDatabase, network: HttpPeer
) -> None:
    deleted: list[str] = []
    with pytest.raises(FixInput, match="No recall of delivery 2 is open"):
        approve(ledger, deleting(network, deleted))
    assert deleted == []


@pytest.mark.parametrize(
    "config",
    [replace(CONFIG, execution_enabled=False), replace(CONFIG, channels_enabled=["email"])],
    ids=["disabled", "channel off"],
)
def test_the_environment_must_allow_it(
    config: ExecutionConfig, ledger: ClockedDatabase, network: HttpPeer
) -> None:
    deleted: list[str] = []
    asked(ledger)
    with pytest.raises(FixConfiguration):
        approve(ledger, deleting(network, deleted), config)
    assert deleted == []


def test_another_account_deletes_nothing(ledger: ClockedDatabase, network: HttpPeer) -> None:
    deleted: list[str] = []
    asked(ledger)
    with pytest.raises(FixAccount, match="logged in as @id-of-bakery"):
        approve(ledger, deleting(network, deleted, logged_in_as="id-of-bakery"))
    with pytest.raises(FixAccount, match="went out as another mastodon account"):
        approve(ledger, deleting(network, deleted, name="scripted of another"))
    assert deleted == []


def test_a_lost_answer_is_not_called_deleted_and_can_be_repeated(
    ledger: ClockedDatabase, network: HttpPeer
) -> None:
    deleted: list[str] = []
    asked(ledger)
    lost = Outcome(OutcomeKind.UNKNOWN, detail="no answer")
    assert approve(ledger, deleting(network, deleted, lost)).recall == recalling.UNKNOWN
    assert approve(ledger, deleting(network, deleted)).recall == recalling.DELETED
    assert deleted == ["M2", "M2"]


def test_what_can_not_be_reached_stays_approved(ledger: ClockedDatabase, network: HttpPeer) -> None:
    asked(ledger)
    busy = Outcome(OutcomeKind.REFUSED_FOR_NOW, code="429")
    with pytest.raises(TryLater, match="didn't delete it: 429"):
        approve(ledger, deleting(network, [], busy))
    with ledger.read() as session:
        assert published(session, "studio")[1].recall == recalling.APPROVED


def test_a_thread_is_taken_back_from_its_end(ledger: ClockedDatabase, network: HttpPeer) -> None:
    with pytest.raises(FixInput, match="Answers to it are still there: delivery 2"):
        asked(ledger, 1)
    asked(ledger)
    approve(ledger, deleting(network, []))
    assert asked(ledger, 1).recall == recalling.ASKED


def test_instagram_posts_are_a_person_s_to_delete(
    ledger: ClockedDatabase, network: HttpPeer
) -> None:
    with ledger.write() as session:
        session.execute(update(Item).values(channel="instagram"))
        session.execute(update(Delivery).values(permalink="https://www.instagram.com/p/C0/"))
    with pytest.raises(FixInput, match="lets no program delete") as refused:
        asked(ledger)
    assert "https://www.instagram.com/p/C0/" in str(refused.value.next_step)


def test_what_is_not_out_can_not_be_taken_back(ledger: ClockedDatabase, network: HttpPeer) -> None:
    with pytest.raises(FixInput, match="has no published post 9"):
        asked(ledger, 9)


def test_a_post_that_was_found_after_a_lost_answer_is_its_account_s_alone(
    ledger: ClockedDatabase, network: HttpPeer
) -> None:
    deleted: list[str] = []
    asked(ledger)
    with ledger.write() as session:  # its answer was lost, and its network showed it later
        session.execute(update(Attempt).values(outcome=OutcomeKind.UNKNOWN.value))
    with pytest.raises(FixAccount, match="went out as another mastodon account"):
        approve(ledger, deleting(network, deleted, name="scripted of another"))
    assert deleted == []
    assert approve(ledger, deleting(network, deleted)).recall == recalling.DELETED


def test_what_a_person_posted_is_a_person_s_to_delete(
    ledger: ClockedDatabase, network: HttpPeer
) -> None:
    """The pinned account may be another one, which would say that it is gone."""
    with ledger.write() as session:
        session.execute(update(Delivery).values(reason=recalling.BY_HAND))
    with pytest.raises(FixInput, match="A person posted it"):
        asked(ledger)
