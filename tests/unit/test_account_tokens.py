"""Tokens are fresh when they are used, refreshed once for all workers, and never lost silently."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from aicmo.channels import Channel
from aicmo.database import Database
from aicmo.execution.account_tokens import ADDED_HERE, AccountTokens, keep, kept
from aicmo.gateways.account_gateway import NoToken
from aicmo.gateways.contract import OutcomeKind, Scope
from aicmo.gateways.login import Login
from aicmo.models import Account, AccountSecret
from tests.conftest import KEY
from tests.peers.login_peer import CLIENT_ID, CLIENT_SECRET, PASSWORD, LoginPeer, login_peer
from tests.projects import crm, imported, post

HUBSPOT, SALESFORCE = "hubspot", "salesforce"
CHANNELS = (
    Channel.TWITTER, Channel.LINKEDIN, Channel.INSTAGRAM, Channel.BLUESKY, HUBSPOT, SALESFORCE,
)  # fmt: skip
"""Networks, and providers of CRMs."""


@pytest.fixture
def peer() -> Iterator[LoginPeer]:
    with login_peer() as peer:
        yield peer


def account(database: Database, network: str) -> int:
    is_crm = network in (HUBSPOT, SALESFORCE)
    imported(database, crm() if is_crm else post(channel=network))
    with database.read() as session:
        return session.query(Account.id).filter_by(channel="crm" if is_crm else network).scalar()


def login(database: Database, peer: LoginPeer, channel: str, **changes: Any) -> Login:
    """A log-in that the peer knows; its token ends in a minute, so that it is due everywhere."""
    now = database.time()
    return Login.model_validate(
        {
            "access_token": peer.token("access"), "refresh_token": peer.token("refresh"),
            "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
            "obtained_at": now - timedelta(days=2), "expires_at": now + timedelta(minutes=1),
            "api_url": peer.url,
            "server": peer.instance_url if channel == SALESFORCE else peer.url,
            "app_password": PASSWORD if channel == Channel.BLUESKY else "",
            "identifier": "acme.test",
        } | changes
    )  # fmt: skip


def tokens(database: Database, peer: LoginPeer, channel: str, **changes: Any) -> AccountTokens:
    account_id = account(database, channel)
    with database.write() as session:
        held = login(database, peer, channel, **changes)
        keep(session, KEY, account_id, held, ADDED_HERE, database.time())
    return AccountTokens(database, account_id, channel, KEY)


def secret(database: Database) -> AccountSecret:
    with database.read() as session:
        return session.query(AccountSecret).one()


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_token_near_its_end_is_refreshed_once_and_kept(
    database: Database, peer: LoginPeer, channel: Channel
) -> None:
    source = tokens(database, peer, channel)
    before = len(peer.asked)

    first, second = source.access_token(), source.access_token()

    assert first == second == [each for each in peer.issued if "access" in each][-1]
    assert len(peer.asked) - before == 1
    assert kept(secret(database), KEY).access_token == first
    assert b"canary" not in secret(database).sealed


@pytest.mark.parametrize("channel", [*CHANNELS, Channel.MASTODON])
def test_a_token_with_time_left_is_used_as_it_is(
    database: Database, peer: LoginPeer, channel: Channel
) -> None:
    now = database.time()
    source = tokens(
        database, peer, channel, access_token="as-it-is", obtained_at=now,
        expires_at=None if channel is Channel.MASTODON else now + timedelta(days=30),
    )  # fmt: skip
    assert source.access_token() == "as-it-is"
    assert peer.asked == []


@pytest.mark.parametrize(
    ("channel", "refresh_token", "refreshes"),
    [
        (Channel.TWITTER, None, 1),
        (Channel.BLUESKY, None, 1),
        (Channel.INSTAGRAM, "", 0),
        (HUBSPOT, None, 1),
        (HUBSPOT, "", 0),
        (SALESFORCE, "", 1),
    ],
)
def test_after_a_refusal_the_token_is_refreshed_once(
    database: Database, peer: LoginPeer, channel: Channel, refresh_token: str | None, refreshes: int
) -> None:
    now = database.time()
    token = peer.token("refresh") if refresh_token is None else refresh_token
    source = tokens(
        database, peer, channel, access_token="taken-back", refresh_token=token, obtained_at=now,
        expires_at=now + timedelta(days=30),
    )  # fmt: skip
    with database.write() as session:
        session.query(Account).update({"paused_at": database.time(), "pause_reason": "401"})

    given = [source.access_token() for _ in range(2)]

    assert len(peer.asked) == refreshes
    assert given[0] == given[1]
    assert (given[0] != "taken-back") is bool(refreshes)
    assert secret(database).needs_login == ""


@pytest.mark.parametrize("fault", ["lost", "cut", "garbage", "dropped"])
def test_a_lost_answer_about_a_single_use_token_asks_for_a_person(
    database: Database, peer: LoginPeer, fault: Any
) -> None:
    """Also of a connection that was closed in between: nobody can tell what was read of it."""
    peer.faults = [fault]
    source = tokens(database, peer, Channel.TWITTER)

    for _ in range(2):
        with pytest.raises(NoToken) as refused:
            source.access_token()
        assert refused.value.outcome.kind is OutcomeKind.REFUSED_ACCOUNT
        assert "works once" in refused.value.outcome.detail

    assert "works once" in secret(database).needs_login
    assert peer.count("/2/oauth2/token") == 1


@pytest.mark.parametrize("fault", ["lost", "cut", "garbage", "dropped"])
@pytest.mark.parametrize(
    "channel", [Channel.LINKEDIN, Channel.INSTAGRAM, Channel.BLUESKY, HUBSPOT, SALESFORCE]
)
def test_a_lost_answer_about_another_token_is_asked_for_again(
    database: Database, peer: LoginPeer, channel: Channel, fault: Any
) -> None:
    peer.faults = [fault]
    source = tokens(database, peer, channel, access_token="still good")

    peer.access_tokens.add("still good")

    assert source.access_token() == "still good"  # its minute isn't over
    assert source.access_token() in peer.access_tokens - {"still good"}
    assert secret(database).needs_login == ""


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("fault", ["unavailable", "too many"])
def test_a_network_that_is_busy_isnt_a_refusal(
    database: Database, peer: LoginPeer, channel: Channel, fault: Any
) -> None:
    now = database.time()
    peer.faults = [fault]
    source = tokens(database, peer, channel, expires_at=now - timedelta(minutes=1))

    with pytest.raises(NoToken) as none:
        source.access_token()
    assert none.value.outcome.kind is not OutcomeKind.REFUSED_ACCOUNT
    assert (none.value.outcome.not_before is not None) == (fault == "too many")
    assert source.access_token() in peer.access_tokens


def test_a_refused_refresh_asks_for_a_person_without_the_networks_words(
    database: Database, peer: LoginPeer
) -> None:
    source = tokens(database, peer, Channel.TWITTER, refresh_token="unknown-there")
    with pytest.raises(NoToken) as refused:
        source.access_token()
    assert refused.value.outcome.code == "400 invalid_grant"
    assert "canary" not in f"{refused.value.outcome}{secret(database).needs_login}"


def test_an_org_at_another_address_gets_no_token_and_asks_for_a_person(
    database: Database, peer: LoginPeer
) -> None:
    source = tokens(database, peer, SALESFORCE, server="https://former.my.salesforce.com")
    with pytest.raises(NoToken) as refused:
        source.access_token()
    assert refused.value.outcome.kind is OutcomeKind.REFUSED_ACCOUNT
    assert "at another address now" in secret(database).needs_login


@pytest.mark.parametrize(("minutes", "asked"), [(9, 0), (11, 1)])
def test_a_token_without_a_told_end_is_renewed_by_the_clock(
    database: Database, peer: LoginPeer, minutes: int, asked: int
) -> None:
    got = database.time() - timedelta(minutes=minutes)
    source = tokens(database, peer, SALESFORCE, obtained_at=got, expires_at=None)
    source.access_token()
    assert peer.count("/services/oauth2/token") == asked


def test_a_private_apps_token_has_no_end(database: Database, peer: LoginPeer) -> None:
    held = {"access_token": "pat-eu1-x", "refresh_token": "", "expires_at": None}
    assert tokens(database, peer, HUBSPOT, **held).access_token() == "pat-eu1-x"
    assert peer.asked == []


def test_an_unknown_session_is_begun_anew_with_the_app_password(
    database: Database, peer: LoginPeer
) -> None:
    source = tokens(database, peer, Channel.BLUESKY, refresh_token="forgotten-there")
    assert source.access_token() in peer.access_tokens
    assert [path for path, _ in peer.asked] == ["refreshSession", "createSession"]


def test_a_withdrawn_app_password_asks_for_a_person(database: Database, peer: LoginPeer) -> None:
    source = tokens(database, peer, Channel.BLUESKY, refresh_token="", app_password="withdrawn")
    with pytest.raises(NoToken) as refused:
        source.access_token()
    assert refused.value.outcome.kind is OutcomeKind.REFUSED_ACCOUNT
    assert secret(database).needs_login == "401 AuthenticationRequired"


def test_linkedin_without_a_refresh_token_ends(database: Database, peer: LoginPeer) -> None:
    now = database.time()
    source = tokens(database, peer, Channel.LINKEDIN, refresh_token="", expires_at=now)
    with pytest.raises(NoToken) as refused:
        source.access_token()
    assert "gave no refresh token" in refused.value.outcome.detail
    assert peer.asked == []


def test_nobody_there_leaves_everything_as_it_was(database: Database, peer: LoginPeer) -> None:
    gone = "http://127.0.0.1:9"  # RFC 863's port: nobody listens
    past = database.time() - timedelta(minutes=1)
    source = tokens(database, peer, Channel.TWITTER, api_url=gone, expires_at=past)
    with pytest.raises(NoToken) as none:
        source.access_token()
    assert none.value.outcome.kind is OutcomeKind.NOT_SENT
    assert secret(database).needs_login == ""


def test_another_key_is_told_and_nothing_is_asked(database: Database, peer: LoginPeer) -> None:
    source = tokens(database, peer, Channel.TWITTER)
    other = AccountTokens(database, source._account_id, Channel.TWITTER, KEY + b"!")
    with pytest.raises(NoToken) as none:
        other.access_token()
    assert none.value.outcome.kind is OutcomeKind.NOT_SENT
    assert "AICMO_SECRET_KEY" in none.value.outcome.detail
    assert peer.asked == []


def test_a_run_does_not_go_on_with_a_log_in_that_was_put_in_place_of_its_own(
    database: Database, peer: LoginPeer
) -> None:
    held = {"access_token": "ours", "expires_at": database.time() + timedelta(days=1)}
    source = tokens(database, peer, Channel.TWITTER, **held)
    assert source.access_token() == "ours"
    with database.write() as session:
        other = login(database, peer, Channel.TWITTER, **held).with_(access_token="theirs")
        keep(session, KEY, source._account_id, other, "of a block", database.time())

    with pytest.raises(NoToken) as refused:
        source.access_token()

    outcome = refused.value.outcome
    assert (outcome.kind, outcome.scope) == (OutcomeKind.NOT_SENT, Scope.RUN)
    assert "in anew while this run went on" in outcome.detail


def _one_worker(url: str, account_id: int, network: str, start: Any, answers: Any) -> None:
    database = Database(url)
    source = AccountTokens(database, account_id, network, KEY)
    start.wait(20)
    try:
        answers.put(source.access_token())
    except NoToken as none:
        answers.put(f"none: {none.outcome}")
    database.dispose()


@pytest.mark.parametrize(
    ("network", "path"),
    [
        (Channel.TWITTER, "/2/oauth2/token"), (HUBSPOT, "/oauth/2026-03/token"),
        (SALESFORCE, "/services/oauth2/token"),
    ],
)  # fmt: skip
def test_workers_at_once_refresh_once(database_url: str, network: str, path: str) -> None:
    database = Database(database_url)
    with login_peer(delay=0.3) as peer:
        source = tokens(database, peer, network)
        context = multiprocessing.get_context("spawn")
        start, answers = context.Barrier(3), context.Queue()
        workers = [
            context.Process(
                target=_one_worker,
                args=(database_url, source._account_id, str(network), start, answers),
            )
            for _ in range(2)
        ]
        for each in workers:
            each.start()
        start.wait(60)
        given = [answers.get(timeout=30) for _ in workers]
        for each in workers:
            each.join(10)
        assert peer.count(path) == 1
        assert set(given) == {kept(secret(database), KEY).access_token}
    database.dispose()
