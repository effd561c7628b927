"""A throw-away PostgreSQL cluster from the machine's own binaries, on loopback.

`AICMO_TEST_POSTGRES_URL` names a server to use instead; its user must be allowed to create
databases, and they are dropped at the end.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from tests.peers.children import running
from tests.peers.missing import skip_or_fail

_SYSTEM_USER = "postgres"  # PostgreSQL refuses to run as root
_PREFIX = f"aicmo_test_{os.getpid()}_"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "64MB",
    "max_connections": "100",
}
_VOLATILE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "64MB",
}
_MEMORY = Path("/dev/shm")
_ROOM_IN_MEMORY = 2 * 1024**3


@contextmanager
def running_postgres(*, durable: bool = False) -> Iterator[str]:
    """The SQLAlchemy URL of a server where `new_database` works; skips the test without binaries.

    durable: a commit survives a power cut, as in production; without it, tests are quicker.
    """
    if url := os.environ.get("AICMO_TEST_POSTGRES_URL"):
        yield url
        _drop_databases(url)
        return
    binaries = binaries_folder()
    place = None if durable else _memory()
    with tempfile.TemporaryDirectory(prefix="aicmo-postgres-", dir=place) as folder:
        make_cluster(binaries, folder)
        with _started(binaries, folder, {} if durable else _VOLATILE) as url:
            yield url


def _memory() -> Path | None:
    """Where a new database costs no write to a disk: each test has one of 13 MB."""
    is_roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _ROOM_IN_MEMORY
    return _MEMORY if is_roomy else None


def new_database(url: str) -> str:
    """The URL of a fresh, empty database on the server of `url`."""
    name = _PREFIX + secrets.token_hex(6)
    with _connected(url) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def binaries_folder() -> Path:
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return skip_or_fail("PostgreSQL's initdb and postgres are not installed (Debian: postgresql)")


def run_as() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    return {"user": _SYSTEM_USER, "group": _SYSTEM_USER, "extra_groups": []}


def make_cluster(binaries: Path, folder: str) -> None:
    if os.geteuid() == 0:
        shutil.chown(folder, _SYSTEM_USER, _SYSTEM_USER)
    command = [binaries / "initdb", "-D", f"{folder}/data", "-U", "app", "--auth=trust"]
    command += ["--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL, **run_as())


@contextmanager
def _started(binaries: Path, folder: str, settings: Mapping[str, str]) -> Iterator[str]:
    port = free_port()
    url = f"postgresql+psycopg://app@127.0.0.1:{port}/postgres"
    command = [binaries / "postgres", "-D", f"{folder}/data", "-p", str(port)]
    for name, value in {**_SETTINGS, **settings}.items():
        command += ["-c", f"{name}={value}"]
    log = Path(folder, "server.log")
    with (
        log.open("w") as output,
        # SIGINT is the fast shutdown: the ordinary one would wait for pooled connections to leave.
        running(
            command,
            stop_signal=signal.SIGINT,
            cwd=folder,
            stdout=output,
            stderr=output,
            **run_as(),
        ) as process,
    ):
        while not answers(url):
            assert process.poll() is None, f"PostgreSQL didn't start:\n{log.read_text()}"
            time.sleep(0.05)
        yield url


def answers(url: str) -> bool:
    try:
        _connected(url).close()
    except psycopg.OperationalError:
        return False
    return True


def _drop_databases(url: str) -> None:
    with _connected(url) as connection:
        names = connection.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [_PREFIX]
        )
        for (name,) in names.fetchall():
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            connection.execute(drop)


def _connected(url: str) -> psycopg.Connection[Any]:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True, connect_timeout=5)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]
