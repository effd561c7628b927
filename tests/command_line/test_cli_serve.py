"""`aicmo serve` as it is started, asked and stopped."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.command_line.cli_workspace import Workspace, enter_with_example


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    return enter_with_example(tmp_path, monkeypatch)


@dataclass
class Served:
    address: str
    process: subprocess.Popen[bytes]
    log: Path

    def stop(self, how: signal.Signals) -> tuple[int, str]:
        """The exit status, and what was said on stderr since the start."""
        self.process.send_signal(how)
        status = self.process.wait(timeout=30)
        return status, self.log.read_text()


@contextmanager
def serve(*options: str) -> Iterator[Served]:
    log = Path("serve.log")
    command = [sys.executable, "-m", "aicmo.cli.main", "serve", "--port", "0", *options]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with log.open("wb") as stderr:
        process = subprocess.Popen(command, stderr=stderr, env=environment)
    try:
        yield Served(_address(process, log), process, log)
    finally:
        process.kill()
        process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    while not (found := re.search(r"Listening at (http://\S+)\.", log.read_text())):
        assert process.poll() is None, log.read_text()
        time.sleep(0.05)
    return found[1]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_answers_until_it_is_stopped_and_logs_no_link(
    workspace: Workspace, how: signal.Signals
) -> None:
    with serve() as served:
        assert httpx.get(f"{served.address}/healthz", trust_env=False).text == "ok\n"
        assert httpx.get(f"{served.address}/u/aicmotoken", trust_env=False).status_code == 404
        status, said = served.stop(how)
    assert status == 0
    assert "GET /u/… 404" in said
    assert "aicmotoken" not in said
    assert "healthz" not in said
    assert "proxy with TLS" in said
    assert "brand.unsubscribe_url" in said
    assert "Traceback" not in said


def test_a_request_that_is_under_way_is_finished(workspace: Workspace) -> None:
    head = b"POST /u/x HTTP/1.1\r\nHost: x\r\nContent-Length: 26\r\nExpect: 100-continue\r\n\r\n"
    with serve() as served:
        url = httpx.URL(served.address)
        with socket.create_connection((url.host, url.port or 0)) as mail_program:
            mail_program.sendall(head)
            assert mail_program.recv(4096).startswith(b"HTTP/1.1 100")
            served.process.send_signal(signal.SIGTERM)
            mail_program.sendall(b"List-Unsubscribe=One-Click")
            assert mail_program.recv(4096).startswith(b"HTTP/1.1 404")
        assert served.process.wait(timeout=30) == 0


def test_a_port_that_is_taken_is_bad_usage(workspace: Workspace) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = workspace.run("serve", "--port", port, status=2)
    assert f"Nothing can listen at 127.0.0.1 port {port}" in refused.stderr
    assert "--port" in refused.stderr


def test_an_address_of_another_machine_is_bad_usage(workspace: Workspace) -> None:
    for host in ("192.0.2.1", "not a host"):
        refused = workspace.run("serve", "--host", host, "--port", "0", status=2)
        assert f"Nothing can listen at {host} port 0" in refused.stderr
    assert "65535" in workspace.run("serve", "--port", "70000", status=2).stderr


def test_whoever_opens_it_to_others_is_warned(workspace: Workspace) -> None:
    with serve("--host", "0.0.0.0") as served:
        _, said = served.stop(signal.SIGTERM)
    assert "Without TLS, and other machines can reach it" in said


def test_it_needs_no_secret(workspace: Workspace) -> None:
    (workspace.folder / ".env").unlink()
    with serve() as served:
        assert httpx.get(f"{served.address}/u/x", trust_env=False).status_code == 404
