"""Taking away the keys of the gate, and the permit that every transport demands."""

from __future__ import annotations

from typing import Any

from tests.mutation.mutant import Mutant

_GATE = "unit/test_gate.py::"
_TABLE, _BOTH_SIDES = (
    _GATE + "test_truth_table",
    _GATE + "test_a_channel_must_be_allowed_by_both_sides",
)
_SMTP = "contract/test_smtp_gateway.py::TestSmtpGateway::"


def _gate(name: str, prevents: str, text: str, instead: str, *tests: str) -> Mutant:
    return Mutant(name, prevents, "aicmo/execution/gate.py", text, instead, tests)


def _permit(name: str, prevents: str, text: str, instead: str, *tests: str, **more: Any) -> Mutant:
    return Mutant(name, prevents, "aicmo/gateways/contract.py", text, instead, tests, **more)


def _test(name: str, prevents: str, text: str, instead: str, test: str) -> Mutant:
    tests = (f"unit/test_test_send.py::{test}",)
    return Mutant(name, prevents, "aicmo/execution/test_send.py", text, instead, tests)


KEYS = (
    _gate(
        "key: environment", "a run sends where the environment says no",
        "if not (keys.environment_enabled and keys.run_enabled):", "if not keys.run_enabled:",
        _TABLE,
    ),
    _gate(
        "key: run", "a run that wasn't told to send does",
        "if not (keys.environment_enabled and keys.run_enabled):",
        "if not keys.environment_enabled:",
        _TABLE,
    ),
    _gate(
        "key: channel in the environment", "a channel that the environment leaves off is sent on",
        "if not (keys.channel_in_environment and keys.channel_in_run):",
        "if not keys.channel_in_run:",
        _TABLE,
    ),
    _gate(
        "key: channel in the run", "a channel that the run didn't name is sent on",
        "if not (keys.channel_in_environment and keys.channel_in_run):",
        "if not keys.channel_in_environment:",
        _TABLE,
    ),
    _gate(
        "key: dry run", "a dry run sends",
        "return Mode.PREVIEW if keys.dry_run else Mode.LIVE", "return Mode.LIVE",
        _TABLE,
    ),
    _gate(
        "key: EXECUTION_ENABLED is asked", "the variable has no effect",
        "environment_enabled=config.execution_enabled,", "environment_enabled=True,",
        _BOTH_SIDES, "unit/test_rules_bite.py::test_each_key_alone_keeps_a_channel_from_being_live",
    ),
    _gate(
        "key: the run's own is asked", "the parameter has no effect",
        "run_enabled=run_enabled,", "run_enabled=True,",
        _BOTH_SIDES, "unit/test_rules_bite.py::test_each_key_alone_keeps_a_channel_from_being_live",
    ),
    _gate(
        "key: dry_run is asked", "the parameter has no effect",
        "dry_run=dry_run,", "dry_run=False,",
        _BOTH_SIDES, "unit/test_rules_bite.py::test_each_key_alone_keeps_a_channel_from_being_live",
    ),
    _gate(
        "key: EXECUTION_CHANNELS is asked", "the variable has no effect",
        "channel_in_environment=channel in config.channels_enabled,",
        "channel_in_environment=True,",
        _BOTH_SIDES,
    ),
    _gate(
        "key: the run's channels are asked", "the parameter has no effect",
        "channel_in_run=run_channels is None or channel in set(run_channels),",
        "channel_in_run=True,",
        _BOTH_SIDES,
    ),
    _gate(
        "permit: live mode only", "a preview gets a way to a transport",
        "    if mode is not Mode.LIVE:\n"
        '        raise PermissionError(f"no permit to send on {channel}: the mode is {mode}")\n', "",
        _GATE + "test_no_permit_without_live",
    ),
    _gate(
        "permit: asking is enabled, too", "a provider is asked where the environment says no",
        "if not (config.execution_enabled and channel in config.channels_enabled):",
        "if not config:",
        "unit/test_reconciling.py::test_a_channel_that_is_not_enabled_is_told",
    ),
    _gate(
        "permit: asking sends nothing", "reconciling could send",
        'enable it")\n    return contract.LivePermit(0, channel, key=contract.PERMIT_KEY, may_send=False)',
        'enable it")\n    return contract.LivePermit(0, channel, key=contract.PERMIT_KEY)',
        "unit/test_reconciling.py::test_a_gateway_that_asks_can_not_send",
    ),
)  # fmt: skip

PERMITS = (
    _permit(
        "permit: made by the gate only", "anybody makes a permit",
        "if key is not PERMIT_KEY:", "if key is None:",
        "unit/test_rules_bite.py::test_only_the_gate_s_key_makes_a_permit",
    ),
    _permit(
        "permit: nothing else opens a gateway", "an object that looks like a permit opens one",
        "if not isinstance(permit, LivePermit):", "if permit is None:",
        "unit/test_rules_bite.py::test_what_only_looks_like_a_permit_opens_nothing",
    ),
    _permit(
        "permit: its own channel", "a permit for posts sends email",
        'if getattr(permit, "channel", None) != self.channel:', "if permit is None:",
        _SMTP + "test_a_permit_opens_its_own_channel_only",
    ),
    _permit(
        "permit: may send", "a gateway that was opened to ask sends",
        "if not self.permit.may_send:", "if self.permit is None:",
        "contract/test_effect_gateways.py::test_a_permit_to_ask_does_not_send",
    ),
    _permit(
        "gateway: the unforeseen is a doubt", "a message that went out counts as not sent",
        "return Outcome(OutcomeKind.UNKNOWN, code=type(error).__name__)",
        "return Outcome(OutcomeKind.NOT_SENT, code=type(error).__name__)",
        "unit/test_rules_bite.py::test_an_unforeseen_failure_of_a_gateway_is_a_doubt",
    ),
    _permit(
        "gateway: an end ends the batch", "a relay that is gone is tried for every message",
        "outcome = ended or self._send_or_doubt(outgoing, still_allowed)",
        "outcome = self._send_or_doubt(outgoing, still_allowed)",
        "unit/test_sending.py::test_a_refused_login_pauses_the_account_and_burns_no_delivery",
    ),
    _permit(
        "gateway: send deadline", "a worker that was frozen sends what was sent again meanwhile",
        "return time.monotonic() > self.deadline", "return False",
        _SMTP + "test_nothing_is_committed_after_the_deadline",
        rule="send-deadline",
    ),
)  # fmt: skip

TESTS = (
    _gate(
        "test: environment", "a test goes out where the environment says no",
        "    if not config.execution_enabled:\n        raise FixConfiguration(\n"
        '            "Nothing may be sent',
        '    if not config:\n        raise FixConfiguration(\n            "Nothing may be sent',
        _GATE + "test_truth_table_of_a_test_message",
    ),
    _gate(
        "recall: environment", "a post is deleted where the environment says no",
        "    if not config.execution_enabled:\n        raise FixConfiguration(\n"
        '            f"Nothing may be {what}',
        '    if not config:\n        raise FixConfiguration(\n            f"Nothing may be {what}',
        "unit/test_recalling.py::test_the_environment_must_allow_it",
    ),
    _gate(
        "test: channel", "a test goes out on a channel that the environment leaves off",
        "    if channel not in config.channels_enabled:\n", "    if not channel:\n",
        _GATE + "test_truth_table_of_a_test_message",
    ),
    _gate(
        "test: listed recipients only", "a test goes to a client's customer",
        "    if not is_test_recipient(recipient, listed):\n", "    if not recipient:\n",
        _GATE + "test_truth_table_of_a_test_message",
    ),
    _gate(
        "test: an address is listed as a whole", "a test goes to an address that looks alike",
        "return mailbox in entries or", "return mailbox in listed.lower() or",
        _GATE + "test_who_may_get_a_test_message",
    ),
    _test(
        "test: pause", "a test goes out during a pause",
        "    _require_unpaused(database, wanted.project_id)\n", "",
        "test_a_pause_stops_tests_too",
    ),
    _test(
        "test: pause at the last byte", "a pause doesn't stop the test that is under way",
        "return recipient == self.permit.only_to and not paused",
        "return recipient == self.permit.only_to",
        "test_what_changes_before_the_last_byte_still_stops_it",
    ),
    _test(
        "test: keys at the last byte", "a test goes out after its key was taken away",
        "            gate.issue_test_permit(now.config, Channel.EMAIL, recipient, now.recipients)\n",
        "            del now\n",
        "test_what_changes_before_the_last_byte_still_stops_it",
    ),
    _test(
        "test: its one recipient", "a test goes to somebody else who is listed",
        "return recipient == self.permit.only_to and not paused", "return not paused",
        "test_it_goes_to_its_own_address_though_others_are_listed",
    ),
    Mutant(
        "test: no copy for the archive", "a test goes to an address besides its own",
        "aicmo/gateways/smtp.py",
        'copies_to = "" if permit.only_to else journal_address or ""',
        'copies_to = journal_address or ""',
        ("unit/test_test_send.py::test_no_copy_of_a_test_goes_to_the_archive",),
    ),
    _test(
        "test: twenty an hour", "tests become a way around approval",
        ">= PER_HOUR:", "> 2 * PER_HOUR:",
        "test_an_hour_has_room_for_twenty",
    ),
    _test(
        "test: the books stay as they are", "a test counts as a try of a delivery",
        "            self._write(session, audit.Event.EMAIL_TEST_BEGUN)\n",
        "            self._write(session, audit.Event.EMAIL_TEST_BEGUN)\n"
        "            session.connection().exec_driver_sql('UPDATE delivery SET attempts = 1')\n",
        "test_a_test_reaches_its_one_recipient_and_leaves_the_books_as_they_were",
    ),
    _test(
        "test: its tokens are nobody's", "a test's bounce or unsubscribe is taken for a contact's",
        'token = f"test-{secrets.token_hex(16)}"', 'token = "test-of-an-email"',
        "test_its_tokens_are_no_delivery_s",
    ),
)  # fmt: skip

MUTANTS = (*KEYS, *PERMITS, *TESTS)
