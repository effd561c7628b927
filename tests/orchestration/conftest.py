"""One Prefect server for all tests that need one, tuned; none for the others.

Prefect reads its settings when it is imported, so they are set here, before any test module is.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

_UNUSED_SERVICES = (
    "SCHEDULER", "LATE_RUNS", "FOREMAN", "TRIGGERS", "CANCELLATION_CLEANUP", "PAUSE_EXPIRATIONS",
    "REPOSSESSOR", "DB_VACUUM",
)  # fmt: skip

for _name in [name for name in os.environ if name.startswith("PREFECT_")]:
    del os.environ[_name]
os.environ |= {f"PREFECT_SERVER_SERVICES_{name}_ENABLED": "false" for name in _UNUSED_SERVICES}
_home = tempfile.TemporaryDirectory(prefix="aicmo-prefect-", ignore_cleanup_errors=True)
os.environ |= {
    "PREFECT_HOME": _home.name,
    # A flow that is called without the server fixture fails at once, instead of starting a server.
    "PREFECT_API_URL": "",
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "1",
    "PREFECT_LOGGING_LEVEL": "INFO",
    "DO_NOT_TRACK": "1",
}

import pytest  # noqa: E402
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings  # noqa: E402
from prefect.testing.utilities import prefect_test_harness  # noqa: E402

from aicmo.database import Database  # noqa: E402
from aicmo.gateways.capture import CaptureServer  # noqa: E402
from tests.conftest import KEY  # noqa: E402


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[None]:
    # Without a heartbeat a run doesn't wait a second for its thread.
    with (
        prefect_test_harness(server_startup_timeout=180),
        temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}),
    ):
        yield


@pytest.fixture
def ledger(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """The database that flows and tasks find through the environment."""
    monkeypatch.setenv("AICMO_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("AICMO_SECRET_KEY", KEY.decode())
    monkeypatch.setenv("EXECUTION_ENABLED", "true")
    monkeypatch.setenv("EXECUTION_CHANNELS", "email,linkedin")
    database = Database(sqlite_url)
    yield database
    database.dispose()


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[CaptureServer]:
    with CaptureServer(tmp_path / "mail") as server:
        yield server
