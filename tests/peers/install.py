"""Installs the servers that the tests run against, each in its own environment under `.peers/`.

They need libraries that would clash with the product's. `python -m tests.peers.install` is quick
when there is nothing to do; the tests call it too, so a bare `pytest` works as well.
"""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
from pathlib import Path

PEERS = ("swift", "ministack", "moto")

_LOCKS = Path(__file__).parent
_ENVIRONMENTS = Path(__file__).parents[2] / ".peers"


def install_peer(name: str) -> Path:
    """The Python of the peer's environment, made from its lock file when that is new or changed."""
    lock = _LOCKS / f"requirements-{name}.lock"
    environment = _ENVIRONMENTS / name
    _ENVIRONMENTS.mkdir(exist_ok=True)
    with (_ENVIRONMENTS / f"{name}.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)  # several test processes may come here at once
        if not _is_current(environment, lock):
            _install(environment, lock)
    return environment / "bin" / "python"


def _is_current(environment: Path, lock: Path) -> bool:
    stamp = environment / "installed"
    return stamp.exists() and stamp.read_text() == _fingerprint(lock)


def _install(environment: Path, lock: Path) -> None:
    python = environment / "bin" / "python"
    subprocess.run(
        ["uv", "venv", "--quiet", "--clear", "--python", sys.executable, environment], check=True
    )
    subprocess.run(
        ["uv", "pip", "install", "--quiet", "--require-hashes", "--python", python, "-r", lock],
        check=True,
    )
    (environment / "installed").write_text(_fingerprint(lock))


def _fingerprint(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()


if __name__ == "__main__":
    for peer in PEERS:
        install_peer(peer)
