"""The gate's truth table: sending needs every key at once, and only LIVE gets a permit."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from aicmo.errors import FixConfiguration
from aicmo.execution.gate import (
    Keys,
    Mode,
    decide,
    decide_channel,
    is_test_recipient,
    issue_permit,
    issue_test_permit,
)
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


ME = "me@agency.example"


@pytest.mark.parametrize("keys", list(product([False, True], repeat=3)))
def test_truth_table_of_a_test_message(keys: tuple[bool, bool, bool]) -> None:
    enabled, on_channel, is_listed = keys
    config = ExecutionConfig(enabled, channels_enabled=["email"] if on_channel else ["crm"])
    listed = ME if is_listed else "you@agency.example"
    if all(keys):
        permit = issue_test_permit(config, "email", ME, listed)
        assert (permit.only_to, permit.run_id, permit.channel) == (ME, 0, "email")
    else:
        with pytest.raises(FixConfiguration) as refused:
            issue_test_permit(config, "email", ME, listed)
        assert refused.value.next_step
        assert ME not in str(refused.value)


@pytest.mark.parametrize(
    ("listed", "may"),
    [
        (ME, True),
        (" You@agency.example ,ME@Agency.example", True),
        ("@agency.example", True),
        ("@AGENCY.example,", True),
        ("", False),
        (",", False),
        ("@", False),
        ("*", False),
        ("agency.example", False),
        ("@example", False),
        ("@mail.agency.example", False),
        ("notme@agency.example", False),
        ("me@agency.example.org", False),
        ("me@agency.example;you@agency.example", False),
    ],
)
def test_who_may_get_a_test_message(listed: str, may: bool) -> None:  # noqa: FBT001
    assert is_test_recipient(ME, listed) is may


@pytest.mark.parametrize("address", ["", "@agency.example", "me", "a@x.example,me@agency.example"])
def test_what_is_no_address_is_no_test_recipient(address: str) -> None:
    assert not is_test_recipient(address, f"{ME},@agency.example,{address}")


def test_a_run_s_permit_is_bound_to_no_address() -> None:
    assert issue_permit(Mode.LIVE, 7, "email").only_to == ""


def test_only_the_gate_makes_permits() -> None:
    assert users_of("PERMIT_KEY") == {"aicmo/execution/gate.py", "aicmo/gateways/contract.py"}


def test_only_a_test_message_asks_for_a_test_permit() -> None:
    assert users_of("issue_test_permit") == {
        "aicmo/execution/gate.py",
        "aicmo/execution/test_send.py",
    }


def users_of(name: str) -> set[str]:
    root = Path(__file__).parents[2]
    sources = [
        path
        for room in ("aicmo", "tasks", "blocks", "flows")
        for path in (root / room).rglob("*.py")
    ]
    return {path.relative_to(root).as_posix() for path in sources if name in path.read_text()}
