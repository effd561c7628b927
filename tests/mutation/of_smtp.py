"""Taking away what makes SMTP send at most once, and never in the clear."""

from __future__ import annotations

from typing import Any

from tests.mutation.mutant import Mutant

_TESTS = "contract/test_smtp_gateway.py::"
_EVERY = _TESTS + "TestSmtpGateway::"
_MODES = _EVERY + "test_one_call_is_one_transmission_and_an_honest_outcome"
_LATER = "unit/test_rules_bite_after_arming.py::"


def _in(file: str) -> Any:
    def of(name: str, prevents: str, text: str, instead: str, *tests: str, **more: Any) -> Mutant:
        return Mutant(name, prevents, f"aicmo/gateways/{file}", text, instead, tests, **more)

    return of


_smtp, _session, _replies = _in("smtp.py"), _in("smtp_session.py"), _in("smtp_replies.py")

MUTANTS = (
    _smtp(
        "smtp: deadline directly before the dot", "a worker that hung in the last question sends",
        "        if outgoing.is_late():\n            refused =",
        "        if outgoing is None:\n            refused =",
        _EVERY + "test_nothing_is_committed_after_the_deadline",
        rule="deadline-last",
    ),
    _smtp(
        "smtp: deadline before anything", "a late batch opens a connection for every message",
        '        if outgoing.is_late():\n            return _not_sent("past its deadline"',
        '        if outgoing is None:\n            return _not_sent("past its deadline"',
        _EVERY + "test_nothing_is_committed_after_the_deadline",
        _LATER + "test_a_late_batch_costs_no_delivery_a_try",
    ),
    _smtp(
        "smtp: still allowed", "a pause, or a journal that can't be written, doesn't stop the dot",
        'None if still_allowed([outgoing]) else _not_sent("no longer allowed", Scope.DELIVERY)',
        "None",
        _EVERY + "test_what_is_no_longer_allowed_is_not_sent",
    ),
    _smtp(
        "smtp: hang up without the dot", "the next message is written into the open one",
        "        if refused:\n            self._hang_up()\n        return refused",
        "        return refused",
        _LATER + "test_after_a_last_question_that_said_no_the_next_message_has_its_own_connection",
        behind="smtp: a used connection is asked first",
        because="RSET finds the open message only when its time is up, up to a minute later",
    ),
    _smtp(
        "smtp: a used connection is asked first", "a connection that has ended costs a message",
        "if self._session and self._is_alive(self._session, outgoing):", "if self._session:",
        _TESTS + "test_a_connection_the_server_closed_meanwhile_costs_nothing",
    ),
    _smtp(
        "smtp: dot on its own", "the message goes out before it was allowed",
        "session.write(_dot_stuffed(outgoing.payload))",
        'session.write(_dot_stuffed(outgoing.payload) + b".\\r\\n")',
        _EVERY + "test_what_is_no_longer_allowed_is_not_sent",
    ),
    _smtp(
        "smtp: a lost answer is a doubt", "a message that went out is sent again",
        "outcome = Outcome(OutcomeKind.UNKNOWN, detail=_cause(error))",
        "outcome = Outcome(OutcomeKind.NOT_SENT, detail=_cause(error))",
        _MODES,
    ),
    _smtp(
        "smtp: no repeat", "a lost answer makes two messages",
        "return refused or self._commit(outgoing)",
        "outcome = refused or self._commit(outgoing)\n"
        "        if outcome.kind is OutcomeKind.UNKNOWN:\n"
        "            return self._bring_to_the_dot(outgoing, still_allowed) or "
        "self._commit(outgoing)\n"
        "        return outcome",
        _MODES,
    ),
    _smtp(
        "smtp: own connection after a doubt", "an answer is taken for the next message's",
        "is_in_step = outcome.kind not in (OutcomeKind.UNKNOWN, OutcomeKind.NOT_SENT)",
        "is_in_step = outcome.kind is not None",
        _TESTS + "test_after_a_doubt_the_next_message_has_its_own_connection",
    ),
    _smtp(
        "smtp: dots are stuffed", "a line with a dot ends the message, and its rest is commands",
        'stuffed = whole.replace(b"\\r\\n.", b"\\r\\n..")', "stuffed = whole",
        _TESTS + "test_the_server_gets_exactly_the_approved_bytes",
    ),
    _smtp(
        "smtp: no bare line breaks", "a text smuggles a second message in",
        "    if _BARE_LINE_BREAK.search(outgoing.payload):\n", "    if not outgoing.payload:\n",
        _TESTS + "test_what_cannot_be_carried_safely_never_reaches_data",
    ),
    _smtp(
        "smtp: encrypted beyond this machine", "password and mail go in the clear",
        'if relay.tls == "none" and not _is_loopback(relay.host):', "if not relay.host:",
        _TESTS + "test_a_relay_beyond_this_machine_needs_encryption",
    ),
    _smtp(
        "smtp: the quiet period covers the request", "`absent` while it is still on its way",
        "timing = Timing(send_deadline=120, request_bound=620, quiet=1240)",
        "timing = Timing(send_deadline=120, request_bound=620, quiet=620)",
        _LATER + "test_the_bounds_of_smtp_add_up",
    ),
    _session(
        "smtp: the answer's time is within the bound", "a request outlives its lease",
        "    answer: float = 600\n", "    answer: float = 900\n",
        _LATER + "test_the_bounds_of_smtp_add_up",
    ),
    _session(
        "smtp: STARTTLS or nothing", "password and mail go in the clear",
        '        if not self.has_extn("starttls"):\n', "        if self.sock is None:\n",
        _TESTS + "test_without_starttls_nothing_is_said_in_the_clear",
    ),
    _session(
        "smtp: no answer before its question", "a reply given early counts for the dot",
        "if self.sock is None or self._unread:\n            raise ConnectionError\n        self._reply_by",
        "if self.sock is None:\n            raise ConnectionError\n        self._reply_by",
        _TESTS + "test_an_answer_given_before_the_dot_is_not_taken_for_the_answer_to_it",
    ),
    _session(
        "smtp: a reply is bounded as a whole", "a byte at a time holds a request for ever",
        "            left = self._reply_by - time.monotonic()\n", "            left = 0.3\n",
        _MODES + "[drip at connect]",
        hangs=True,
    ),
    _session(
        "smtp: a reply that contradicts itself is none", "`no` in two lines counts as yes",
        "codes.pop() if len(codes) == 1 else -1", "_read_code(lines[0])",
        _MODES,
    ),
    _replies(
        "smtp: only 250 is sent", "an unclear answer counts as sent",
        "    if reply.code == 250:", "    if reply.code > 0:",
        _MODES,
    ),
    _replies(
        "smtp: an unclear answer is a doubt", "a message that went out is sent again",
        'return Outcome(OutcomeKind.UNKNOWN, detail=f"no clear answer at {step}")',
        'return Outcome(OutcomeKind.NOT_SENT, detail=f"no clear answer at {step}")',
        _MODES,
    ),
)  # fmt: skip
