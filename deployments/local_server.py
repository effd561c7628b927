"""A Prefect server and a worker on this machine: their settings, their start, their health."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

from aicmo.errors import FixConfiguration
from deployments.processes import Child
from deployments.registration import POOL

HOST = "127.0.0.1"
_START_SECONDS = 240
_SAY_EVERY_SECONDS = 5

# Prefect writes each event by itself unless it is told to batch: a third of the CPU per task run.
_BATCHED = {
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_TRIGGERS_READ_BATCH_SIZE": "50",
}
_QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_CLI_COLORS": "false",
}


@dataclass(frozen=True, slots=True)
class LocalPrefect:
    """Where this machine's Prefect listens and keeps its data."""

    home: Path
    port: int

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"

    def environment(self) -> dict[str, str]:
        """For the server, the worker and every command that talks to them.

        The UI is told the API's address too: on any port but 4200 it would ask the wrong one.
        """
        api = f"{self.address}/api"
        return {
            **_without_other_prefect(),
            **_BATCHED,
            **_QUIET,
            "PREFECT_HOME": str(self.home),
            "PREFECT_API_URL": api,
            "PREFECT_SERVER_API_HOST": HOST,
            "PREFECT_SERVER_API_PORT": str(self.port),
            "PREFECT_SERVER_UI_API_URL": api,
            "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
            "PREFECT_WORKER_QUERY_SECONDS": "3",
        }

    def start_server(self) -> Child:
        log = self.home / "server.log"
        arguments = ["-m", "prefect", "server", "start"]
        return Child("The Prefect server", arguments, self.environment(), log)

    def start_registration(self) -> Child:
        arguments, log = ["-m", "deployments.registration"], self.home / "registration.log"
        return Child("The registration", arguments, self.environment(), log)

    def start_worker(self, limit: int) -> Child:
        arguments = ["-m", "prefect", "worker", "start", "--pool", POOL, "--type", "process"]
        arguments += ["--limit", str(limit), "--name", "aicmo-up", "--install-policy", "never"]
        return Child("The worker", arguments, self.environment(), self.home / "worker.log")

    def require_free_port(self) -> None:
        """Raises FixConfiguration if something listens on the port already."""
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, self.port))
            except OSError:
                raise FixConfiguration(
                    f"Port {self.port} on {HOST} is taken",
                    next_step=f"If `aicmo up` runs in another terminal, open {self.address}; "
                    f"otherwise choose another port: `aicmo up --port {self.port + 1}`.",
                ) from None

    def wait_until_healthy(self, server: Child, say: Callable[[str], None]) -> None:
        """Raises FixConfiguration when the server ends, or isn't there within four minutes."""
        began = time.monotonic()
        said = 0.0
        while not self._is_healthy():
            waited = time.monotonic() - began
            if server.ended or waited > _START_SECONDS:
                what = "stopped while starting" if server.ended else "doesn't answer"
                raise FixConfiguration(
                    f"The Prefect server {what}", next_step=f"Its log is {server.log}."
                )
            if waited - said >= _SAY_EVERY_SECONDS:
                said = waited
                say(f"  still starting, {waited:.0f} s (the first start makes its database)")
            time.sleep(0.3)

    def _is_healthy(self) -> bool:
        try:
            with urlopen(f"{self.address}/api/health", timeout=5) as answer:  # noqa: S310  (http, loopback)
                return answer.status == 200  # noqa: PLR2004
        except (OSError, HTTPException):
            return False


def _without_other_prefect() -> dict[str, str]:
    # Settings for another server, such as its database or log-in, must not leak into this one.
    return {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
