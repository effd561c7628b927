"""The Prefect server dies in the middle of a flow run: what goes out is the ledger's business."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aicmo.smtp_relay import SmtpRelay
from tests.crash.live_process import ROOT, environment, run_live
from tests.crash.promises import kept_promises, prepare
from tests.crash.stepping_peer import SteppingPeer
from tests.orchestration.test_up import free_port
from tests.peers.children import running

pytestmark = pytest.mark.prefect

PEOPLE, MIDDLE = 60, 20
SERVER = "uvicorn --log-level error --factory prefect.server.api.server:create_app --port"
# Prefect's client waits minutes for its server at the end of the process; the run is over by then.
FLOW = """
import os
from flows.execute_plan import execute_plan

try:
    execute_plan("studio", enabled=True, dry_run=False, return_state=True)
except Exception as error:
    print(f"Ended with {type(error).__name__}: {error}", flush=True)
    os._exit(1)
"""


def test_server_that_dies_while_mail_goes_out(sqlite_url: str, tmp_path: Path) -> None:
    prepare(sqlite_url, PEOPLE)
    port = free_port()
    with SteppingPeer() as peer:
        with prefect_server(port, tmp_path) as server:
            peer.before_answer(MIDDLE, lambda: kill(server))
            status, said = run_flow(sqlite_url, peer.relay, port)
            assert server.poll() == -signal.SIGKILL
        assert (status, "Ended with" in said) == (1, True), said

        assert run_live(sqlite_url, peer.relay)[0] == 0, "it needs no Prefect server"
        books = kept_promises(sqlite_url, peer.effects, PEOPLE)
    assert books.count("sent") == PEOPLE


@contextmanager
def prefect_server(port: int, home: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", *SERVER.split(), str(port)]
    with running(command, env=os.environ | {"PREFECT_HOME": str(home)}) as server:
        while not is_up(port):
            assert server.poll() is None, "the server didn't start"
            time.sleep(0.05)
        yield server


def kill(server: subprocess.Popen[str]) -> None:
    """Nobody can connect to it any more when this returns."""
    server.kill()
    server.wait()


def is_up(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health"):
            return True
    except urllib.error.URLError:
        return False


def run_flow(database_url: str, relay: SmtpRelay, port: int) -> tuple[int, str]:
    """Exit status and text of a flow run in a process of its own."""
    with running(
        [sys.executable, "-c", FLOW],
        stop_signal=signal.SIGKILL,
        env=environment(database_url, relay)
        | {"PREFECT_API_URL": f"http://127.0.0.1:{port}/api", "PREFECT_CLIENT_MAX_RETRIES": "0"},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        said, _ = process.communicate(timeout=300)
    return process.returncode, said
