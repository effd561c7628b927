"""The demo's own world: a folder, a database, a key, a clock. Nothing of the user's is touched."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from aicmo.cli.initialising import add_secret_key

if TYPE_CHECKING:
    from aicmo.plans.reading import ReadDocument

PROJECT = "northside-founders"
REFUSED = "full.mailbox@example.net"
OPERATOR = "Demo operator"
TIMEZONE = "America/Chicago"
CLOCK = datetime(2026, 3, 10, 9, 0, tzinfo=ZoneInfo(TIMEZONE))
"""One email of the example is due by then and another is not."""


@dataclass(frozen=True)
class DemoFolder:
    """Where everything of the demo is; kept between runs."""

    path: Path

    @property
    def captured(self) -> Path:
        return self.path / "captured"


@contextmanager
def demo_world(folder: Path) -> Generator[DemoFolder]:
    """While it is open, every setting is the demo's own; the environment comes back afterwards."""
    path = folder.resolve()
    path.mkdir(parents=True, exist_ok=True)
    own = {
        "AICMO_DATABASE_URL": f"sqlite:///{path / '.aicmo' / 'aicmo.db'}",
        "AICMO_OUTPUT_DIR": str(path / ".aicmo" / "output"),
        "AICMO_PACKAGES_URL": (path / ".aicmo" / "packages").as_uri(),
        "AICMO_SECRET_KEY": _own_key(path / ".env"),
    }
    before = {name: os.environ.get(name) for name in own}
    os.environ.update(own)
    try:
        yield DemoFolder(path)
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _own_key(env_file: Path) -> str:
    from dotenv import dotenv_values

    if not env_file.exists():
        add_secret_key(env_file)
    return dotenv_values(env_file).get("AICMO_SECRET_KEY") or ""


def read_example() -> ReadDocument:
    """The bundled example project."""
    from aicmo.plans.reading import read_document

    with as_file(files("aicmo.plans") / "examples" / f"{PROJECT}.yaml") as path:
        return read_document(path)


def secret_key() -> bytes:
    from aicmo.settings import get_settings

    return get_settings().require_secret_key()
