"""A PostgreSQL cluster with the durability of a real one, which tests stop and start again."""

from __future__ import annotations

import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal

from aicmo.database import Database
from tests.peers.children import running
from tests.peers.postgres_server import (
    answers,
    binaries_folder,
    free_port,
    make_cluster,
    new_database,
    run_as,
)

Way = Literal["fast", "immediate"]


class PostgresCluster:
    """A server with the defaults of `initdb`: what it has committed is on the disk."""

    def __init__(self, binaries: Path, folder: str) -> None:
        self.binaries_folder, self._folder, self._port = binaries, folder, free_port()
        self._running = ExitStack()
        self.url = f"postgresql+psycopg://app@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        """Waits until it answers. To be called from a thread that lives on: it ends with it."""
        command: list[Any] = [self.binaries_folder / "postgres", "-D", f"{self._folder}/data"]
        command += ["-p", str(self._port), "-c", "listen_addresses=127.0.0.1"]
        command += ["-c", "unix_socket_directories="]
        log = Path(self._folder, "server.log")
        with log.open("a") as output:
            options = {"cwd": self._folder, "stdout": output, "stderr": output, **run_as()}
            server = self._running.enter_context(
                running(command, stop_signal=signal.SIGQUIT, **options)
            )
        while not answers(self.url):
            assert server.poll() is None, f"PostgreSQL didn't start:\n{log.read_text()}"
            time.sleep(0.02)

    def stop(self, way: Way) -> None:
        """`immediate` writes nothing any more, as if it had crashed."""
        command = [self.binaries_folder / "pg_ctl", "stop", "-m", way, "-D", f"{self._folder}/data"]
        subprocess.run(command, check=True, cwd=self._folder, stdout=subprocess.DEVNULL, **run_as())

    def start_again(self) -> None:
        """Starts it if it was stopped."""
        if not answers(self.url):
            self._running.close()
            self.start()

    def close(self) -> None:
        self._running.close()

    def new_ledger(self) -> str:
        """The URL of an empty database with the current schema."""
        url = new_database(self.url)
        database = Database(url)
        database.upgrade()
        database.dispose()
        return url


@contextmanager
def running_cluster() -> Iterator[PostgresCluster]:
    """A started cluster; skips the test without PostgreSQL's programs."""
    binaries = binaries_folder()
    with tempfile.TemporaryDirectory(prefix="aicmo-postgres-") as folder:
        make_cluster(binaries, folder)
        cluster = PostgresCluster(binaries, folder)
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.close()
