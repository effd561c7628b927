"""Taking away what makes SMTP send at most once, and never in the clear."""

from __future__ import annotations

from typing import Any

from tests.mutation.mutant import Mutant

_TESTS = "contract/test_smtp_gateway.py::"
_EVERY = _TESTS + "TestSmtpGateway::"
_MODES = _EVERY + "test_one_call_is_one_transmission_and_an_honest_outcome"
_POOL = "contract/test_smtp_pool.py::"
_FAULTS = _POOL + "test_a_fault_touches_its_own_message_only"
_MEANING = "unit/test_smtp_replies.py::"
_LATER = "unit/test_rules_bite_after_arming.py::"


def _in(file: str) -> Any:
    def of(name: str, prevents: str, text: str, instead: str, *tests: str, **more: Any) -> Mutant:
        return Mutant(name, prevents, f"aicmo/gateways/{file}", text, instead, tests, **more)

    return of


_smtp, _session, _replies = _in("smtp.py"), _in("smtp_session.py"), _in("smtp_replies.py")
_pool, _connection, _queue = _in("smtp_pool.py"), _in("smtp_connection.py"), _in("smtp_queue.py")
_letter, _reader = _in("smtp_letter.py"), _in("smtp_reader.py")

MUTANTS = (
    _pool(
        "smtp: deadline directly before the dot", "a worker that hung in the last question sends",
        "        if letter is None or self._gave_up_late(connection):",
        "        if letter is None:",
        _EVERY + "test_nothing_is_committed_after_the_deadline",
        rule="deadline-last",
    ),
    _queue(
        "smtp: deadline before anything", "a late batch opens a connection for every message",
        "        found = LATE if outgoing.is_late() else self._prepared(outgoing)",
        "        found = self._prepared(outgoing)",
        _LATER + "test_a_late_batch_costs_no_delivery_a_try",
        behind="smtp: deadline before an envelope",
        because="a message that waited for its turn has grown late after it was pulled",
    ),
    _queue(
        "smtp: deadline before an envelope", "nobody whose time is over is named to the relay",
        "        if letter.outgoing.is_late():\n", "        if letter is None:\n",
        _POOL + "test_nobody_waits_for_a_pace_beyond_the_deadline",
    ),
    _pool(
        "smtp: still allowed", "a pause, or a journal that can't be written, doesn't stop the dot",
        "        if id(letter.outgoing) not in allowed:", "        if allowed is None:",
        _EVERY + "test_what_is_no_longer_allowed_is_not_sent",
    ),
    _pool(
        "smtp: what can't be asked isn't allowed", "without a database, messages go on going out",
        "            return set()", "            return {id(each) for each in group}",
        _EVERY + "test_a_check_that_fails_allows_nothing",
    ),
    _pool(
        "smtp: a look at the server before the dot", "what it said early counts as the answer",
        "            if key.data.stage is Stage.DOT:\n", "            if key.data is None:\n",
        _POOL + "test_a_server_that_speaks_before_the_dot_gets_none",
    ),
    _connection(
        "smtp: hang up without the dot", "the next message is written into the open one",
        "        self._desk.answer(letter, outcome)\n"
        "        if self.committed is None:\n            self.close()",
        "        self._desk.answer(letter, outcome)\n"
        "        if self.committed is None:\n            self.stage = Stage.IDLE",
        _LATER + "test_after_a_last_question_that_said_no_the_next_message_has_its_own_connection",
        behind="smtp: a used connection is asked first",
        because="RSET finds the open message only when its time is up, up to two minutes later",
    ),
    _connection(
        "smtp: a used connection is asked first", "a connection that has ended costs a message",
        "        if opened and not was_asked:\n", "        if opened and opened is committed:\n",
        _TESTS + "test_a_connection_the_server_closed_meanwhile_costs_nothing",
    ),
    _connection(
        "smtp: dot on its own", "the message goes out before it was allowed",
        "            self._write(letter.body)\n", '            self._write(letter.body + b".\\r\\n")\n',
        _EVERY + "test_what_is_no_longer_allowed_is_not_sent",
    ),
    _connection(
        "smtp: a lost answer is a doubt", "a message that went out is sent again",
        "doubt = Outcome(OutcomeKind.UNKNOWN, detail=cause)",
        "doubt = Outcome(OutcomeKind.NOT_SENT, detail=cause)",
        _MODES,
    ),
    _connection(
        "smtp: no repeat", "a lost answer makes two messages",
        "self._desk.answer(committed, self._with_note(doubt))",
        "self._desk.put_back(committed)",
        _MODES + "[apply, then close]",
        hangs=True,
    ),
    _connection(
        "smtp: own connection after a doubt", "an answer is taken for the next message's",
        "        is_in_step = outcome.kind not in (OutcomeKind.UNKNOWN, OutcomeKind.NOT_SENT)",
        "        is_in_step = outcome.kind is not None",
        _TESTS + "test_after_a_doubt_the_next_message_has_its_own_connection",
    ),
    _connection(
        "smtp: no dot for nobody", "an empty invitation makes a message to nobody",
        "        if self._is_data_open or refused.kind is OutcomeKind.NOT_SENT:",
        "        if refused.kind is OutcomeKind.NOT_SENT:",
        _POOL + "test_a_server_that_invites_a_body_for_nobody_gets_no_dot",
        behind="smtp: a used connection is asked first",
        because="RSET finds the open invitation only when its time is up",
    ),
    _connection(
        "smtp: a refusal is kept whatever follows", "a refused message gets its body all the same",
        "        self._refused = self._refused or refusal(step, reply)\n",
        "        self._refused = None\n",
        _POOL + "test_a_server_that_invites_a_body_for_nobody_gets_no_dot",
    ),
    _connection(
        "smtp: no answer before its question", "a reply given early counts for the dot",
        "        if not self._awaited:\n            self._take_unasked(code, text)\n            return\n",
        "        if not self._awaited:\n            return\n",
        _TESTS + "test_an_answer_given_before_the_dot_is_not_taken_for_the_answer_to_it",
        _POOL + "test_a_server_that_speaks_before_the_dot_gets_none",
    ),
    _connection(
        "smtp: no reply is begun before its question", "an early 250 in two pieces counts for the dot",
        "            if self.stage is Stage.DOT and self._socket.has_rest:\n",
        "            if events & EVENT_READ and self.stage is Stage.DOT and self._socket.has_rest:\n",
        _POOL + "test_what_a_server_begins_to_say_before_the_dot_is_not_the_answer_to_it",
    ),
    _pool(
        "smtp: permission directly before the dot", "a pause doesn't stop dots while others are signed",
        "        riders = [self._rider(each) for each in asked]\n"
        "        allowed = self._ask(still_allowed, asked)\n",
        "        allowed = self._ask(still_allowed, asked)\n"
        "        riders = [self._rider(each) for each in asked]\n",
        _POOL + "test_nothing_takes_time_between_the_last_permission_and_the_dot",
    ),
    _connection(
        "smtp: a byte is no reply", "a byte at a time holds a message until its deadline",
        "                if replies and self.stage is Stage.ENVELOPE:\n",
        "                if self.stage is Stage.ENVELOPE:\n",
        _POOL + "test_a_byte_now_and_then_wins_no_time_before_the_dot",
        hangs=True,
    ),
    _connection(
        "smtp: envelopes ride only where it is offered", "commands are lost, answers mixed up",
        "        if self.offered.pipelining:\n", "        if self.offered:\n",
        _POOL + "test_the_next_envelope_rides_with_the_dot_where_that_is_offered",
    ),
    _pool(
        "smtp: nothing rides after a doubt", "one more doubt than the breaker would have let",
        "connection.offered.pipelining and not self._queue.is_doubtful",
        "connection.offered.pipelining",
        _POOL + "test_after_doubts_nothing_rides_until_one_is_sent",
    ),
    _pool(
        "smtp: what ends the batch stops the others", "a refused account burns the whole list",
        "        if self._queue.ending:\n            self._end(self._queue.ending)\n            return\n",
        "",
        _POOL + "test_who_waits_for_a_turn_is_told_when_the_batch_ends",
    ),
    _pool(
        "smtp: left early it hangs up", "a message of an old batch gets its dot in the next",
        "                if connection.is_busy:\n                    connection.close()",
        "                if connection is None:\n                    connection.close()",
        _POOL + "test_left_early_it_hangs_up_and_the_next_batch_begins_anew",
        hangs=True,
    ),
    _letter(
        "smtp: dots are stuffed", "a line with a dot ends the message, and its rest is commands",
        'stuffed = whole.replace(b"\\n.", b"\\n..")', "stuffed = whole",
        _TESTS + "test_the_server_gets_exactly_the_approved_bytes",
    ),
    _letter(
        "smtp: no bare line breaks", "a text smuggles a second message in",
        "    if _has_bare_line_break(payload):\n", "    if not payload:\n",
        _TESTS + "test_what_cannot_be_carried_safely_never_reaches_data",
    ),
    _smtp(
        "smtp: encrypted beyond this machine", "password and mail go in the clear",
        'if relay.tls == "none" and not is_loopback(relay.host):', "if not relay.host:",
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
        "smtp: a reply is bounded as a whole", "a byte at a time holds a request for ever",
        "        left = self._reply_by - time.monotonic()\n", "        left = 0.3\n",
        _MODES + "[drip at connect]",
        hangs=True,
    ),
    _reader(
        "smtp: a reply that contradicts itself is none", "`no` in two lines counts as yes",
        "codes.pop() if len(codes) == 1 else NO_REPLY", "_code(self._lines[0])",
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
    _replies(
        "smtp: a refused sender is the account's trouble", "the whole list fails for good",
        "    _Rule(_SENDER, _5YZ, (), _OF_ACCOUNT, Scope.DELIVERY),",
        "    _Rule(_SENDER, _5YZ, (), _FOR_GOOD, Scope.DELIVERY),",
        _MEANING + "test_what_a_refusal_means",
    ),
)  # fmt: skip
