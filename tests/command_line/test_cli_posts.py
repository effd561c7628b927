"""What is said of posts that are out, or may be: where to look, and addresses that can be copied."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from aicmo.cli.console import grid, print_whole
from aicmo.cli.doubt_tables import show_doubts
from aicmo.execution.doubts import Doubt, Standing

NOW = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
ADDRESS = "https://bsky.app/profile/did:plc:jt2fqmegr7brwrcjrn4nuuxk/post/3n2wtu23x7lyw"


def shown_doubt(channel: str) -> str:
    doubt = Doubt(
        7, "launch", "We open", channel, "", "canary-key", Standing.OPEN, "no answer",
        NOW - timedelta(hours=1), 1, 1, (), (),
    )  # fmt: skip
    console = Console(file=io.StringIO(), width=120)
    show_doubts(console, "studio", [doubt], NOW)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(("channel", "name"), [("twitter", "X"), ("linkedin", "LinkedIn")])
def test_a_post_in_doubt_is_looked_for_on_its_network(channel: str, name: str) -> None:
    said = shown_doubt(channel)
    assert f"Look at what the account on {name} has posted since 14:00: “We open”" in said
    assert "aicmo doubts studio 7 --is-there --reference https://… --reason" in said
    assert "canary-key" not in said  # nobody finds it there
    assert "recipient" not in said


def test_what_is_no_post_is_looked_for_as_before() -> None:
    said = shown_doubt("crm")
    assert "The provider knows it by its token canary-key" in said
    assert "--is-there --reason" in said


def test_an_address_stays_whole_where_the_terminal_is_narrow() -> None:
    console = Console(file=io.StringIO(), width=60)
    table = grid(["Item", "Where"])
    table.add_row("launch-bluesky", ADDRESS)
    print_whole(console, table)
    assert isinstance(console.file, io.StringIO)
    assert ADDRESS in console.file.getvalue()
