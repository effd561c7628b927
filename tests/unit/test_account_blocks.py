"""A block's log-in is used once its network has said that it is the pinned account's, and not before."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from aicmo.channels import Channel
from aicmo.database import Database
from aicmo.errors import FixAccount, TryLater
from aicmo.execution.account_pinning import Pin, pin_account
from aicmo.execution.account_tokens import ADDED_HERE, kept
from aicmo.execution.accounts import open_gateway_of
from aicmo.execution.gate import issue_account_permit
from aicmo.gateways.account_gateway import AccountGateway, Profile
from aicmo.gateways.login import Login
from aicmo.models import AccountSecret
from tests.conftest import KEY
from tests.peers.login_peer import CLIENT_ID, CLIENT_SECRET, LoginPeer, login_peer
from tests.projects import imported, post

ME, ELSE = "2244994945", "99"


def me(identity: str) -> dict[str, Any]:
    return {"/2/users/me": {"data": {"id": identity, "name": "Acme", "username": "acme"}}}


@pytest.fixture
def peer() -> Iterator[LoginPeer]:
    with login_peer(reads=me(ME)) as peer:
        yield peer


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICMO_SECRET_KEY", KEY.decode())


def login(database: Database, peer: LoginPeer, minutes: int = 60) -> Login:
    return Login(
        access_token=peer.token("access"), refresh_token=peer.token("refresh"),
        client_id=CLIENT_ID, client_secret=CLIENT_SECRET, api_url=peer.url,
        expires_at=database.time() + timedelta(minutes=minutes),
    )  # fmt: skip


def pinned(database: Database, held: Login | None) -> None:
    imported(database, post(channel="twitter"))
    pin = Pin("studio", Channel.TWITTER, Profile(ME, "Acme", "@acme"), held)
    pin_account(database, pin, KEY, by="Ann")


def token(database: Database, block: Login | None = None) -> str:
    opened = open_gateway_of(database, "studio", "twitter", block)
    with opened(issue_account_permit("twitter")) as gateway:
        assert isinstance(gateway, AccountGateway)
        return gateway._tokens.access_token()


def rows(database: Database) -> list[tuple[bool, str]]:
    with database.read() as session:
        found = session.query(AccountSecret).order_by(AccountSecret.is_proven.desc())
        return [(row.is_proven, kept(row, KEY).access_token) for row in found]


def test_a_block_is_taken_once_and_again_when_it_has_changed(
    database: Database, peer: LoginPeer
) -> None:
    pinned(database, None)
    block = login(database, peer, minutes=1)
    fresh = token(database, block)
    assert fresh != block.access_token

    assert token(database, block) == fresh  # what was refreshed of it is kept
    assert token(database) == fresh
    assert peer.count("/2/oauth2/token") == 1

    other = login(database, peer)
    assert token(database, other) == other.access_token
    assert rows(database) == [(True, other.access_token)]


def test_the_block_of_another_client_changes_nothing(database: Database, peer: LoginPeer) -> None:
    held = login(database, peer)
    pinned(database, held)
    peer.reads.update(me(ELSE))

    with pytest.raises(FixAccount, match="but the project's account is") as refused:
        token(database, login(database, peer))

    assert "Name the block of this account" in refused.value.next_step
    assert rows(database) == [(True, held.access_token)]
    assert token(database) == held.access_token
    with database.read() as session:
        assert session.query(AccountSecret.source).scalar() == ADDED_HERE


def test_a_block_that_is_refused_changes_nothing(database: Database, peer: LoginPeer) -> None:
    held = login(database, peer)
    pinned(database, held)
    with pytest.raises(FixAccount, match="X refuses the log-in: 400 invalid_grant"):
        token(database, login(database, peer, minutes=-1).with_(refresh_token="unknown"))
    assert rows(database) == [(True, held.access_token)]


def test_until_the_network_says_whose_it_is_a_block_stands_beside_the_log_in_in_use(
    database: Database, peer: LoginPeer
) -> None:
    """Its refresh token works once: what it gave is kept, and not asked for a second time."""
    held, block = login(database, peer), login(database, peer, minutes=1)
    pinned(database, held)
    peer.reads["/2/users/me"] = {"data": []}
    with pytest.raises(TryLater, match="X doesn't say who is logged in"):
        token(database, block)
    assert [is_proven for is_proven, _ in rows(database)] == [True, False]
    assert token(database) == held.access_token

    peer.reads.update(me(ME))
    fresh = token(database, block)

    assert rows(database) == [(True, fresh)]
    assert peer.count("/2/oauth2/token") == 1


def test_workers_that_take_a_block_at_once_renew_it_once(database: Database) -> None:
    with login_peer(delay=0.3, reads=me(ME)) as peer, ThreadPoolExecutor(3) as workers:
        pinned(database, login(database, peer))
        block = login(database, peer, minutes=1)
        given = set(workers.map(lambda _: token(database, block), range(3)))

        assert peer.count("/2/oauth2/token") == 1
        assert rows(database) == [(True, each) for each in given]
