"""Through the engine, X and LinkedIn get each post once; what a lost answer left open is read, or asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from aicmo.channels import Channel
from aicmo.errors import AicmoError
from aicmo.execution import runs
from aicmo.execution.deciding import Decision, decide
from aicmo.execution.reconciling import Reconciled, reconcile
from aicmo.execution.report import ExecutionReport
from aicmo.gateways import linkedin_version
from aicmo.gateways.account_gateway import ProviderAccount
from aicmo.gateways.contract import OpenGateway
from aicmo.gateways.linkedin import LinkedInGateway
from aicmo.gateways.x import XGateway
from aicmo.models import Account
from aicmo.settings import ExecutionConfig
from tests.contract.social_samples import Tokens
from tests.peers.http_exchange import Fault
from tests.peers.linkedin_peer import LinkedInPeer
from tests.peers.social_peer import SocialPeer
from tests.peers.x_peer import XPeer
from tests.projects import approved, imported, post
from tests.unit.doubtful_rows import ClockedDatabase
from tests.unit.effect_runs import clocked
from tests.unit.live_runs import LIVE
from tests.unit.post_runs import deliveries, later, told

MEMBER = "urn:li:person:aB3_x-9"
X, LINKEDIN = Channel.TWITTER, Channel.LINKEDIN
CONFIG = ExecutionConfig(execution_enabled=True, dry_run=False, channels_enabled=[X, LINKEDIN])


@pytest.fixture
def ledger(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ClockedDatabase]:
    with clocked(database_url, tmp_path, monkeypatch) as found:
        monkeypatch.setattr(linkedin_version, "VERSION", f"{found.at:%Y%m}")
        yield found


def ready(ledger: ClockedDatabase, peer: SocialPeer, item: dict[str, Any]) -> None:
    def seconds() -> float:
        return ledger.at.timestamp()

    peer.clock = seconds
    imported(ledger, item)
    with ledger.write() as session:
        of_network = update(Account).where(Account.channel == item["channel"])
        session.execute(of_network.values(identity=peer.identity, name="Acme"))
    approved(ledger)


def thread(*texts: str) -> dict[str, Any]:
    plain = post("post-1", X)
    parts = [{"text": text} for text in texts]
    return {**plain, "content": {**plain["content"], "thread": parts}}


def opening(ledger: ClockedDatabase, peer: SocialPeer) -> OpenGateway:
    account = ProviderAccount(peer.identity, "Acme", "@acme", api_url=peer.base_url)
    if isinstance(peer, XPeer):
        return lambda permit: XGateway(permit, account, Tokens(), clock=lambda: ledger.at)
    return lambda permit: LinkedInGateway(permit, account, Tokens(), clock=lambda: ledger.at)


def run(ledger: ClockedDatabase, peer: SocialPeer) -> ExecutionReport:
    opened, report = runs.open_run(ledger, LIVE, CONFIG), ExecutionReport("studio")
    channel = X if isinstance(peer, XPeer) else LINKEDIN
    try:
        items = runs.extract_items(opened)
        runs.execute_channel(opened, channel, items, lambda: opening(ledger, peer))
    except AicmoError as error:
        report.add_error(str(error))
    return runs.close_run(opened, report)


def ask(ledger: ClockedDatabase, peer: SocialPeer) -> Reconciled:
    return reconcile(ledger, "studio", CONFIG, lambda _: opening(ledger, peer), by="Ann")


def states(ledger: ClockedDatabase) -> list[str]:
    return [state for state, _ in told(ledger)]


@pytest.mark.parametrize("peer_type", [XPeer, LinkedInPeer])
def test_a_post_whose_answer_was_lost_is_found_and_not_sent_again(
    ledger: ClockedDatabase, peer_type: type[SocialPeer]
) -> None:
    with peer_type({1: Fault(applies=True, then="close")}) as peer:
        ready(ledger, peer, post(channel=X if peer_type is XPeer else LINKEDIN))
        run(ledger, peer)
        assert states(ledger) == ["unknown"]
        later(ledger, hours=1)
        run(ledger, peer)
        assert ask(ledger, peer).present == 1

    (delivery,) = deliveries(ledger)
    assert (delivery.state, delivery.provider_ref) == ("sent", peer.posts[0].ref)
    assert peer.posts[0].ref in delivery.permalink
    assert (len(peer.begun), len(peer.posts)) == (1, 1)
    assert not peer.misshapen


@pytest.mark.parametrize("peer_type", [XPeer, LinkedInPeer])
def test_a_post_that_never_was_goes_out_after_two_looks(
    ledger: ClockedDatabase, peer_type: type[SocialPeer]
) -> None:
    with peer_type({1: Fault(then="close")}) as peer:
        ready(ledger, peer, post(channel=X if peer_type is XPeer else LINKEDIN))
        run(ledger, peer)
        later(ledger, minutes=4)
        assert ask(ledger, peer).absent == 0, "the network may still be showing it later"
        for _ in range(2):
            later(ledger, minutes=11)
            ask(ledger, peer)
        assert states(ledger) == ["pending"]
        run(ledger, peer)

    assert states(ledger) == ["sent"]
    assert (len(peer.begun), len(peer.posts)) == (2, 1)


def test_a_doubt_in_a_thread_keeps_the_rest_until_it_is_read(ledger: ClockedDatabase) -> None:
    with XPeer({2: Fault(applies=True, then="close")}) as peer:
        ready(ledger, peer, thread("Two.", "Three."))
        run(ledger, peer)
        assert states(ledger)[:2] == ["sent", "unknown"]
        assert len(peer.posts) == 2
        later(ledger, hours=1)
        assert ask(ledger, peer).present == 1
        run(ledger, peer)

    assert states(ledger) == ["sent"] * 3
    refs = [each.ref for each in peer.posts]
    assert [each.parent for each in peer.posts] == ["", refs[0], refs[1]]


def test_a_member_s_doubt_is_a_person_s_and_linkedin_s_refusal_guards_their_mistake(
    ledger: ClockedDatabase,
) -> None:
    with LinkedInPeer({1: Fault(applies=True, then="close")}, identity=MEMBER) as peer:
        ready(ledger, peer, post())
        run(ledger, peer)
        later(ledger, hours=1)
        asked = ask(ledger, peer)
        run(ledger, peer)
        assert states(ledger) == ["unknown"]
        assert (asked.present, asked.absent, len(peer.begun)) == (0, 0, 1)
        (doubt,) = deliveries(ledger)
        is_gone = Decision.IS_NOT_THERE
        decide(ledger, "studio", [doubt.id], is_gone, by="Ann", reason="I don't see it")
        run(ledger, peer)

    (delivery,) = deliveries(ledger)
    assert (delivery.state, delivery.provider_ref) == ("unknown", peer.posts[0].ref)
    assert (len(peer.begun), len(peer.posts)) == (2, 1)


def test_another_account_s_log_in_sends_nothing(ledger: ClockedDatabase) -> None:
    with XPeer() as peer:
        ready(ledger, peer, post(channel=X))
        peer.user["id"] = "1002"
        report = run(ledger, peer)

    assert states(ledger) == ["pending"]
    assert "logged in as 1002, but the project's account is 1001" in report.errors[0]
    assert len(peer.begun) == 0


def test_a_log_in_that_ends_in_the_middle_burns_no_post(ledger: ClockedDatabase) -> None:
    with XPeer(expires_at=3) as peer:
        ready(ledger, peer, thread("Two."))
        report = run(ledger, peer)
        assert states(ledger) == ["sent", "pending"]
        assert "paused" in report.errors[0]

    assert len(peer.posts) == 1


@pytest.mark.parametrize("peer_type", [XPeer, LinkedInPeer])
def test_a_refused_copy_of_a_post_that_was_called_absent_is_never_called_failed(
    ledger: ClockedDatabase, peer_type: type[SocialPeer]
) -> None:
    with peer_type({1: Fault(applies=True, then="close")}) as peer:
        ready(ledger, peer, post(channel=X if peer_type is XPeer else LINKEDIN))
        run(ledger, peer)
        peer.visible_after = timedelta(hours=1)  # longer than any network should take
        for _ in range(2):
            later(ledger, minutes=11)
            ask(ledger, peer)
        assert states(ledger) == ["pending"]
        run(ledger, peer)
        assert states(ledger) == ["unknown"]
        later(ledger, hours=2)
        assert ask(ledger, peer).present == 1

    (delivery,) = deliveries(ledger)
    assert (delivery.state, delivery.provider_ref) == ("sent", peer.posts[0].ref)
    assert (len(peer.begun), len(peer.posts)) == (2, 1)
