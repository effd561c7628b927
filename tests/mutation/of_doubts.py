"""Taking away what closes a doubt, and what a person may open, call off or release again."""

from __future__ import annotations

from typing import Any

from tests.mutation.mutant import Mutant

_ASKING, _DOUBTS = "unit/test_reconciling.py::", "unit/test_doubts.py::"
_RETRYING, _RESTORING = "unit/test_retrying.py::", "unit/test_restoring.py::"
_CANCELLING = "unit/test_cancelling.py::"
_LATER = "unit/test_rules_bite_after_arming.py::"


def _in(file: str) -> Any:
    def of(name: str, prevents: str, text: str, instead: str, *tests: str, **more: Any) -> Mutant:
        return Mutant(name, prevents, f"aicmo/execution/{file}", text, instead, tests, **more)

    return of


_asking, _reconciling, _deciding = _in("asking.py"), _in("reconciling.py"), _in("deciding.py")
_cancelling, _retrying = _in("cancelling.py"), _in("retrying.py")
_restoring, _watermarks = _in("restoring.py"), _in("watermarks.py")

ASKING = (
    _asking(
        "reconcile: quiet period", "`absent` although the request is still on its way",
        "    if asked_at < trusted_from:\n", "    if asked_at < doubt.since:\n",
        _ASKING + "test_nobody_is_asked_before_the_answer_can_be_trusted",
        rule="quiet",
    ),
    _asking(
        "reconcile: two looks", "one wrong `absent` makes a duplicate",
        "    if asked_at < again_at:\n", "    if asked_at < trusted_from:\n",
        _ASKING + "test_two_looks_apart_prove_that_it_is_not_there",
        rule="two-reads",
    ),
    _asking(
        "reconcile: an earlier doubt's answers", "an old `absent` is one of the two",
        "if each.found == Found.ABSENT and each.read_at >= trusted_from",
        "if each.found == Found.ABSENT",
        _ASKING + "test_an_absence_told_of_an_earlier_doubt_does_not_count",
    ),
    _asking(
        "reconcile: the same doubt", "a slow answer about the first try closes the second",
        "reason=proof.reason, fence=doubt.fence, values=proof.values,",
        "reason=proof.reason, values=proof.values,",
        _ASKING + "test_an_answer_about_one_doubt_says_nothing_about_the_next",
        rule="same-doubt",
    ),
    _asking(
        "reconcile: a failed question is no answer", "a provider that is down proves absence",
        "return Reading(Found.CANNOT_TELL, detail=type(error).__name__)",
        "return Reading(Found.ABSENT, detail=type(error).__name__)",
        _LATER + "test_an_answer_without_knowledge_proves_nothing",
    ),
    _asking(
        "reconcile: most attempts", "what is proven absent is tried without end",
        "    if doubt.tries < MAX_ATTEMPTS:\n", "    if doubt.tries >= 0:\n",
        _ASKING + "test_what_is_proven_absent_after_its_last_attempt_failed",
    ),
    _asking(
        "reconcile: a blind gateway is not asked", "an answer without knowledge closes a doubt",
        "return has_answers and gateway.repeat_class is not RepeatClass.BLIND",
        "return has_answers",
        _LATER + "test_an_answer_without_knowledge_proves_nothing",
    ),
    _asking(
        "reconcile: a gateway that can't ask", "every doubt is asked about, for nothing",
        "return has_answers and gateway.repeat_class is not RepeatClass.BLIND",
        "return gateway.repeat_class is not RepeatClass.BLIND",
        _ASKING + "test_what_can_be_repeated_is_left_to_the_next_run",
    ),
    _reconciling(
        "reconcile: the other gateway", "a provider that never had it says `absent`",
        'if others := ", ".join(sorted(each.gateways - {gateway.name})):',
        'if others := ", ".join(sorted(each.gateways - each.gateways)):',
        _ASKING + "test_a_provider_is_not_asked_about_what_went_through_another",
    ),
    _reconciling(
        "reconcile: closed windows", "what can't be repeated any more is told as repeatable",
        "    _close_windows(database, mover)\n", "",
        _ASKING + "test_what_can_be_repeated_is_left_to_the_next_run",
    ),
    _reconciling(
        "reconcile: lapsed leases", "a lost machine's doubts never reach anybody",
        "    claims.recover_lapsed(database, mover)\n", "",
        _ASKING + "test_what_a_stopped_worker_left_comes_to_the_doubts",
    ),
)  # fmt: skip

DECIDING = (
    _deciding(
        "decision: reason", "nobody can tell later how it was known",
        "    if not reason:\n", "    if reason is None:\n",
        _DOUBTS + "test_a_decision_needs_a_name_and_a_reason",
    ),
    _deciding(
        "decision: name", "nobody can tell later who decided",
        "    if not by:\n", "    if by is None:\n",
        _DOUBTS + "test_a_decision_needs_a_name_and_a_reason",
    ),
    _deciding(
        "decision: not too early", "`it isn't there` while it is still on its way: sent twice",
        "            _require_quiet(session, ids, mover.at)\n", "            pass\n",
        _DOUBTS + "test_nobody_can_know_that_it_is_not_there_while_it_may_still_arrive",
    ),
    _deciding(
        "decision: of doubts only", "a decision says yes and changes nothing",
        "        _require_doubts(session, project_id, ids)\n", "",
        _DOUBTS + "test_an_id_that_is_no_doubt_is_named_and_nothing_changes",
    ),
    _deciding(
        "decision: given up stays ambiguous", "a retry sends again what may have gone out",
        'after, told, values = State.FAILED, f"given up: {reason}"[:_LONGEST_REASON], {}',
        'after, told, values = State.FAILED, f"given up: {reason}", {"ambiguous": False}',
        _DOUBTS + "test_what_is_given_up_failed_for_a_reason_and_stays_ambiguous",
    ),
    _deciding(
        "decision: what isn't there is as new", "it is told as a doubt that nobody has any more",
        '    "ambiguous": False,\n', "",
        _DOUBTS + "test_what_was_not_there_is_no_doubt_any_more",
    ),
    _deciding(
        "decision: what isn't there goes as the sender of now", "a former sender writes",
        '    "account_id": ACCOUNT_OF_NOW,\n', "",
        _DOUBTS + "test_what_goes_out_again_goes_out_as_the_sender_of_now",
    ),
)  # fmt: skip

CHANGING = (
    _cancelling(
        "cancel: not what is in doubt", "what may have gone out is told as called off",
        "        Delivery.ambiguous.is_(False),\n", "",
        _CANCELLING + "test_a_doubt_that_waits_to_be_repeated_is_never_called_off",
    ),
    _cancelling(
        "cancel: the item itself", "what a worker holds, or an import adds, goes out",
        "            item.cancelled_at = item.cancelled_at or now\n", "            pass\n",
        _CANCELLING + "test_what_a_worker_holds_is_stopped_before_it_is_armed",
    ),
    _retrying(
        "retry: not what is in doubt", "a doubt isn't told as the reason that nothing happens",
        "        (Delivery.state.not_in(_CLOSED), IN_DOUBT),\n", "",
        _RETRYING + "test_a_doubt_is_left_to_whoever_decides_doubts",
    ),
    _retrying(
        "retry: not what was given up", "a doubt that a person gave up is sent again",
        "        (Delivery.ambiguous, GIVEN_UP),\n", "",
        _RETRYING + "test_what_was_given_up_in_doubt_stays_failed",
        rule="retry-proven",
    ),
    _retrying(
        "retry: cancelled by name only", "a retry of failures opens what was called off",
        "        (Item.cancelled_at.is_not(None), CALLED_OFF),\n", "",
        _RETRYING + "test_a_cancelled_item_is_opened_by_its_name_only",
    ),
    _retrying(
        "retry: tries afresh", "what is opened again fails at its first refusal",
        '    "uncounted": Delivery.attempts,\n', "",
        _RETRYING + "test_the_attempts_start_afresh",
    ),
)  # fmt: skip

RESTORING = (
    Mutant(
        "restore: looked for at every start", "after a restore, what went out goes out again",
        "aicmo/execution/runs.py", "        restoring.check(database)\n", "",
        (_RESTORING + "test_what_went_out_after_the_backup_is_held_and_what_is_due_later_goes",),
    ),
    _restoring(
        "restore: another place", "a file copied back isn't seen as one",
        "    if here and installation.place and here != installation.place:\n",
        "    if not here and not installation.place:\n",
        "unit/test_restoring.py::test_what_went_out_after_the_backup_is_held_and_what_is_due_later_goes",
    ),
    _restoring(
        "restore: another place is looked at", "a file copied back isn't seen as one",
        'return here in ("", installation.place) and not watermarks.stale(session, database)',
        "return not watermarks.stale(session, database)",
        "unit/test_restoring.py::test_what_went_out_after_the_backup_is_held_and_what_is_due_later_goes",
    ),
    _restoring(
        "restore: watermark", "a restore in place isn't seen",
        'return _OLDER if any(disarmed is None or each.at > disarmed for each in stale) else ""',
        'return ""',
        "unit/test_restoring.py::test_what_went_out_after_the_backup_is_held_and_what_is_due_later_goes",
    ),
    _restoring(
        "restore: not held twice", "another machine holds again what a person has released",
        "any(disarmed is None or each.at > disarmed for each in stale)", "any(stale)",
        _RESTORING + "test_another_machine_does_not_hold_again_what_was_released",
    ),
    _restoring(
        "restore: release needs a reason", "nobody can tell later how it was known",
        "    if not reason.strip():\n", "    if reason is None:\n",
        "unit/test_restoring.py::test_a_person_who_knows_of_a_restore_holds_what_was_due",
    ),
    _restoring(
        "restore: release outlives the clock", "a clock put back undoes a release",
        "= max(now, found.disarmed_at or now)", "= now",
        _RESTORING + "test_a_release_outlives_a_clock_that_is_put_back",
    ),
    _watermarks(
        "restore: watermark only rises", "a slower worker hides what the faster one sent",
        "if known is None or known.origin != origin or known.number < number:", "if number:",
        _RESTORING + "test_a_slower_worker_does_not_put_the_watermark_back",
    ),
    _watermarks(
        "restore: the event itself", "a log that grew again hides a restore",
        "return found is not None and found.hex() == known.hash", "return found is not None",
        _RESTORING + "test_a_restore_is_seen_though_as_much_has_happened_since",
    ),
)  # fmt: skip

MUTANTS = (*ASKING, *DECIDING, *CHANGING, *RESTORING)
