"""`aicmo execute` as a process of its own, for tests to kill, to starve and to cut off."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from aicmo.cli.main import run
from aicmo.database import open_database
from aicmo.smtp_relay import SmtpRelay
from tests.conftest import KEY
from tests.crash.synced_files import keep_synced
from tests.peers.children import running

ROOT = Path(__file__).parents[2]
PATIENCE = 120
"""Seconds after which a process that doesn't end fails its test."""


def live_process(
    database_url: str, relay: SmtpRelay, *, synced: Path | None = None, cut_at: int = 0
) -> AbstractContextManager[subprocess.Popen[str]]:
    """Sends what is due of the project `studio`; what it says comes out of `stdout`.

    synced: keeps there what SQLite has synced, and is killed by its sync number `cut_at`.
    """
    return running(
        [sys.executable, "-m", __name__, *([synced, str(cut_at)] if synced else [])],
        stop_signal=signal.SIGKILL,
        env=environment(database_url, relay),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def outcome(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit status and text of a process, when it has ended by itself or was killed."""
    said, _ = process.communicate(timeout=PATIENCE)
    return process.returncode, " ".join(said.split())


def run_live(database_url: str, relay: SmtpRelay) -> tuple[int, str]:
    """Exit status and text of a whole run."""
    with live_process(database_url, relay) as process:
        return outcome(process)


def environment(database_url: str, relay: SmtpRelay) -> dict[str, str]:
    """This database, this relay, and every key turned."""
    return os.environ | {
        "PYTHONPATH": str(ROOT),
        "AICMO_DATABASE_URL": database_url,
        "AICMO_SECRET_KEY": KEY.decode(),
        "AICMO_SMTP_URL": f"smtp://{relay.host}:{relay.port}?tls={relay.tls}"
        f"&connections={relay.connections}",
        "EXECUTION_ENABLED": "true",
        "EXECUTION_CHANNELS": "email",
        "COLUMNS": "200",
    }


def _main(synced: str = "", cut_at: str = "0") -> None:
    if synced:
        keep_synced(Path(synced), cut_at=int(cut_at))
    sys.argv = ["aicmo", "execute", "studio", "--enable", "--live"]
    try:
        run()
    finally:
        if synced:
            # SQLite syncs as its last connection closes; Python must still be there then.
            open_database(os.environ["AICMO_DATABASE_URL"]).dispose()


if __name__ == "__main__":
    _main(*sys.argv[1:])
