"""Shows against snac, which ignores keys and deletes nothing, that a post goes out at most once."""

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
from aicmo.gateways.contract import Found, Outgoing, Question, RepeatClass
from aicmo.gateways.mastodon import MastodonGateway, open_mastodon_gateway
from tests.contract.gateway_contract import SENT, UNKNOWN, always, permit
from tests.contract.mail_api_contract import ACCOUNT, FOR_GOOD
from tests.contract.real_posts import (
    RealProject,
    command_line,
    pinned,
    post_with,
    real_project,
    red_square,
)
from tests.contract.social_samples import Tokens
from tests.peers.lossy_proxy import Loss, lossy_proxy
from tests.peers.snac_server import SnacServer

pytestmark = pytest.mark.peer

STATUSES = "/api/v1/statuses"


@dataclass(frozen=True)
class User:
    """Somebody's account on the server, logged in by its owner's consent."""

    server: SnacServer
    account: ProviderAccount
    tokens: Tokens

    def gateway(self, url: str = "") -> MastodonGateway:
        account = replace(self.account, api_url=url)
        return MastodonGateway(permit("mastodon"), account, self.tokens)

    def statuses(self) -> list[dict[str, Any]]:
        """The oldest first."""
        return list(reversed(self.server.statuses(self.tokens.token)))

    def texts(self) -> list[str]:
        return [each["text"] for each in self.statuses()]


@pytest.fixture
def user(snac_server: SnacServer) -> User:
    name = f"client{secrets.token_hex(4)}"
    tokens = Tokens(snac_server.token(name, snac_server.create_user(name)))
    account = ProviderAccount("", handle=f"@{name}", server=snac_server.url)
    with MastodonGateway(permit("mastodon"), account, tokens) as gateway:
        return User(snac_server, pinned(account, gateway.profile()), tokens)


@pytest.fixture
def project(
    user: User, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Generator[RealProject]:
    with real_project("mastodon", user.account, sqlite_url, tmp_path, monkeypatch) as found:
        yield found


def outgoing(text: str = "Grüße 👋 <b> & café", *files: Any, **changes: Any) -> Outgoing:
    payload = post_with(Channel.MASTODON, text, *files).to_bytes()
    sent = Outgoing(1, "token", "", "", payload, time.monotonic() + 30, attachments=files)
    return replace(sent, **changes)


def armed(gateway: MastodonGateway, draft: Outgoing) -> Outgoing:
    staged = gateway.stage(draft)
    assert staged.objection is None
    return replace(draft, staged=staged.values)


def question(sent: Outgoing, **changes: Any) -> Question:
    asked = Question(1, sent.token, "", datetime.now(UTC), sent.payload, sent.staged)
    return replace(asked, **changes)


def test_the_server_says_who_is_logged_in_and_what_it_takes(user: User) -> None:
    with user.gateway() as gateway:
        profile = gateway.profile()
        assert gateway.identify() is None
    assert profile.handle.startswith(f"{user.account.handle}@localhost")
    assert profile.facts["keeps_keys"] is False
    assert profile.facts["max_characters"] == 100_000
    assert profile.facts["characters_reserved_per_url"] == 32
    assert "snac" in profile.facts["server_version"]
    assert gateway.repeat_class is RepeatClass.READABLE


def test_a_token_that_is_no_token_stops_the_account(user: User) -> None:
    with MastodonGateway(permit("mastodon"), user.account, Tokens("no token")) as gateway:
        objection = gateway.identify()
        sent = gateway.send(outgoing(), always)
    assert objection
    assert (objection.kind, sent.kind) == (ACCOUNT, ACCOUNT)
    assert user.statuses() == []


def test_a_post_stands_there_as_it_was_approved(user: User) -> None:
    with user.gateway() as gateway:
        first = gateway.send(armed(gateway, outgoing()), always)
        assert first.ref
        reply = outgoing("Look", red_square(), thread=(first.ref,))
        gateway.send(armed(gateway, reply), always)

    plain, answer = user.statuses()
    assert (plain["text"], plain["visibility"]) == ("Grüße 👋 <b> & café", "public")
    assert first.permalink == plain["url"]
    assert answer["in_reply_to_id"] == first.ref
    assert [each["description"] for each in answer["media_attachments"]] == [
        "Ein rotes Quadrat, “café”"
    ]


@pytest.mark.parametrize("kind", ["lost", "cut"])
def test_a_post_whose_answer_is_lost_is_found_by_its_text(user: User, kind: Any) -> None:
    loss = Loss(kind, "POST", STATUSES)
    with lossy_proxy(user.server.url, loss) as proxy, user.gateway(proxy.url) as gateway:
        sent = armed(gateway, outgoing("Look <b> & https://example.com/x #café", red_square()))
        outcome = gateway.send(sent, always)
        reading = gateway.reconcile(question(sent))

    assert outcome.kind is UNKNOWN
    (status,) = user.statuses()
    assert (reading.found, reading.ref) == (Found.PRESENT, status["id"])
    assert reading.permalink == status["url"]


def test_a_post_that_never_arrived_is_absent(user: User) -> None:
    killed = Loss("killed", "POST", STATUSES)
    with lossy_proxy(user.server.url, killed) as proxy, user.gateway(proxy.url) as gateway:
        sent = armed(gateway, outgoing())
        assert gateway.send(sent, always).kind is UNKNOWN
        nothing = gateway.reconcile(question(sent))
        gateway.send(armed(gateway, outgoing("Another one")), always)
        another = gateway.reconcile(question(sent))

    assert nothing.found is Found.ABSENT
    # It lists one page without an end, and nothing on it is from before the doubt.
    assert (another.found, another.detail) == (
        Found.CANNOT_TELL,
        "the server doesn't list older posts",
    )


def test_a_post_for_followers_that_is_not_listed_is_not_called_absent(user: User) -> None:
    post = post_with(Channel.MASTODON, "For friends").model_copy(update={"visibility": "followers"})
    sent = replace(outgoing(), payload=post.to_bytes())
    with user.gateway() as gateway:
        assert gateway.send(armed(gateway, sent), always).kind is SENT
        reading = gateway.reconcile(question(sent))
    assert reading.found is Found.CANNOT_TELL


def test_it_says_that_it_deletes_nothing(user: User) -> None:
    with user.gateway() as gateway:
        ref = gateway.send(armed(gateway, outgoing()), always).ref
        assert ref
        there, gone = gateway.recall(ref), gateway.recall("0" * 42)
    assert there.kind is FOR_GOOD
    assert "delete it on its own pages" in there.detail
    assert gone.kind is SENT
    assert len(user.statuses()) == 1


def test_a_whole_run_survives_a_lost_answer(user: User, project: RealProject) -> None:
    with lossy_proxy(user.server.url, Loss("lost", "POST", STATUSES)) as proxy:
        opened = open_mastodon_gateway(replace(user.account, api_url=proxy.url), user.tokens)
        project.plan(project.post("monday", "We open on Monday: https://example.com/open #café"))
        for _ in range(3):
            project.run(opened)
        (doubt,) = project.deliveries()
        assert doubt.state == "unknown"
        closed = project.ask(opened)

    assert (closed.present, closed.still_in_doubt) == (1, 0)
    (sent,), (status,) = project.deliveries(), user.statuses()
    assert (sent.state, sent.provider_ref) == ("sent", status["id"])
    assert sent.permalink == status["url"]


def test_a_thread_stops_on_doubt(user: User, project: RealProject) -> None:
    with lossy_proxy(user.server.url, Loss("lost", "POST", STATUSES, number=2)) as proxy:
        opened = open_mastodon_gateway(replace(user.account, api_url=proxy.url), user.tokens)
        project.plan(project.post("thread", "First of all.", "Then this.", "At last."))
        for _ in range(3):
            project.run(opened)
        states = [each.state for each in project.deliveries()]
        assert states[:2] == ["sent", "unknown"]
        assert states[2] in ("pending", "held")
        assert user.texts() == ["First of all.", "Then this."]
        project.ask(opened)

    refs = [each.provider_ref for each in project.deliveries()]
    first, second = user.statuses()
    assert refs == [first["id"], second["id"], ""]
    assert second["in_reply_to_id"] == first["id"]


def test_from_the_command_line_a_thread_goes_out_and_stays_as_the_server_deletes_nothing(
    user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = command_line("mastodon", tmp_path, monkeypatch)
    login = json.dumps({"access_token": user.tokens.token})
    add = ("accounts", "add", "studio", "mastodon", "--server", user.server.url, "--yes")
    workspace.run(*add, "--credentials", "-", answers=login)
    workspace.run("approve", "studio", "--yes")
    workspace.run("execute", "studio", "--enable", "--live")

    first, second = user.statuses()
    assert first["media_attachments"][0]["description"] == "A red wall"
    assert second["in_reply_to_id"] == first["id"]

    workspace.run("recall", "studio", "2", "--reason", "The hall is closed")
    refused = workspace.run("recall", "studio", "2", "--approve", status=1)
    assert "delete it on its own pages" in " ".join(refused.output.split())
    assert len(user.statuses()) == 2
