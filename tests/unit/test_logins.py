"""Each network is logged in to as it documents, and what comes back is a whole log-in."""

from __future__ import annotations

import hashlib
import logging
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import ValidationError

from aicmo.channels import Channel
from aicmo.errors import FixAccount, FixConfiguration, FixInput, TryLater
from aicmo.gateways import login_mastodon, login_x
from aicmo.gateways.account_gateway import NoToken
from aicmo.gateways.contract import OutcomeKind
from aicmo.gateways.login import Login
from aicmo.gateways.login_identity import Directories, find_home
from aicmo.gateways.login_pages import pages_of
from aicmo.gateways.logins import NETWORKS, missing_scopes
from aicmo.gateways.oauth import Consent
from tests.peers.login_peer import CLIENT_ID, CLIENT_SECRET, LoginPeer, login_peer

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
REDIRECT = "http://127.0.0.1:8765/callback"
OAUTH = [channel for channel, network in NETWORKS.items() if network.oauth]
DID = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"


@pytest.fixture
def peer() -> Iterator[LoginPeer]:
    with login_peer() as peer:
        yield peer


def app(peer: LoginPeer) -> Login:
    return Login(
        client_id=CLIENT_ID, client_secret=CLIENT_SECRET, api_url=peer.url, server=peer.url
    )


def granted(peer: LoginPeer, channel: Channel) -> Login:
    oauth, consent = NETWORKS[channel].oauth, Consent(REDIRECT)
    assert oauth is not None
    page = httpx.get(oauth.consent_page(app(peer), consent))
    return oauth.log_in(app(peer), consent, consent.code_in(page.headers["location"]), NOW)


@pytest.mark.parametrize(
    ("channel", "days", "renews"),
    [
        (Channel.TWITTER, 2 / 24, True), (Channel.LINKEDIN, 60, True),
        (Channel.INSTAGRAM, 60, False), (Channel.MASTODON, None, False),
    ],
)  # fmt: skip
def test_a_consent_becomes_a_log_in(
    peer: LoginPeer, channel: Channel, days: float | None, *, renews: bool
) -> None:
    login = granted(peer, channel)
    assert login.access_token in peer.access_tokens
    assert bool(login.refresh_token) == renews
    ends = NOW + timedelta(days=days) if days else None
    assert (login.expires_at, login.obtained_at) == (ends, NOW)
    assert missing_scopes(channel, "1", login.scopes) == []


def test_instagrams_short_token_is_changed_for_a_long_one(
    peer: LoginPeer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    login = granted(peer, Channel.INSTAGRAM)
    assert [path for path, _ in peer.asked] == ["/oauth/access_token", "/access_token"]
    later = NETWORKS[Channel.INSTAGRAM].refresh(login, NOW + timedelta(days=2))
    assert later.ends() == NOW + timedelta(days=62)
    for secret in [*peer.issued, CLIENT_SECRET]:
        assert secret not in caplog.text


def test_a_token_of_another_network_isnt_asked_for_by_mistake(peer: LoginPeer) -> None:
    """The verifier of one log-in is no use to another: that is what PKCE is for."""
    consent, other = Consent(REDIRECT), Consent(REDIRECT)
    page = httpx.get(login_x.consent_page(app(peer), consent))
    code = consent.code_in(page.headers["location"])
    with pytest.raises(NoToken) as refused:
        login_x.log_in(app(peer), other, code, NOW)
    assert refused.value.outcome.code == "400 invalid_grant"


def test_mastodon_registers_its_own_app(peer: LoginPeer) -> None:
    consent = Consent(REDIRECT)
    registered = login_mastodon.register(Login(server=peer.url), consent, NOW)
    assert (registered.client_id, registered.client_secret) == (CLIENT_ID, CLIENT_SECRET)


def test_the_challenge_is_the_verifiers_hash() -> None:
    consent = Consent(REDIRECT)
    digest = hashlib.sha256(consent.verifier.encode()).digest()
    assert consent.challenge == urlsafe_b64encode(digest).decode().rstrip("=")
    assert len(consent.verifier) >= 43  # RFC 7636 §4.1
    assert consent.state not in repr(consent)
    assert consent.verifier not in repr(consent)
    asked = parse_qs(urlsplit(login_x.consent_page(Login(client_id="c"), consent)).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert consent.verifier not in str(asked)


@pytest.mark.parametrize(
    ("redirected", "kind"),
    [
        ("{redirect}?code=c&state=another", FixInput),
        ("{redirect}?code=c", FixInput),
        ("not an address", FixInput),
        ("{redirect}?error=access_denied&state={state}", FixAccount),
        ("{redirect}?error=<b>x</b>&state={state}", FixAccount),
        ("{redirect}?state={state}", FixAccount),
    ],
)
def test_only_its_own_answer_counts(redirected: str, kind: type[Exception]) -> None:
    consent = Consent(REDIRECT)
    with pytest.raises(kind) as refused:
        consent.code_in(redirected.format(redirect=REDIRECT, state=consent.state))
    assert consent.state not in str(refused.value)
    assert "<b>" not in str(refused.value)


@pytest.mark.parametrize("channel", OAUTH)
@pytest.mark.parametrize("fault", ["lost", "garbage", "unavailable"])
def test_a_log_in_whose_answer_is_lost_is_begun_again(
    peer: LoginPeer, channel: Channel, fault: Any
) -> None:
    peer.faults = [fault]
    with pytest.raises(NoToken) as none:
        granted(peer, channel)
    assert none.value.outcome.kind is OutcomeKind.NOT_SENT
    assert granted(peer, channel).access_token in peer.access_tokens


@pytest.mark.parametrize(
    "url", ["https://evil.example", "http://evil.example", "http://127.0.0.1.evil.example", "x"]
)
def test_a_log_in_goes_to_no_other_host(url: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Login(api_url=url, access_token="canary-token")
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("server", ["http://evil.example", "https://a.example/path", "ftp://x"])
def test_a_server_is_an_https_address_of_a_host(server: str) -> None:
    with pytest.raises(FixConfiguration):
        login_mastodon.register(Login(server=server), Consent(REDIRECT), NOW)


@pytest.mark.parametrize("server", ["https://localhost.localdomain", "https://10.0.0.1"])
def test_a_server_in_a_private_network_is_never_asked(server: str) -> None:
    with pytest.raises(NoToken) as none:
        login_mastodon.register(Login(server=server), Consent(REDIRECT), NOW)
    assert "NoPublicAddress" in none.value.outcome.detail


def test_a_login_shows_no_secret() -> None:
    login = Login(access_token="canary-1", refresh_token="canary-2", client_secret="canary-3")
    assert "canary" not in f"{login!r} {login}"
    assert Login.from_bytes(login.to_bytes()) == login


# Bluesky: from a handle to the account's own server.


def document(peer: LoginPeer, **changes: Any) -> dict[str, Any]:
    service = {
        "id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": peer.url,
    }  # fmt: skip
    return {"id": DID, "alsoKnownAs": ["at://acme.test"], "service": [service]} | changes


def directory(peer: LoginPeer, **changes: Any) -> Directories:
    peer.homes["acme.test"] = DID
    path = f"/{DID}"
    peer.reads[path], peer.public = document(peer, **changes), (path,)
    return Directories(peer.url, peer.url)


@pytest.mark.parametrize("handle", ["acme.test", "@Acme.test", " acme.test "])
def test_a_handle_leads_to_the_accounts_own_server(peer: LoginPeer, handle: str) -> None:
    home = find_home(handle, directory(peer))
    assert (home.did, home.server) == (DID, peer.url)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"alsoKnownAs": ["at://other.test"]}, "doesn't name it in return"),
        ({"service": []}, "names no server"),
        (
            {"service": [{"id": "#atproto_pds", "type": "AtprotoPersonalDataServer",
                          "serviceEndpoint": "http://evil.example"}]},
            "names no https:// server",
        ),
    ],
)  # fmt: skip
def test_an_identity_that_doesnt_vouch_is_refused(
    peer: LoginPeer, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(FixInput, match=told) as refused:
        find_home("acme.test", directory(peer, **changes))
    assert "--server" in refused.value.next_step


@pytest.mark.parametrize("handle", ["nobody.test", "no handle", "a/../b.test", "x" * 300, ""])
def test_an_unknown_handle_is_told(peer: LoginPeer, handle: str) -> None:
    with pytest.raises(FixInput, match="There is no Bluesky account"):
        find_home(handle, directory(peer))


def test_a_directory_that_doesnt_answer_is_no_verdict() -> None:
    with pytest.raises(TryLater):
        find_home("acme.test", Directories("http://127.0.0.1:9", "http://127.0.0.1:9"))


# LinkedIn: the pages that a member may post as.


def test_pages_are_those_that_may_be_posted_as(peer: LoginPeer) -> None:
    entries = [("2", "ADMINISTRATOR"), ("1", "CONTENT_ADMINISTRATOR"), ("3", "ANALYST")]
    peer.reads["/rest/organizationAcls"] = {
        "elements": [
            {"organization": f"urn:li:organization:{number}", "role": role}
            for number, role in entries
        ]
    }
    login = app(peer).with_(access_token=peer.token("access"))
    assert pages_of(login) == ["urn:li:organization:1", "urn:li:organization:2"]
    with pytest.raises(FixInput, match="doesn't list your pages"):
        pages_of(login.with_(access_token="unknown"))
