"""The launcher: one command brings up server, worker and deployments, runs them, and leaves nothing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ENOUGH = 400


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def up(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deployments.up", *arguments],
        cwd=folder, env=dict(os.environ), capture_output=True, text=True, timeout=ENOUGH, check=False,
    )  # fmt: skip


@pytest.mark.prefect
def test_check_runs_deployments_and_sees_a_scheduled_run(tmp_path: Path) -> None:
    port = free_port()

    done = up("--check", "--port", str(port), folder=tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "import-plan: Imported. Version 1" in done.stdout
    assert "execute-plan: Previewed. " in done.stdout
    assert "runs of build-package are in the queue" in done.stdout
    assert list(tmp_path.iterdir()) == []
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0, "the server is still there"


@pytest.mark.usefixtures("ledger")
def test_taken_port_is_said_at_once(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        done = up("--port", str(port), folder=tmp_path)

    assert done.returncode == 2
    assert f"Port {port} on 127.0.0.1 is taken" in done.stderr
    assert f"--port {port + 1}" in done.stderr


def test_folder_without_a_key_is_said_at_once(tmp_path: Path) -> None:
    done = up("--port", str(free_port()), folder=tmp_path)

    assert done.returncode == 2
    assert "AICMO_SECRET_KEY is not set. `aicmo init`" in done.stderr


@pytest.mark.prefect
@pytest.mark.usefixtures("ledger")
def test_ctrl_c_ends_all_of_it(tmp_path: Path) -> None:
    command = [sys.executable, "-u", "-m", "deployments.up", "--port", str(free_port())]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as launcher:
        assert launcher.stdout is not None
        assert launcher.stdout.readline().startswith("Starting the Prefect server")
        (server,) = eventually(lambda: children_of(launcher.pid))

        launcher.send_signal(signal.SIGINT)
        said = launcher.stdout.read()

    assert launcher.returncode == 0
    assert "Stopped: server, worker and their runs have ended." in said
    assert not Path(f"/proc/{server}").exists()


def children_of(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def eventually(read: Callable[[], list[int]]) -> list[int]:
    deadline = time.monotonic() + 30
    while not (found := read()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found
