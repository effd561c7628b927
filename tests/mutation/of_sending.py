"""Taking away what is done around each transmission, and what its answer does."""

from __future__ import annotations

from typing import Any

from tests.mutation.mutant import Mutant

_BETWEEN = "unit/test_doubts_and_changes.py::"
_SENDING = "unit/test_sending.py::"
_INTERRUPTION = _BETWEEN + "test_an_interruption_leaves_a_doubt_only_where_a_byte_had_gone"
_LATER = "unit/test_rules_bite_after_arming.py::"


def _in(file: str) -> Any:
    def of(name: str, prevents: str, text: str, instead: str, *tests: str, **more: Any) -> Mutant:
        return Mutant(name, prevents, f"aicmo/execution/{file}", text, instead, tests, **more)

    return of


_permission, _handing, _dispatch = _in("permission.py"), _in("handing_over.py"), _in("dispatch.py")
_settling, _breaker, _watchdog = _in("settling.py"), _in("breaker.py"), _in("watchdog.py")
_attempts, _composing = _in("attempts.py"), _in("composing.py")

PERMISSION = (
    _permission(
        "last question: asked", "a pause doesn't stop a run in progress",
        "            refused = self._objections(ids)\n", "            refused = {}\n",
        _SENDING + "test_a_pause_in_the_middle_stops_before_the_next_message",
    ),
    _permission(
        "last question: the database must answer", "what can't be asked goes out",
        'refused = self._stop(ids, "', 'refused = {} and ("',
        _LATER + "test_what_was_allowed_stands_in_the_journal_and_what_was_not_does_not",
    ),
    _permission(
        "last question: the journal must take it", "what isn't recorded goes out",
        'refused = self._stop(ids, f"', 'refused = {} and (f"',
        "unit/test_journal.py::test_without_its_journal_a_run_sends_nothing_more",
    ),
    _permission(
        "last question: begin", "after a kill, a message that went out seems untouched",
        "                self._journal.begin(*allowed)\n", "                pass\n",
        _LATER + "test_what_was_allowed_stands_in_the_journal_and_what_was_not_does_not",
        rule="begin-first",
    ),
    _permission(
        "last question: a pause ends the run", "every armed delivery is asked about, for nothing",
        "                self.stopped_by = reason\n", "                pass\n",
        _LATER + "test_what_changes_after_arming_stops_it_before_its_byte",
    ),
    _permission(
        "last question: its own project", "a pause of another client stops this one",
        '        or_(Pause.project_id == "", Pause.project_id == project_id),\n', "",
        _LATER + "test_the_last_question_is_about_its_own_project_and_channel",
    ),
    _permission(
        "last question: its own channel", "a pause of another channel stops this one",
        '        or_(Pause.channel == "", Pause.channel == channel),\n', "",
        _LATER + "test_the_last_question_is_about_its_own_project_and_channel",
    ),
)  # fmt: skip

HANDING_OVER = (
    _handing(
        "batch: nothing more after a stop", "a pause costs the rest of the batch a request each",
        "not (self.permission.stopped_by or self.breaker.reason)", "not self.breaker.reason",
        _LATER + "test_after_a_pause_only_who_is_at_hand_is_still_named_to_the_relay",
    ),
    _handing(
        "batch: our own refusal is no try", "an opt-out in the middle costs a delivery its tries",
        "if reason := self.permission.refused.get(outgoing.delivery_id):", 'if reason := "":',
        _LATER + "test_who_leaves_in_the_middle_of_a_batch_is_not_written_to",
    ),
    _handing(
        "batch: nothing more after the breaker", "a broken connection puts a whole batch in doubt",
        "not (self.permission.stopped_by or self.breaker.reason)", "not self.permission.stopped_by",
        "unit/test_breaker.py::test_three_requests_in_a_row_without_an_answer_stop_the_run",
    ),
    _handing(
        "batch: the untouched go back", "an interrupted batch is in doubt wholly",
        "            batch.answers[outgoing.delivery_id] = _UNTOUCHED\n", "            pass\n",
        _INTERRUPTION,
    ),
    _handing(
        "batch: begun is a doubt", "Ctrl-C after the byte, and it goes out again",
        "_IN_DOUBT if begun else _UNTOUCHED", "_UNTOUCHED",
        _INTERRUPTION,
    ),
    _handing(
        "batch: not begun is none", "Ctrl-C before the byte leaves a doubt for a person",
        "_IN_DOUBT if begun else _UNTOUCHED", "_IN_DOUBT",
        _INTERRUPTION,
    ),
    _handing(
        "batch: answers are journalled", "after a kill, what was answered is in doubt",
        "        self.journal.answer(outgoing.delivery_id, outcome)\n", "",
        "unit/test_replaying.py::test_a_worker_killed_inside_a_request_leaves_one_doubt",
    ),
    _handing(
        "batch: the watchdog watches", "a request that hangs holds its delivery for ever",
        "            self.watchdog.start()\n            yield outgoing",
        "            yield outgoing",
        "unit/test_watchdog.py::test_a_hanging_request_ends_its_process_and_is_the_only_doubt",
        hangs=True,
        rule="bounded-request",
    ),
    _handing(
        "breaker: hears of every answer", "a broken connection puts a whole list in doubt",
        "        self.breaker.note(outcome)\n", "",
        "unit/test_breaker.py::test_three_requests_in_a_row_without_an_answer_stop_the_run",
    ),
    _breaker(
        "breaker: unanswered", "a broken connection puts a whole list in doubt",
        "if self._unknown >= UNKNOWN_IN_A_ROW:", "if self._unknown < 0:",
        "unit/test_breaker.py::test_three_requests_in_a_row_without_an_answer_stop_the_run",
    ),
    _breaker(
        "breaker: failures", "a provider that is down is tried for the whole list",
        "elif self._failed >= FAILURES_IN_A_ROW:", "elif self._failed < 0:",
        "unit/test_breaker.py::test_ten_refusals_in_a_row_stop_the_run",
    ),
    _breaker(
        "breaker: in a row", "three failures among thousands stop a channel",
        "self._unknown = self._unknown + 1 if outcome.kind is OutcomeKind.UNKNOWN else 0",
        "self._unknown += outcome.kind is OutcomeKind.UNKNOWN",
        "unit/test_breaker.py::test_recipients_without_an_answer_among_good_ones_stop_nothing",
    ),
    _dispatch(
        "breaker: the account cools down", "the next worker goes on with the broken connection",
        "            settling.let_account_wait(session, mover, armed.account_id, until, reason)\n",
        "            del session\n",
        "unit/test_breaker.py::test_three_requests_in_a_row_without_an_answer_stop_the_run",
    ),
    _composing(
        "compose: a doubt stays one", "a doubt that can't be composed any more looks unsent",
        "guards.REPEAT_LATER if ambiguous else held", "held",
        "unit/test_runs_end.py::test_a_doubt_that_can_not_be_composed_any_more_stays_a_doubt",
    ),
    _dispatch(
        "restore: seen before anything is sent", "a restore in the middle of a run is missed",
        "            remember_head(self.database, self.plan.project_id, *armed.head)\n",
        "            pass\n",
        _LATER + "test_a_backup_from_before_the_sending_is_told_although_the_run_was_open",
    ),
    _watchdog(
        "watchdog: bound", "a request that hangs holds its delivery for ever",
        "time.monotonic() - since > self._bound:", "time.monotonic() - since < 0:",
        "unit/test_watchdog.py::test_a_hanging_request_ends_its_process_and_is_the_only_doubt",
        hangs=True,
    ),
    _watchdog(
        "watchdog: ends the process", "a request that hangs holds its delivery for ever",
        "                os._exit(EXIT_STATUS)\n", "                return\n",
        "unit/test_watchdog.py::test_a_hanging_request_ends_its_process_and_is_the_only_doubt",
        hangs=True,
    ),
)  # fmt: skip

SETTLING = (
    _settling(
        "settle: fence", "a late refusal of the first try marks the second as failed",
        "reason=following.reason, fence=fence, values=values,",
        "reason=following.reason, values=values,",
        _LATER + "test_an_answer_counts_under_its_own_fence_only",
        rule="fence",
    ),
    _settling(
        "settle: fence of a late answer", "an answer to another claim closes this doubt",
        "session, mover, ids, State.UNKNOWN, State.SENT, fence=fence, values=values",
        "session, mover, ids, State.UNKNOWN, State.SENT, values=values",
        _LATER + "test_an_answer_counts_under_its_own_fence_only",
    ),
    _attempts(
        "settle: an attempt's own answer", "an answer is kept with somebody else's attempt",
        'held = _ATTEMPT.c.fence == bindparam("held", type_=BigInteger)',
        'held = _ATTEMPT.c.fence >= 0 * bindparam("held", type_=BigInteger)',
        _LATER + "test_an_answer_counts_under_its_own_fence_only",
    ),
    _settling(
        "settle: a refusal after a doubt proves nothing", "what went out is reported as failed",
        "    if delivery.ambiguous:\n        return _Next(State.UNKNOWN, reason, ambiguous=True)\n",
        "",
        "unit/test_repeating.py::test_a_refusal_of_the_repetition_proves_nothing",
        rule="refusal-no-proof",
    ),
    _settling(
        "settle: beyond the delivery, no try", "a relay that is down uses up the tries",
        "if beyond or outcome.kind is OutcomeKind.REFUSED_ACCOUNT:",
        "if outcome.kind is OutcomeKind.REFUSED_ACCOUNT:",
        _SENDING + "test_a_relay_that_is_down_ends_the_run_and_costs_no_attempt",
    ),
    _settling(
        "settle: late, only sent counts", "a late refusal takes back what may have gone out",
        "if following.state is State.SENT and len(moved) < len(ids):", "if len(moved) < len(ids):",
        _BETWEEN + "test_a_late_answer_closes_a_doubt_and_opens_nothing",
        rule="late-answer",
    ),
    _settling(
        "settle: late, sent does count", "a doubt stays although its answer came",
        "if following.state is State.SENT and len(moved) < len(ids):", "if not ids:",
        _BETWEEN + "test_a_late_answer_closes_a_doubt_and_opens_nothing",
    ),
    _settling(
        "settle: most attempts", "a refused delivery is tried without end",
        "    if tries >= MAX_ATTEMPTS:\n", "    if tries < 0:\n",
        _SENDING + "test_after_five_refusals_it_fails_with_the_reason",
    ),
    _settling(
        "settle: back-off", "what was refused for now is tried again at once",
        "outcome.not_before or now + backoff)", "None)",
        _SENDING + "test_a_refusal_for_now_is_tried_again_later_and_not_at_once",
    ),
    _settling(
        "settle: account pauses", "a refused log-in is tried until the provider locks it",
        '        pause_account(session, mover, delivery.account_id, outcome.code or "refused")\n',
        "        pass\n",
        _SENDING + "test_a_refused_login_pauses_the_account_and_burns_no_delivery",
    ),
    _settling(
        "settle: account waits", "a provider that asked for patience is asked again at once",
        "elif outcome.scope is not Scope.DELIVERY and outcome.not_before:",
        "elif not outcome:",
        "unit/test_limits.py::test_a_provider_that_asks_for_time_gets_it_from_every_worker",
    ),
    _settling(
        "settle: a wait isn't shortened", "the shorter of two waits wins",
        "Account.id == account_id, or_(Account.not_before.is_(None), Account.not_before < until)",
        "Account.id == account_id, or_(Account.not_before.is_(None), Account.id == account_id)",
        "unit/test_limits.py::test_a_shorter_wait_never_shortens_a_longer_one",
    ),
    _settling(
        "settle: suppression of a dead address", "the next campaign writes there again",
        "if outcome.suppress and delivery.contact_id is not None:", "if delivery.id < 0:",
        _SENDING + "test_an_address_that_does_not_exist_fails_and_is_suppressed",
    ),
    _settling(
        "settle: a duplicate without a doubt is one", "a token of somebody else counts as sent",
        "is_answer = delivery.ambiguous and outcome.ref", "is_answer = outcome.ref",
        "unit/test_repeating.py::test_that_it_has_what_was_never_tried_is_a_doubt",
    ),
    _settling(
        "settle: a duplicate names itself", "`duplicate` alone counts as sent",
        "is_answer = delivery.ambiguous and outcome.ref", "is_answer = delivery.ambiguous",
        "unit/test_repeating.py::test_that_it_has_something_without_saying_what_answers_nothing",
    ),
    _settling(
        "settle: no repeat after the window", "a repeat with a forgotten token",
        "repeatable_until is not None and now < repeatable_until and tries",
        "repeatable_until is not None and tries",
        _LATER + "test_a_doubt_comes_again_within_its_window_and_its_tries",
    ),
    _settling(
        "settle: no repeat after the last try", "a doubt is repeated without end",
        "now < repeatable_until and tries < MAX_ATTEMPTS", "now < repeatable_until",
        _LATER + "test_a_doubt_comes_again_within_its_window_and_its_tries",
    ),
    _settling(
        "settle: a doubt is ambiguous", "a later refusal counts as proof",
        "not_before=again_at)\n    return _Next(State.UNKNOWN, reason, ambiguous=True)",
        "not_before=again_at)\n    return _Next(State.UNKNOWN, reason)",
        _LATER + "test_a_doubt_comes_again_within_its_window_and_its_tries",
    ),
    _settling(
        "settle: a repeat is ambiguous", "a refusal of the repeat hides the first message",
        "return _Next(State.PENDING, reason, ambiguous=True, not_before=again_at)",
        "return _Next(State.PENDING, reason, not_before=again_at)",
        _LATER + "test_a_doubt_comes_again_within_its_window_and_its_tries",
    ),
    _settling(
        "settle: the answer is on record", "nobody can tell what came back",
        "        attempts.complete(session, fence, answers, mover.at)\n", "",
        _SENDING + "test_the_audit_log_counts_what_each_run_sent_itself",
    ),
)  # fmt: skip

MUTANTS = (*PERMISSION, *HANDING_OVER, *SETTLING)
