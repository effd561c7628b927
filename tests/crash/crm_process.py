"""A live run of the project `studio` on a HubSpot-like peer, as a process of its own for tests to kill."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import AbstractContextManager

from aicmo.database import Database
from aicmo.execution import runs
from aicmo.gateways import hubspot
from aicmo.gateways.account_gateway import ProviderAccount
from aicmo.gateways.contract import OpenGateway
from aicmo.settings import ExecutionConfig
from tests.crash.live_process import ROOT
from tests.peers.children import running
from tests.peers.routed_peer import KEY
from tests.unit.crm_projects import IDENTITY
from tests.unit.live_runs import LIVE

CONFIG = ExecutionConfig(execution_enabled=True, dry_run=False, channels_enabled=["crm"])
AT_ONCE = 4
"""Records to a request, so that few contacts take several."""


def crm_process(database_url: str, peer_url: str) -> AbstractContextManager[subprocess.Popen[str]]:
    """Changes what is due; killed with the block, if it hasn't ended by then."""
    return running(
        [sys.executable, "-m", __name__, database_url, peer_url],
        stop_signal=signal.SIGKILL, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def execute(database: Database, peer_url: str) -> runs.ChannelResult:
    """A live run in this process; its errors reach the caller."""
    run = runs.open_run(database, LIVE, CONFIG)
    opened = _opened(peer_url)
    return runs.execute_channel(run, "crm", runs.extract_items(run), lambda: opened)


def _opened(peer_url: str) -> OpenGateway:
    hubspot.HubspotGateway.records_per_request = AT_ONCE
    return hubspot.open_hubspot_gateway(ProviderAccount(IDENTITY, api_url=peer_url), _Token())


class _Token:
    def access_token(self) -> str:
        return KEY

    def extra(self, name: str) -> str:
        del name
        return ""


def _main(database_url: str, peer_url: str) -> None:
    execute(Database(database_url), peer_url)


if __name__ == "__main__":
    _main(*sys.argv[1:])
