"""`aicmo demo` tells the whole story in its own folder, twice, and sends nothing twice."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.command_line.cli_workspace import Workspace, enter
from tests.unit.test_database import migrate

ACTIVATE = Path(sys.prefix, "bin", "activate")
OWN_KEY = "the-key-of-somebody-s-real-installation"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    workspace = enter(tmp_path, monkeypatch)
    for name in ("MAKELEVEL", "VIRTUAL_ENV"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".env").write_text(f"AICMO_SECRET_KEY={OWN_KEY}\n", encoding="utf-8")
    return workspace


def test_the_demo_runs_twice_and_sends_once(workspace: Workspace) -> None:
    workspace.patch.setenv("PATH", str(workspace.folder))
    first = workspace.run("demo").stdout
    assert f". {ACTIVATE}  " in first
    captured = workspace.folder / ".aicmo" / "demo" / "captured"
    assert len(list(captured.glob("*.eml"))) == 8
    assert "The server took 8 messages and refused 1." in first
    assert "The books balance." in first
    assert "3 for a person to post" in first
    assert "Tue 10 Mar 2026 09:00 CDT" in first
    page = re.search(r"Open (\S+index\.html)", first)
    assert page
    assert Path(page[1]).exists()
    package = re.search(r"^Package 1, in (\S+)$", first, re.MULTILINE)
    assert package
    made = {path.name for path in Path(package[1]).iterdir()}
    assert {"strategy.pdf", "deck.pptx", "summary.html", "manifest.json"} <= made

    workspace.patch.setenv("PATH", str(ACTIVATE.parent))
    second = workspace.run("demo").stdout
    assert str(ACTIVATE) not in second
    assert len(list(captured.glob("*.eml"))) == 8
    assert "Nothing was sent twice" in second
    assert "The books balance." in second


def test_the_demo_leaves_the_users_own_folder_alone(workspace: Workspace) -> None:
    # As `make demo` runs it: on a path that the terminal doesn't have.
    workspace.patch.setenv("PATH", str(ACTIVATE.parent))
    workspace.patch.setenv("MAKELEVEL", "1")
    # An earlier version's folder: brought up to date, as `aicmo init` here wouldn't.
    own_database = workspace.folder / "elsewhere" / ".aicmo" / "aicmo.db"
    own_database.parent.mkdir(parents=True)
    migrate(f"sqlite:///{own_database}", "0001")
    assert str(ACTIVATE) in workspace.run("demo", "--folder", "elsewhere").stdout
    assert sorted(path.name for path in workspace.folder.iterdir()) == [".env", "elsewhere"]
    assert OWN_KEY in (workspace.folder / ".env").read_text(encoding="utf-8")
    assert "There is no AICMO database" in workspace.run("projects", status=2).stderr
    own_env = workspace.folder / "elsewhere" / ".env"
    assert own_env.stat().st_mode & 0o777 == 0o600
