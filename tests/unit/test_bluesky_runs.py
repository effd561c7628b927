"""A post on Bluesky whose answer was lost is repeated for a day; what can't be repeated is asked about."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta
from pathlib import Path

import pytest

from aicmo.gateways.account_gateway import ProviderAccount
from aicmo.gateways.bluesky import BlueskyGateway
from aicmo.gateways.contract import LivePermit, OpenGateway
from tests.contract.real_posts import RealProject, real_project
from tests.contract.social_samples import Tokens
from tests.peers.bluesky_peer import DID, BlueskyPeer
from tests.peers.http_exchange import Fault

ACCOUNT = ProviderAccount(DID, server="https://pds.test")


@pytest.fixture
def project(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Generator[RealProject]:
    with real_project("bluesky", ACCOUNT, sqlite_url, tmp_path, monkeypatch) as found:
        yield found


def opening(peer: BlueskyPeer, project: RealProject) -> OpenGateway:
    account = ProviderAccount(DID, server=peer.base_url)

    def open_gateway(permit: LivePermit) -> BlueskyGateway:
        return BlueskyGateway(permit, account, Tokens(), clock=lambda: project.database.at)

    return open_gateway


@pytest.mark.parametrize("applies", [True, False])
def test_a_doubt_that_left_the_plan_is_closed_after_a_day(
    project: RealProject,
    applies: bool,  # noqa: FBT001
) -> None:
    """A guard keeps it from being repeated, so it must become one that can be asked about."""
    with BlueskyPeer({1: Fault(applies=applies, then="close")}) as peer:
        project.plan(project.post("monday", "We open on Monday, part:1."))
        opened = opening(peer, project)
        project.run(opened)
        project.plan(project.post("tuesday", "We open on Tuesday, part:2."))
        project.run(opened)
        project.database.at += timedelta(hours=24)
        for _ in range(3):
            project.ask(opened)
        project.run(opened)

    monday, tuesday = project.deliveries()
    assert monday.state == ("sent" if applies else "pending")
    assert applies or not monday.ambiguous
    assert tuesday.state == "sent"
    assert peer.effects == ({"part:1": 1, "part:2": 1} if applies else {"part:2": 1})
