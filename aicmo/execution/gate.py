"""Decides whether a run does nothing, previews, or sends; and issues the permit to send.

One pure function decides. Approval, consent, pauses and the rest are checked once more for every
delivery when it is armed (`aicmo.execution.guards`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from aicmo.channels import Channel
from aicmo.errors import FixConfiguration, FixInput
from aicmo.gateways import contract
from aicmo.plans.addresses import normalise_address
from aicmo.settings import ExecutionConfig


class Mode(StrEnum):
    DISABLED = "disabled"
    """Nothing happens but the report."""
    PREVIEW = "preview"
    """Everything is composed and shown; nothing is claimed, no transport exists."""
    LIVE = "live"
    """Approved deliveries that are due go out."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Every key that has to turn before a channel may send."""

    environment_enabled: bool
    run_enabled: bool
    dry_run: bool
    channel_in_environment: bool
    channel_in_run: bool


def decide(keys: Keys) -> Mode:
    """The mode of one channel in one run."""
    if not (keys.environment_enabled and keys.run_enabled):
        return Mode.DISABLED
    if not (keys.channel_in_environment and keys.channel_in_run):
        return Mode.DISABLED
    return Mode.PREVIEW if keys.dry_run else Mode.LIVE


def decide_channel(
    channel: str,
    config: ExecutionConfig,
    *,
    run_enabled: bool,
    dry_run: bool,
    run_channels: Iterable[str] | None,
) -> Mode:
    """`decide` from the environment's configuration and the run's wishes.

    Args:
        channel: the channel asked about.
        config: the environment's side.
        run_enabled: the run's own key.
        dry_run: what the run asks for.
        run_channels: the channels the run asks for; None leaves the choice to the environment.
    """
    return decide(
        Keys(
            environment_enabled=config.execution_enabled,
            run_enabled=run_enabled,
            dry_run=dry_run,
            channel_in_environment=channel in config.channels_enabled,
            channel_in_run=run_channels is None or channel in set(run_channels),
        )
    )


def issue_permit(mode: Mode, run_id: int, channel: str) -> contract.LivePermit:
    """The permit that a gateway's constructor demands.

    Raises:
        PermissionError: the mode isn't LIVE.
    """
    if mode is not Mode.LIVE:
        raise PermissionError(f"no permit to send on {channel}: the mode is {mode}")
    return contract.LivePermit(run_id, channel, key=contract.PERMIT_KEY)


def issue_reading_permit(config: ExecutionConfig, channel: str) -> contract.LivePermit:
    """A permit to ask a provider about doubts, which sends nothing.

    Raises:
        PermissionError: the environment doesn't enable execution on this channel.
    """
    if not (config.execution_enabled and channel in config.channels_enabled):
        raise PermissionError(f"no permit to ask on {channel}: the environment doesn't enable it")
    return contract.LivePermit(0, channel, key=contract.PERMIT_KEY, may_send=False)


def issue_account_permit(channel: str) -> contract.LivePermit:
    """A permit to ask a network who is logged in; it sends nothing, so no key has to turn."""
    return contract.LivePermit(0, channel, key=contract.PERMIT_KEY, may_send=False)


def issue_recall_permit(config: ExecutionConfig, channel: str) -> contract.LivePermit:
    """A permit to delete a post; it sends nothing.

    Raises:
        FixConfiguration: the environment doesn't enable execution on this channel.
    """
    _require_enabled(config, channel, "deleted from here", "a recall still needs its own approval")
    return contract.LivePermit(0, channel, key=contract.PERMIT_KEY, may_send=False)


def issue_restore_permit(config: ExecutionConfig) -> contract.LivePermit:
    """A permit to put back what was overwritten in a CRM; it sends nothing.

    Raises:
        FixConfiguration: the environment doesn't enable execution on the CRM.
    """
    approval = "putting back still needs its own approval"
    _require_enabled(config, Channel.CRM, "put back in the CRM from here", approval)
    return contract.LivePermit(0, Channel.CRM, key=contract.PERMIT_KEY, may_send=False)


def issue_consent_permit(config: ExecutionConfig) -> contract.LivePermit:
    """A permit to tell a CRM who wants no email any more; it sends nothing.

    Raises:
        FixConfiguration: the environment doesn't enable execution on the CRM.
    """
    only = "only projects whose crm.consent is write or both tell their CRM"
    _require_enabled(config, Channel.CRM, "told to the CRM from here", only)
    return contract.LivePermit(0, Channel.CRM, key=contract.PERMIT_KEY, may_send=False)


def issue_set_up_permit(config: ExecutionConfig) -> contract.LivePermit:
    """A permit to make the properties in a CRM that keep our ids; it sends nothing.

    Raises:
        FixConfiguration: the environment doesn't enable execution on the CRM.
    """
    approval = "changes of contacts still need their approval"
    _require_enabled(config, Channel.CRM, "made in the CRM from here", approval)
    return contract.LivePermit(0, Channel.CRM, key=contract.PERMIT_KEY, may_send=False)


def _require_enabled(config: ExecutionConfig, channel: str, what: str, still: str) -> None:
    if not config.execution_enabled:
        raise FixConfiguration(
            f"Nothing may be {what}: EXECUTION_ENABLED isn't true",
            next_step=f"Set EXECUTION_ENABLED=true; {still}.",
        )
    _require_channel(config, channel)


def _require_channel(config: ExecutionConfig, channel: str) -> None:
    if channel not in config.channels_enabled:
        raise FixConfiguration(
            f"EXECUTION_CHANNELS leaves {channel} off",
            next_step=f"Set EXECUTION_CHANNELS={','.join([*config.channels_enabled, channel])}.",
        )


def is_test_recipient(address: str, listed: str) -> bool:
    """Whether `listed`, as AICMO_TEST_RECIPIENTS has it, names an address or its whole domain.

    What can't be read names nobody.
    """
    try:
        mailbox = normalise_address(address)
    except FixInput:
        return False
    entries = {each.strip().lower() for each in listed.split(",")}
    return mailbox in entries or f"@{mailbox.rpartition('@')[2]}" in entries


def issue_test_permit(
    config: ExecutionConfig, channel: str, recipient: str, listed: str
) -> contract.LivePermit:
    """A permit to send test messages to one address, which belongs to no run.

    listed: AICMO_TEST_RECIPIENTS, addresses and `@domain`s with commas between them.

    Raises:
        FixConfiguration: the environment doesn't enable execution on this channel, or doesn't
            list the address.
    """
    if not config.execution_enabled:
        raise FixConfiguration(
            "Nothing may be sent from here, not even a test: EXECUTION_ENABLED isn't true",
            next_step="Set EXECUTION_ENABLED=true; approvals still keep the plan from going out.",
        )
    _require_channel(config, channel)
    if not is_test_recipient(recipient, listed):
        raise FixConfiguration(
            "AICMO_TEST_RECIPIENTS doesn't list that address, so no test goes there",
            next_step="Add it, or `@` and its domain; list addresses of your own agency only.",
        )
    return contract.LivePermit(0, channel, key=contract.PERMIT_KEY, only_to=recipient)
