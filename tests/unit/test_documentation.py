"""What the documents list is what the program has: variables, commands, options, decisions."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from aicmo.cli.main import app
from aicmo.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
EVERYWHERE = {"--json"}
CODE = re.compile(r"`([^`]+)`")
OPTION = re.compile(r"(?<![\w-])--[a-z-]+")


def test_the_readme_lists_every_variable_that_is_read_and_no_other() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    listed = {name for cell in cells for name in CODE.findall(cell)}
    read = {str(field.validation_alias) for field in Settings.model_fields.values()}
    assert listed == {name for name in read if name.startswith(("AICMO_", "EXECUTION_"))}


def test_the_command_line_page_lists_every_command_with_its_options_and_no_other() -> None:
    documented: dict[str, set[str]] = defaultdict(set)
    page = (ROOT / "docs/command-line.md").read_text(encoding="utf-8")
    table = page.partition("| Command |")[2].partition("\n\n")[0]
    for line in table.splitlines():
        for usage in CODE.findall(line.split(" | ")[0]):
            documented[_command_of(usage)] |= set(OPTION.findall(usage))
    assert documented == dict(_commands(get_command(app), ()))


def test_decisions_are_numbered_without_a_gap_and_begin_with_their_number() -> None:
    files = sorted((ROOT / "docs/decisions").iterdir())
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    for number, file in enumerate(files, start=1):
        assert file.read_text(encoding="utf-8").startswith(f"# {number}. ")


def _command_of(usage: str) -> str:
    words = usage.replace("[build]", "build").split()
    return " ".join(words[:2]) if words[0] in {"accounts", "crm", "email", "package"} else words[0]


def _commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, set[str]]]:
    """Each command that does something, as it is called, with its long options."""
    if subcommands := getattr(command, "commands", {}):
        for name, each in subcommands.items():
            yield from _commands(each, (*path, name))
        return
    every = {name for each in command.params for name in each.opts if name.startswith("--")}
    yield " ".join(path), every - EVERYWHERE
