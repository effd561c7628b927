"""Installs what the tests run against, each in its own environment under `.peers/`.

Servers need libraries that would clash with the product's; the checkers of pages are Node's.
`python -m tests.peers.install` is quick when there is nothing to do; the tests call it too, so a
bare `pytest` works as well.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PEERS = ("swift", "ministack", "moto")

_LOCKS = Path(__file__).parent
_CHECKERS = _LOCKS.with_name("checkers")
_ENVIRONMENTS = Path(__file__).parents[2] / ".peers"


def install_peer(name: str) -> Path:
    """The Python of the peer's environment, made from its lock file when that is new or changed."""
    lock = _LOCKS / f"requirements-{name}.lock"
    environment = _ENVIRONMENTS / name
    with _alone(name):
        if not _is_current(environment, lock):
            _install(environment, lock)
    return environment / "bin" / "python"


def install_checkers() -> Path:
    """The folder of the page checkers' Node modules, by their lock file; npm must be there."""
    lock = _CHECKERS / "package-lock.json"
    environment = _ENVIRONMENTS / "checkers"
    with _alone("checkers"):
        if not _is_current(environment, lock):
            environment.mkdir(exist_ok=True)
            for name in ("package.json", lock.name):
                shutil.copy(_CHECKERS / name, environment)
            subprocess.run(
                ["npm", "ci", "--silent", "--ignore-scripts"], cwd=environment, check=True
            )
            (environment / "installed").write_text(_fingerprint(lock))
    return environment / "node_modules"


@contextmanager
def _alone(name: str) -> Iterator[None]:
    # Several test processes may come here at once.
    _ENVIRONMENTS.mkdir(exist_ok=True)
    with (_ENVIRONMENTS / f"{name}.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        yield


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
    if shutil.which("npm"):
        install_checkers()
