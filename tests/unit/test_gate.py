"""The gate's truth table: sending needs every key at once, and only LIVE gets a permit."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from aicmo.execution.gate import Keys, Mode, decide, decide_channel, issue_permit
from aicmo.settings import ExecutionConfig


@pytest.mark.parametrize("keys", list(product([False, True], repeat=5)))
def test_truth_table(keys: tuple[bool, bool, bool, bool, bool]) -> None:
    environment, run, dry_run, in_environment, in_run = keys
    mode = decide(Keys(environment, run, dry_run, in_environment, in_run))
    if not (environment and run and in_environment and in_run):
        assert mode is Mode.DISABLED
    else:
        assert mode is (Mode.PREVIEW if dry_run else Mode.LIVE)


def test_exactly_one_of_all_combinations_is_live() -> None:
    modes = [decide(Keys(*keys)) for keys in product([False, True], repeat=5)]
    assert modes.count(Mode.LIVE) == 1


@pytest.mark.parametrize(
    ("run_channels", "mode"), [(None, Mode.LIVE), (["email"], Mode.LIVE), (["crm"], Mode.DISABLED)]
)
def test_a_channel_must_be_allowed_by_both_sides(
    run_channels: list[str] | None, mode: Mode
) -> None:
    config = ExecutionConfig(execution_enabled=True, dry_run=False, channels_enabled=["email"])
    decided = decide_channel(
        "email", config, run_enabled=True, dry_run=False, run_channels=run_channels
    )
    assert decided is mode
    other = decide_channel("crm", config, run_enabled=True, dry_run=False, run_channels=None)
    assert other is Mode.DISABLED


@pytest.mark.parametrize("mode", [Mode.DISABLED, Mode.PREVIEW])
def test_no_permit_without_live(mode: Mode) -> None:
    with pytest.raises(PermissionError):
        issue_permit(mode, 1, "email")
    assert issue_permit(Mode.LIVE, 7, "email").run_id == 7


def test_only_the_gate_makes_permits() -> None:
    root = Path(__file__).parents[2]
    sources = [
        path
        for room in ("aicmo", "tasks", "blocks", "flows")
        for path in (root / room).rglob("*.py")
    ]
    users = {
        path.relative_to(root).as_posix() for path in sources if "PERMIT_KEY" in path.read_text()
    }
    assert users == {"aicmo/execution/gate.py", "aicmo/gateways/contract.py"}
