"""Shows against Bluesky's own server that a post is sent once, whatever becomes of its answer."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Generator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aicmo.channels import Channel
from aicmo.gateways.account_gateway import ProviderAccount
from aicmo.gateways.bluesky import BlueskyGateway, open_bluesky_gateway
from aicmo.gateways.contract import Found, Outgoing, Question
from tests.contract.gateway_contract import SENT, UNKNOWN, always, permit
from tests.contract.mail_api_contract import ACCOUNT, FOR_GOOD
from tests.contract.real_posts import (
    PASSWORD,
    RealProject,
    command_line,
    pinned,
    post_with,
    real_project,
    red_square,
)
from tests.contract.social_samples import Tokens
from tests.peers.bluesky_server import BlueskyServer
from tests.peers.lossy_proxy import Loss, lossy_proxy

pytestmark = pytest.mark.peer

PUT = "/xrpc/com.atproto.repo.putRecord"


@dataclass(frozen=True)
class Client:
    """Somebody's account on the server, logged in with an app password."""

    server: BlueskyServer
    account: ProviderAccount
    tokens: Tokens

    def gateway(self, url: str = "") -> BlueskyGateway:
        account = replace(self.account, api_url=url)
        return BlueskyGateway(permit("bluesky"), account, self.tokens)

    def posts(self) -> list[dict[str, Any]]:
        """Of the account, the oldest first."""
        return [each["value"] for each in reversed(self.server.posts(self.account.identity))]


@pytest.fixture
def client(bluesky_server: BlueskyServer) -> Client:
    handle = f"client{secrets.token_hex(4)}.test"
    did = bluesky_server.create_account(handle, PASSWORD)
    password = bluesky_server.app_password(handle, PASSWORD)
    tokens = Tokens(bluesky_server.session(handle, password)["accessJwt"])
    account = ProviderAccount(did, handle=f"@{handle}", server=bluesky_server.url)
    return Client(bluesky_server, account, tokens)


@pytest.fixture
def project(
    client: Client, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Generator[RealProject]:
    with real_project("bluesky", client.account, sqlite_url, tmp_path, monkeypatch) as found:
        yield found


def outgoing(text: str = "Grüße 👋", *files: Any, **changes: Any) -> Outgoing:
    payload = post_with(Channel.BLUESKY, text, *files).to_bytes()
    sent = Outgoing(1, "token", "", "", payload, time.monotonic() + 30, attachments=files)
    return replace(sent, **changes)


def armed(gateway: BlueskyGateway, draft: Outgoing) -> Outgoing:
    staged = gateway.stage(draft)
    assert staged.objection is None
    return replace(draft, staged=staged.values)


def question(sent: Outgoing) -> Question:
    return Question(1, sent.token, "", datetime.now(UTC), sent.payload, sent.staged)


def test_the_server_says_who_is_logged_in(client: Client) -> None:
    with client.gateway() as gateway:
        profile = gateway.profile()
        assert gateway.identify() is None
    assert (profile.identity, profile.handle) == (client.account.identity, client.account.handle)
    assert not profile.problems


def test_another_account_or_another_home_is_refused(client: Client) -> None:
    somebody = replace(client.account, identity="did:plc:somebody")
    moved = replace(client.account, server="https://bsky.social", api_url=client.server.url)
    for account in (somebody, moved):
        with BlueskyGateway(permit("bluesky"), account, client.tokens) as gateway:
            objection = gateway.identify()
        assert objection
        assert objection.kind is ACCOUNT


def test_a_token_that_is_no_token_stops_the_account(client: Client) -> None:
    with BlueskyGateway(permit("bluesky"), client.account, Tokens("no token")) as gateway:
        objection = gateway.identify()
        assert objection
        staged = gateway.stage(outgoing("Hello", red_square())).objection
        assert staged
        sent = gateway.send(armed(gateway, outgoing()), always)

    assert {objection.kind, staged.kind, sent.kind} == {ACCOUNT}
    assert sent.code == "400 InvalidToken"


@pytest.mark.parametrize("kind", ["lost", "cut"])
def test_a_lost_answer_is_repeated_to_one_post(client: Client, kind: Any) -> None:
    loss = Loss(kind, "POST", PUT)
    with lossy_proxy(client.server.url, loss) as proxy, client.gateway(proxy.url) as gateway:
        ready = armed(gateway, outgoing("Grüße 👋", red_square()))
        first = gateway.send(ready, always)
        again = gateway.send(armed(gateway, ready), always)

    assert first.kind is (SENT if kind != "lost" else UNKNOWN)
    assert again.kind is SENT
    assert again.ref
    assert again.ref.startswith(f"at://{client.account.identity}/app.bsky.feed.post/")
    assert [each["text"] for each in client.posts()] == ["Grüße 👋"]


def test_a_request_that_never_arrived_is_absent_and_one_that_did_is_present(client: Client) -> None:
    lost, killed = Loss("lost", "POST", PUT), Loss("killed", "POST", PUT, number=2)
    with (
        lossy_proxy(client.server.url, lost, killed) as proxy,
        client.gateway(proxy.url) as gateway,
    ):
        there = armed(gateway, outgoing("It is there", red_square()))
        assert gateway.send(there, always).kind is UNKNOWN
        away = armed(gateway, outgoing("It isn't"))
        assert gateway.send(away, always).kind is UNKNOWN
        present, absent = gateway.reconcile(question(there)), gateway.reconcile(question(away))
        other = replace(away, staged=there.staged)
        stranger = gateway.reconcile(question(other))
        refused = gateway.send(other, always)

    assert (present.found, absent.found) == (Found.PRESENT, Found.ABSENT)
    assert present.ref.endswith(there.staged["rkey"])
    assert present.permalink.startswith(f"https://bsky.app/profile/{client.account.identity}/post/")
    assert stranger.found is Found.CANNOT_TELL
    assert refused.code == "400 InvalidSwap"
    assert [each["text"] for each in client.posts()] == ["It is there"]


def test_a_picture_stands_in_the_post_with_its_text(client: Client) -> None:
    with client.gateway() as gateway:
        gateway.send(armed(gateway, outgoing("Look", red_square())), always)

    image = client.posts()[0]["embed"]["images"][0]
    assert image["alt"] == "Ein rotes Quadrat, “café”"
    assert image["image"]["mimeType"] == "image/png"
    assert image["image"]["size"] == len(red_square().content)


def test_a_text_that_is_too_long_is_refused_for_good(client: Client) -> None:
    with client.gateway() as gateway:
        outcome = gateway.send(armed(gateway, outgoing("é" * 301)), always)
    assert (outcome.kind, outcome.code) == (FOR_GOOD, "400 InvalidRequest")


def test_a_recalled_post_is_gone(client: Client) -> None:
    with client.gateway() as gateway:
        ref = gateway.send(armed(gateway, outgoing()), always).ref
        assert ref
        assert len(client.posts()) == 1
        assert [gateway.recall(ref).kind for _ in range(2)] == [SENT, SENT]
    assert client.posts() == []


def test_a_whole_run_survives_a_lost_answer(client: Client, project: RealProject) -> None:
    with client.gateway() as gateway:
        account = pinned(client.account, gateway.profile())
    with lossy_proxy(client.server.url, Loss("lost", "POST", PUT)) as proxy:
        opened = open_bluesky_gateway(replace(account, api_url=proxy.url), client.tokens)
        project.plan(project.post("monday", "We open on Monday: https://example.com/open #café"))
        project.run(opened)
        (doubt,) = project.deliveries()
        assert (doubt.state, doubt.ambiguous) == ("pending", True)
        project.run(opened)
        project.run(opened)

    (sent,) = project.deliveries()
    (post,) = client.posts()
    key = sent.provider_ref.rpartition("/")[2]
    assert sent.state == "sent"
    assert sent.permalink == f"https://bsky.app/profile/{client.account.identity}/post/{key}"
    kinds = [each["features"][0]["$type"].partition("#")[2] for each in post["facets"]]
    assert kinds == ["link", "tag"]
    assert "example.com/open" in post["text"]


def test_a_thread_goes_out_in_its_order_and_stops_on_doubt(
    client: Client, project: RealProject
) -> None:
    with lossy_proxy(client.server.url, Loss("lost", "POST", PUT, number=2)) as proxy:
        opened = open_bluesky_gateway(replace(client.account, api_url=proxy.url), client.tokens)
        project.plan(project.post("thread", "First of all.", "Then this.", "At last."))
        project.run(opened)
        states = [each.state for each in project.deliveries()]
        assert states == ["sent", "pending", "pending"]
        for _ in range(4):
            project.run(opened)

    first, second, third = client.posts()
    assert [each["text"] for each in (first, second, third)] == [
        "First of all.",
        "Then this.",
        "At last.",
    ]
    refs = [each.provider_ref for each in project.deliveries()]
    assert second["reply"]["parent"]["uri"] == refs[0]
    assert third["reply"]["parent"]["uri"] == refs[1]
    assert third["reply"]["root"]["uri"] == refs[0]


def test_from_the_command_line_a_thread_goes_out_and_is_taken_back(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = command_line("bluesky", tmp_path, monkeypatch)
    handle = client.account.handle.removeprefix("@")
    password = client.server.app_password(handle, PASSWORD, "command line")
    login = {"identifier": handle, "app_password": password}
    add = ("accounts", "add", "studio", "bluesky", "--server", client.server.url, "--yes")
    workspace.run(*add, "--credentials", "-", answers=json.dumps(login))
    workspace.run("approve", "studio", "--yes")
    workspace.run("execute", "studio", "--enable", "--live")

    first, second = client.posts()
    assert first["embed"]["images"][0]["alt"] == "A red wall"
    assert second["reply"]["parent"] == second["reply"]["root"]

    for delivery in ("2", "1"):
        workspace.run("recall", "studio", delivery, "--reason", "The hall is closed")
        workspace.run("recall", "studio", delivery, "--approve")
    assert client.posts() == []
