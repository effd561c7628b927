"""Through the engine, Instagram gets a post once: the container outlives lost answers, restarts and waits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import update

from aicmo.channels import Channel
from aicmo.errors import AicmoError
from aicmo.execution import runs
from aicmo.execution.account_checking import check_account
from aicmo.execution.account_tokens import ADDED_HERE, keep
from aicmo.execution.identity import account_of
from aicmo.execution.importing import import_document
from aicmo.execution.reconciling import Reconciled, reconcile
from aicmo.execution.report import ExecutionReport, read_books
from aicmo.gateways.account_gateway import ProviderAccount
from aicmo.gateways.contract import LivePermit
from aicmo.gateways.instagram import InstagramGateway
from aicmo.gateways.login import Login
from aicmo.gateways.login_instagram import SCOPES
from aicmo.models import Account
from aicmo.settings import ExecutionConfig
from tests.conftest import KEY
from tests.contract.social_samples import Tokens
from tests.contract.test_instagram_gateway import publish, said
from tests.peers.http_exchange import Fault
from tests.peers.instagram_peer import InstagramPeer
from tests.projects import approved, document, post
from tests.unit.doubtful_rows import ClockedDatabase
from tests.unit.effect_runs import clocked
from tests.unit.live_runs import LIVE
from tests.unit.post_runs import deliveries, later, told

CONFIG = ExecutionConfig(
    execution_enabled=True, dry_run=False, channels_enabled=[Channel.INSTAGRAM]
)


@pytest.fixture
def ledger(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ClockedDatabase]:
    with clocked(database_url, tmp_path, monkeypatch) as found:
        ready(found)
        yield found


@pytest.fixture
def network(ledger: ClockedDatabase) -> Iterator[InstagramPeer]:
    def seconds() -> float:
        return ledger.at.timestamp()

    with InstagramPeer(clock=seconds) as peer:
        yield peer


def ready(ledger: ClockedDatabase) -> None:
    """A post with a picture, for the pinned account, and approved."""
    planned = post(channel=Channel.INSTAGRAM)
    planned["content"]["media"] = [{"file": "cafe.jpg", "alt_text": "A café"}]
    import_document(
        ledger, document(planned), source="test", actor="tester", secret_key=KEY,
        files={"cafe.jpg": square()},
    )  # fmt: skip
    with ledger.write() as session:
        pinned = {"identity": "1001", "name": "Acme", "handle": ""}
        session.execute(
            update(Account).where(Account.channel == Channel.INSTAGRAM).values(**pinned)
        )
    approved(ledger)


def square() -> bytes:
    content = BytesIO()
    Image.new("RGB", (1080, 1080), "teal").save(content, "JPEG")
    return content.getvalue()


def opening(ledger: ClockedDatabase, peer: InstagramPeer) -> Any:
    account = ProviderAccount("1001", "Acme", "@acme", api_url=peer.base_url)

    def open_gateway(permit: LivePermit) -> InstagramGateway:
        return InstagramGateway(
            permit, account, Tokens(), publish, polls=(), clock=lambda: ledger.at
        )

    return open_gateway


def run(ledger: ClockedDatabase, peer: InstagramPeer) -> ExecutionReport:
    opened = runs.open_run(ledger, LIVE, CONFIG)
    report = ExecutionReport("studio")
    try:
        items = runs.extract_items(opened)
        runs.execute_channel(opened, Channel.INSTAGRAM, items, lambda: opening(ledger, peer))
    except AicmoError as error:
        report.add_error(str(error))
    return runs.close_run(opened, report)


def ask(ledger: ClockedDatabase, peer: InstagramPeer) -> Reconciled:
    return reconcile(ledger, "studio", CONFIG, lambda _: opening(ledger, peer), by="Ann")


def test_a_post_goes_out_with_its_address(ledger: ClockedDatabase, network: InstagramPeer) -> None:
    report = run(ledger, network)

    (delivery,) = deliveries(ledger)
    assert (delivery.state, delivery.provider_ref) == ("sent", network.posts[0].ref)
    assert delivery.permalink == f"https://www.instagram.com/p/{delivery.provider_ref[-4:]}/"
    assert network.posts[0].content["alt_text"] == "A café"
    assert report.errors == []


@pytest.mark.parametrize(
    "fault", [Fault(applies=True, then="close"), said(4, 2207051, applies=True)], ids=["lost", "4"]
)
def test_a_post_that_is_live_is_found_and_not_made_again(
    ledger: ClockedDatabase, network: InstagramPeer, fault: Fault
) -> None:
    network.faults[1] = fault
    run(ledger, network)
    assert [state for state, _ in told(ledger)] == ["unknown"]
    later(ledger, hours=2)
    run(ledger, network)
    assert ask(ledger, network).present == 1

    (delivery,) = deliveries(ledger)
    assert (delivery.state, delivery.provider_ref) == ("sent", network.posts[0].ref)
    assert delivery.permalink
    assert (len(network.posts), len(network.containers)) == (1, 1)


def test_a_post_that_never_was_goes_out_by_the_same_container(
    ledger: ClockedDatabase, network: InstagramPeer
) -> None:
    network.faults[1] = Fault(then="close")
    run(ledger, network)
    for _ in range(2):  # the second look
        later(ledger, minutes=10)
        ask(ledger, network)
    assert [state for state, _ in told(ledger)] == ["pending"]
    run(ledger, network)

    assert told(ledger) == [("sent", "")]
    assert (len(network.posts), len(network.containers), len(network.begun)) == (1, 1, 2)


def test_a_film_that_is_worked_on_waits_without_being_armed(
    ledger: ClockedDatabase, network: InstagramPeer
) -> None:
    network.states = [["IN_PROGRESS", "IN_PROGRESS", "FINISHED"]]
    run(ledger, network)
    (waiting,) = deliveries(ledger)
    assert (waiting.state, waiting.attempts) == ("pending", 0)
    with ledger.read() as session:
        (books,) = read_books(session, "studio", now=ledger.at).tallies
    assert (books.state, books.reason.partition(":")[0]) == ("waiting", "to be tried again")
    assert "can't be put up: Instagram still works on the media" in books.reason
    later(ledger, minutes=2)
    run(ledger, network)
    later(ledger, minutes=2)
    run(ledger, network)
    assert told(ledger) == [("sent", "")]
    assert len(network.containers) == 1


def test_a_full_day_lets_the_account_wait_an_hour(
    ledger: ClockedDatabase, network: InstagramPeer
) -> None:
    network.quota = (100, 100)
    run(ledger, network)
    with ledger.read() as session:
        account = session.query(Account).filter_by(channel=Channel.INSTAGRAM).one()
    assert account.not_before == ledger.at + timedelta(hours=1)
    assert "24 hours are used up" in account.wait_reason
    network.quota = (99, 100)
    later(ledger, minutes=30)
    run(ledger, network)
    assert not network.posts
    later(ledger, minutes=31)
    run(ledger, network)
    assert len(network.posts) == 1


def test_a_refusal_that_was_none_ends_as_sent(
    ledger: ClockedDatabase, network: InstagramPeer
) -> None:
    network.faults[1] = said(9007, 2207027, applies=True)
    run(ledger, network)
    later(ledger, minutes=2)
    run(ledger, network)
    assert [state for state, _ in told(ledger)] == ["unknown"]
    later(ledger, minutes=10)
    assert ask(ledger, network).present == 1
    assert (len(network.posts), len(network.begun)) == (1, 1)


def test_the_check_of_an_account_names_a_store_that_instagram_can_not_reach(
    ledger: ClockedDatabase, network: InstagramPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AICMO_SECRET_KEY", KEY.decode())
    login = Login(
        access_token=network.token, scopes=SCOPES, obtained_at=ledger.at, api_url=network.base_url
    )
    with ledger.write() as session:
        account_id = account_of(session, "studio", Channel.INSTAGRAM).id
        keep(session, KEY, account_id, login, ADDED_HERE, ledger.at)
    checked = check_account(ledger, "studio", Channel.INSTAGRAM, by="Ann", fetch=lambda *_: b"")
    monkeypatch.setenv("AICMO_PACKAGES_URL", "s3://bucket/deliverables")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    then = check_account(ledger, "studio", Channel.INSTAGRAM, by="Ann", fetch=lambda *_: b"")

    (problem,) = checked.problems
    assert "a folder it can't reach. Set AICMO_PACKAGES_URL to an s3:// address" in problem
    assert then.problems == ()
    assert then.live is not None
    assert (then.live.quota_used, then.live.quota_total) == (3, 100)
