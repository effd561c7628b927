"""Who is measured: how each is installed and called, and how many deliveries it is given."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.safety.schedule import FULL, QUICK, TENTH, TINY, Sizes

_HERE = Path(__file__).parent / "contestants"
_PEERS = Path(__file__).parents[2] / ".peers"
KEPT_PREFECT_DATABASE = _PEERS / "prefect_map.db"


@dataclass(frozen=True)
class Contestant:
    """A sender: a command that is called with one of the words of docs/send-safety.md.

    needs_prefect: it talks to a Prefect server, which is started for it.
    """

    name: str
    title: str
    command: tuple[str, ...]
    sizes: Sizes = FULL
    quick_sizes: Sizes = QUICK
    environment: Mapping[str, str] = field(default_factory=dict)
    needs_prefect: bool = False


def _this_project() -> Contestant:
    command = (sys.executable, "-m", "benchmarks.safety.contestants.this_project")
    return Contestant("aicmo", "AICMO", command)


def _django_post_office() -> Contestant:
    lock = _HERE / "requirements-django-post-office.lock"
    place = _PEERS / "django_post_office"
    _install(place, lock, lambda: _install_python(place, lock))
    command = (str(place / "bin" / "python"), str(_HERE / "django_post_office.py"))
    return Contestant("django_post_office", "django-post-office 3.12", command)


def _prefect_map() -> Contestant:
    command = (sys.executable, "-m", "benchmarks.safety.contestants.prefect_map")
    return Contestant(
        "prefect_map", "Prefect .map, retries=3", command, TENTH, TINY, needs_prefect=True
    )


def _nodemailer() -> Contestant:
    lock, place = _HERE / "package-lock.json", _PEERS / "nodemailer"
    _install(place, lock, lambda: _install_node(place))
    command = (_require("node"), str(_HERE / "nodemailer.mjs"))
    modules = {"SAFETY_NODE_MODULES": str(place / "node_modules")}
    return Contestant("nodemailer", "nodemailer 10 pool", command, environment=modules)


KNOWN: Mapping[str, Callable[[], Contestant]] = {
    "aicmo": _this_project,
    "django_post_office": _django_post_office,
    "prefect_map": _prefect_map,
    "nodemailer": _nodemailer,
}
"""Each is installed when it is called for, into `.peers/`, from a lock with exact versions."""


def other(text: str) -> Contestant:
    """The contestant of `--contestant NAME=COMMAND`.

    Raises:
        ValueError: it isn't of this form.
    """
    name, equals, command = text.partition("=")
    if not (name and equals and command.strip()):
        raise ValueError(text)
    return Contestant(name, name, tuple(shlex.split(command)))


def _install(place: Path, lock: Path, install: Callable[[], None]) -> None:
    _PEERS.mkdir(exist_ok=True)
    wanted = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()
    stamp = place / "installed"
    with (_PEERS / f"{place.name}.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)  # two benchmarks may come here at once
        if not (stamp.exists() and stamp.read_text() == wanted):
            install()
            stamp.write_text(wanted)


def _install_python(place: Path, lock: Path) -> None:
    uv = [sys.executable, "-m", "uv"]
    make = [*uv, "venv", "--quiet", "--clear", "--python", sys.executable, place]
    fill = [*uv, "pip", "install", "--quiet", "--require-hashes", "--compile-bytecode",
            "--python", place / "bin" / "python", "-r", lock]  # fmt: skip
    for command in (make, fill):
        subprocess.run(command, check=True, stdout=sys.stderr)


def _install_node(place: Path) -> None:
    place.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(_HERE / name, place / name)
    command = [_require("npm"), "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=place, check=True, stdout=sys.stderr, env=os.environ)


def _require(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise FileNotFoundError(program)
    return found
