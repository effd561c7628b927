"""Whole runs through the HTTP mail providers: doubts close by what the provider does, not by hope."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from aicmo.execution.reconciling import reconcile
from aicmo.execution.settling import REPEAT_AFTER
from aicmo.gateways.contract import LivePermit, OpenGateway
from aicmo.gateways.postmark import PostmarkGateway
from aicmo.gateways.resend import ResendGateway
from aicmo.gateways.ses import SesGateway
from aicmo.models import Suppression
from tests.peers.http_exchange import Fault
from tests.peers.mail_api_peers import MailApiPeer, PostmarkPeer, ResendPeer, SesPeer
from tests.unit.doubtful_rows import ClockedDatabase
from tests.unit.effect_runs import clocked, deliveries, run_through
from tests.unit.live_runs import CONFIG, ready

LOST = Fault(applies=True, then="close")
CUT = Fault(at="body", then="close")
KEY = SecretStr("key")


@pytest.fixture
def database(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ClockedDatabase]:
    with clocked(sqlite_url, tmp_path, monkeypatch) as database:
        yield database


def resend(database: ClockedDatabase, peer: MailApiPeer, key: SecretStr = KEY) -> OpenGateway:
    rates = [(100, timedelta(seconds=1))]
    return lambda permit: ResendGateway(
        permit, key, rates=rates, base_url=peer.base_url, clock=database.time
    )


def postmark(database: ClockedDatabase, peer: MailApiPeer, **options: Any) -> OpenGateway:
    return lambda permit: PostmarkGateway(
        permit, KEY, base_url=peer.base_url, clock=database.time, **options
    )


def ses(peer: MailApiPeer) -> OpenGateway:
    def open_gateway(permit: LivePermit) -> SesGateway:
        return SesGateway(
            permit, "eu-west-1", access_key_id="id", secret_access_key=KEY, base_url=peer.base_url
        )

    return open_gateway


def states(database: ClockedDatabase) -> list[str]:
    return [each.state for each in deliveries(database)]


def test_resend_settles_a_lost_answer_by_itself_with_one_effect(database: ClockedDatabase) -> None:
    ready(database, people=1)
    with ResendPeer({1: LOST}) as peer:
        run_through(database, resend(database, peer))
        waiting = states(database)
        database.at += REPEAT_AFTER
        run_through(database, resend(database, peer))

    assert (waiting, states(database)) == (["pending"], ["sent"])
    assert len(peer.begun) == 2
    assert len(peer.applied) == 1
    assert deliveries(database)[0].provider_ref == "M1"


def test_resend_with_another_key_is_not_told_again(database: ClockedDatabase) -> None:
    ready(database, people=1)
    with ResendPeer({1: LOST}) as peer, ResendPeer() as other_team:
        run_through(database, resend(database, peer))
        database.at += REPEAT_AFTER
        run_through(database, resend(database, other_team, SecretStr("another")))

    assert other_team.connections == 0
    assert states(database) != ["sent"]


def asked(database: ClockedDatabase, opened: OpenGateway, minutes: float) -> None:
    database.at += timedelta(minutes=minutes)
    reconcile(database, "studio", CONFIG, lambda _: opened, by="tester")


def test_postmark_is_asked_and_what_it_has_is_sent(database: ClockedDatabase) -> None:
    ready(database, people=1)
    with PostmarkPeer({1: LOST}) as peer:
        run_through(database, postmark(database, peer))
        doubt = states(database)
        asked(database, postmark(database, peer), 11)

    assert (doubt, states(database)) == (["unknown"], ["sent"])
    assert len(peer.begun) == 1
    assert deliveries(database)[0].provider_ref == "M1"


def test_postmark_is_believed_only_when_it_says_twice_that_it_has_nothing(
    database: ClockedDatabase,
) -> None:
    ready(database, people=1)
    with PostmarkPeer({1: CUT}) as peer:
        run_through(database, postmark(database, peer))
        asked(database, postmark(database, peer), 11)
        once = states(database)
        asked(database, postmark(database, peer), 6)
        twice = states(database)
        run_through(database, postmark(database, peer))

    assert (once, twice, states(database)) == (["unknown"], ["pending"], ["sent"])
    assert len(peer.applied) == 1


def test_another_stream_is_never_asked_about_a_doubt(database: ClockedDatabase) -> None:
    ready(database, people=1)
    with PostmarkPeer({1: LOST}) as peer:
        run_through(database, postmark(database, peer))
        for _ in range(3):
            asked(database, postmark(database, peer, stream="outbound"), 11)

    assert states(database) == ["unknown"]
    assert peer.connections == 1


def test_ses_leaves_a_lost_answer_to_a_person(database: ClockedDatabase) -> None:
    ready(database, people=1)
    with SesPeer({1: LOST}) as peer:
        run_through(database, ses(peer))
        asked(database, ses(peer), 60)
        run_through(database, ses(peer))

    assert states(database) == ["unknown"]
    assert len(peer.begun) == 1


def test_an_inactive_recipient_is_written_to_no_more(database: ClockedDatabase) -> None:
    ready(database, people=1)
    inactive = Fault(status=422, content={"ErrorCode": 406})
    with PostmarkPeer({1: inactive}) as peer:
        run_through(database, postmark(database, peer))

    with database.read() as session:
        reasons = session.scalars(select(Suppression.reason)).all()
    assert states(database) == ["failed"]
    assert reasons == ["hard bounced"]


def test_a_refused_key_pauses_the_account_and_burns_no_list(database: ClockedDatabase) -> None:
    ready(database, people=3)
    with ResendPeer({1: Fault(status=401)}) as peer:
        report = run_through(database, resend(database, peer))
        run_through(database, resend(database, peer))

    assert "refused and paused" in report.errors[0]
    assert states(database) == ["held"] * 3
    assert peer.connections == 1


def test_a_full_provider_is_left_alone_until_it_says(database: ClockedDatabase) -> None:
    ready(database, people=3)
    full = Fault(status=429, headers={"Retry-After": "3600"})
    with ResendPeer({1: full}) as peer:
        run_through(database, resend(database, peer))
        run_through(database, resend(database, peer))
        before = peer.connections
        database.at += timedelta(hours=2)
        run_through(database, resend(database, peer))

    assert before == 1
    assert states(database) == ["sent"] * 3
