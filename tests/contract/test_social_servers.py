"""What the gateways for Bluesky and Mastodon count on, asked of the real servers that they are tested on."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, replace
from typing import Any, Literal

import httpx
import pytest

from tests.peers.bluesky_server import BlueskyServer
from tests.peers.lossy_proxy import Loss, lossy_proxy
from tests.peers.snac_server import SnacServer

pytestmark = pytest.mark.peer

PASSWORD = "correct horse battery"
RKEY = "3ke6kg3wk222b"
PUT = "/xrpc/com.atproto.repo.putRecord"
STATUSES = "/api/v1/statuses"


@dataclass(frozen=True)
class Account:
    """Somebody's account on Bluesky's server, with a session."""

    server: BlueskyServer
    did: str
    token: str

    def post(self, method: str, text: str, *, url: str = "", **record: Any) -> httpx.Response:
        """Asks for a post under RKEY by `repo.<method>`."""
        content = {
            "repo": self.did,
            "collection": "app.bsky.feed.post",
            "rkey": RKEY,
            "validate": True,
            "record": {
                "$type": "app.bsky.feed.post",
                "text": text,
                "createdAt": "2026-11-22T09:00:00.000Z",
                **record,
            },
        }
        place = f"{url or self.server.url}/xrpc/com.atproto.repo.{method}"
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.post(place, json=content, headers=headers, timeout=10)

    def texts(self) -> list[str]:
        return [each["value"]["text"] for each in self.server.posts(self.did)]


@dataclass(frozen=True)
class User:
    """Somebody's account on snac."""

    server: SnacServer
    token: str

    def post(
        self, text: str, *, url: str = "", key: str = "", timeout: float = 10
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key}
        place = (url or self.server.url) + STATUSES
        return httpx.post(place, data={"status": text}, headers=headers, timeout=timeout)

    def texts(self) -> list[str]:
        return [each["content"] for each in self.server.statuses(self.token)]


@pytest.fixture
def account(bluesky_server: BlueskyServer) -> Account:
    handle = f"client{secrets.token_hex(4)}.test"
    did = bluesky_server.create_account(handle, PASSWORD)
    app_password = bluesky_server.app_password(handle, PASSWORD)
    return Account(bluesky_server, did, bluesky_server.session(handle, app_password)["accessJwt"])


@pytest.fixture
def user(snac_server: SnacServer) -> User:
    name = f"client{secrets.token_hex(4)}"
    return User(snac_server, snac_server.token(name, snac_server.create_user(name)))


def test_a_record_that_is_put_twice_is_one_post(account: Account) -> None:
    first, second = account.post("putRecord", "Hello"), account.post("putRecord", "Hello")
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["cid"] == second.json()["cid"]
    assert "commit" in first.json()
    assert "commit" not in second.json()
    assert account.texts() == ["Hello"]


def test_a_record_that_is_created_twice_is_an_error_of_the_server(account: Account) -> None:
    answers = [account.post("createRecord", "Hello") for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 500]
    assert account.texts() == ["Hello"]


def test_a_post_is_recalled_once_and_a_second_recall_is_no_error(account: Account) -> None:
    account.post("putRecord", "Hello")
    named = {"repo": account.did, "collection": "app.bsky.feed.post", "rkey": RKEY}
    for _ in range(2):
        account.server.call("repo.deleteRecord", named, account.token)
    assert account.texts() == []


def test_300_graphemes_are_a_post_and_301_are_not(account: Account) -> None:
    refused = account.post("putRecord", "é" * 301)
    assert refused.status_code == 400
    assert "grapheme too big (maximum 300, got 301)" in refused.json()["message"]
    assert account.post("putRecord", "👩‍👩‍👧" * 100 + "é" * 200).status_code == 200


def test_a_token_that_is_no_token_is_a_bad_request_not_401(account: Account) -> None:
    answer = replace(account, token="nonsense").post("putRecord", "Hello")
    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidToken")


def test_too_many_requests_are_refused_with_the_time_to_come_back(account: Account) -> None:
    # This one may be asked for five times in an hour, so it shows a limit soonest.
    place = f"{account.server.url}/xrpc/com.atproto.server.requestEmailConfirmation"
    headers = {"Authorization": f"Bearer {account.token}"}
    answers = [httpx.post(place, headers=headers) for _ in range(6)]
    assert [each.status_code for each in answers] == [200] * 5 + [429]
    limited = answers[-1]
    assert (limited.json()["error"], limited.headers["RateLimit-Remaining"]) == (
        "RateLimitExceeded",
        "0",
    )
    assert int(limited.headers["RateLimit-Reset"]) > time.time()
    assert 0 < int(limited.headers["Retry-After"]) <= 3600


def test_snac_makes_two_posts_of_one_idempotency_key(user: User) -> None:
    answers = [user.post("Hello", key="delivery-1") for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 200]
    assert user.texts() == ["Hello<br>"] * 2


def test_snac_deletes_no_status(user: User) -> None:
    status = user.post("Hello").json()["id"]
    headers = {"Authorization": f"Bearer {user.token}"}
    answer = httpx.delete(f"{user.server.url}{STATUSES}/{status}", headers=headers)
    assert answer.status_code == 404
    assert len(user.texts()) == 1


def test_snac_refuses_a_token_it_did_not_give(user: User) -> None:
    assert replace(user, token="0" * 32).post("Hello").status_code == 401


@pytest.mark.parametrize("kind", ["lost", "cut"])
def test_a_post_whose_answer_is_lost_is_there_and_putting_it_again_changes_nothing(
    account: Account, kind: Literal["lost", "cut"]
) -> None:
    with lossy_proxy(account.server.url, Loss(kind, "POST", PUT)) as proxy:
        with pytest.raises(httpx.RemoteProtocolError):
            account.post("putRecord", "Hello", url=proxy.url)
        assert account.texts() == ["Hello"]
        assert account.post("putRecord", "Hello", url=proxy.url).status_code == 200
    assert account.texts() == ["Hello"]


def test_a_request_that_is_killed_on_its_way_never_reaches_the_server(user: User) -> None:
    with lossy_proxy(user.server.url, Loss("killed", "POST", STATUSES)) as proxy:
        with pytest.raises(httpx.RemoteProtocolError):
            user.post("Hello", url=proxy.url)
        assert user.texts() == []
        assert user.post("Hello", url=proxy.url).status_code == 200


def test_a_status_whose_answer_comes_too_late_is_there(user: User) -> None:
    with lossy_proxy(user.server.url, Loss("late", "POST", STATUSES, seconds=3600)) as proxy:
        with pytest.raises(httpx.ReadTimeout):
            user.post("Hello", url=proxy.url, timeout=1)
        assert proxy.acted.wait(60)
    assert len(user.texts()) == 1


def test_the_request_that_loses_is_the_one_that_was_named(user: User) -> None:
    with lossy_proxy(user.server.url, Loss("killed", "POST", STATUSES, number=2)) as proxy:
        assert httpx.get(f"{proxy.url}/api/v1/instance").status_code == 200
        assert user.post("One", url=proxy.url).status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            user.post("Two", url=proxy.url)
        assert user.post("Three", url=proxy.url).status_code == 200
        assert proxy.seen == ["GET /api/v1/instance", *[f"POST {STATUSES}"] * 3]
    assert sorted(user.texts()) == ["One<br>", "Three<br>"]
