"""Runs through the engine to a Mastodon that keeps keys: repeated for half an hour, then asked."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from aicmo.gateways.account_gateway import ProviderAccount
from aicmo.gateways.contract import LivePermit, OpenGateway
from aicmo.gateways.mastodon import MastodonGateway
from tests.contract.real_posts import RealProject, real_project
from tests.contract.social_samples import Tokens
from tests.peers.http_exchange import Fault
from tests.peers.mastodon_peer import MastodonPeer

LOST = Fault(applies=True, then="close")
ACCOUNT = ProviderAccount("1001", server="https://social.test", profile={"keeps_keys": True})


@pytest.fixture
def project(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Generator[RealProject]:
    with real_project("mastodon", ACCOUNT, sqlite_url, tmp_path, monkeypatch) as found:
        yield found


def network(project: RealProject, faults: Mapping[int | str, Fault]) -> MastodonPeer:
    """A server whose clock is the project's."""

    def seconds() -> float:
        return project.database.at.timestamp()

    return MastodonPeer(faults, clock=seconds)


def opening(peer: MastodonPeer, project: RealProject) -> OpenGateway:
    account = ProviderAccount(
        "1001", server=ACCOUNT.server, profile=ACCOUNT.profile, api_url=peer.base_url
    )

    def open_gateway(permit: LivePermit) -> MastodonGateway:
        return MastodonGateway(permit, account, Tokens(), clock=lambda: project.database.at)

    return open_gateway


def test_a_lost_answer_is_repeated_with_the_key_to_one_post(project: RealProject) -> None:
    with network(project, {1: LOST}) as peer:
        project.plan(project.post("monday", "We open on Monday, part:1."))
        opened = opening(peer, project)
        project.run(opened)
        (doubt,) = project.deliveries()
        assert (doubt.state, doubt.ambiguous) == ("pending", True)
        project.run(opened)

    (sent,) = project.deliveries()
    assert (sent.state, sent.attempts) == ("sent", 2)
    assert (sent.provider_ref, peer.effects) == (peer.posts[0].ref, {"part:1": 1})
    assert sent.permalink == f"https://social.test/@acme/{sent.provider_ref}"


def test_a_server_that_fails_on_every_repeat_is_asked_in_the_end(project: RealProject) -> None:
    fails: dict[int | str, Fault] = {number: Fault(status=500) for number in range(2, 9)}
    with network(project, {1: LOST} | fails) as peer:
        project.plan(project.post("monday", "We open on Monday, part:1."))
        opened = opening(peer, project)
        for _ in range(8):
            project.run(opened)
        closed = project.ask(opened)

    (sent,) = project.deliveries()
    assert closed.present == 1
    assert (sent.state, sent.provider_ref) == ("sent", peer.posts[0].ref)
    assert peer.effects == {"part:1": 1}


def test_after_half_an_hour_nothing_is_repeated(project: RealProject) -> None:
    with network(project, {1: LOST}) as peer:
        peer.keeps_keys = False  # as a server whose hour is over
        project.plan(project.post("monday", "We open on Monday, part:1."))
        opened = opening(peer, project)
        project.run(opened)
        project.database.at += timedelta(minutes=30)
        project.run(opened)
        assert [each.state for each in project.deliveries()] == ["unknown"]
        closed = project.ask(opened)

    assert (closed.present, len(peer.begun), peer.effects) == (1, 1, {"part:1": 1})


def test_a_text_that_was_changed_in_doubt_does_not_count_as_sent(project: RealProject) -> None:
    with network(project, {1: LOST}) as peer:
        project.plan(project.post("monday", "We open on Monday, part:1."))
        opened = opening(peer, project)
        project.run(opened)
        project.plan(project.post("monday", "We open on Tuesday, part:1."))
        project.run(opened)
        (doubt,) = project.deliveries()
        closed = project.ask(opened)

    assert (doubt.state, len(peer.begun)) == ("unknown", 1)
    assert doubt.reason.startswith("it may have gone out as it was before a change")
    assert closed.present == 1
