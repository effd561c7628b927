"""Taking away what claiming, taking back and arming do for each other."""

from __future__ import annotations

from typing import Any

from tests.mutation.mutant import Mutant

_BITE, _BETWEEN = "unit/test_rules_bite.py::", "unit/test_doubts_and_changes.py::"
_SENDING = "unit/test_sending.py::"
_LATER = "unit/test_rules_bite_after_arming.py::"


def _claims(name: str, prevents: str, text: str, instead: str, *tests: str, **more: Any) -> Mutant:
    return Mutant(name, prevents, "aicmo/execution/claims.py", text, instead, tests, **more)


def _arming(name: str, prevents: str, text: str, instead: str, *tests: str, **more: Any) -> Mutant:
    return Mutant(name, prevents, "aicmo/execution/arming.py", text, instead, tests, **more)


_PENDING = "        Delivery.state == literal_column(f\"'{State.PENDING}'\"),\n"
_IN_PLAN = "        Delivery.in_plan.is_(True),\n"

CLAIMING = (
    _claims(
        "claim: pending only", "a worker looks at what was sent, and stops before the rest",
        _PENDING + _IN_PLAN + "        or_(", _IN_PLAN + "        or_(",
        _BITE + "test_a_run_goes_on_where_the_last_one_ended",
    ),
    _claims(
        "claim: not before its time", "what was refused for now is tried again at once",
        "        or_(Delivery.not_before.is_(None), Delivery.not_before <= now),\n", "",
        _SENDING + "test_a_refusal_for_now_is_tried_again_later_and_not_at_once",
    ),
    _arming(
        "let go: a doubt waits", "a worker claims without end what may not be repeated now",
        "if verdict in _TRIED_AGAIN_LATER:", "if verdict == guards.AFTER_ITS_PART:",
        _BITE + "test_a_run_ends_although_a_repeat_has_to_wait",
    ),
    _claims(
        "claim: account's wait", "a worker claims without end what can't be armed",
        "or_(Account.not_before.is_(None), Account.not_before <= mover.at)",
        "Account.id.is_not(None)",
        _BITE + "test_what_must_wait_is_not_even_claimed",
    ),
    _claims(
        "claim: due", "a worker claims without end what can't be armed",
        "Item.id.in_(item_ids), Item.send_at <= now)", "Item.id.in_(item_ids))",
        _BITE + "test_what_must_wait_is_not_even_claimed",
    ),
    _claims(
        "claim: in the plan", "a worker claims without end what can't be armed",
        _IN_PLAN + "        or_(", "        or_(",
        _BITE + "test_what_must_wait_is_not_even_claimed",
    ),
    _claims(
        "claim: lease", "what a dead worker had claimed stays there for ever",
        '"lease_until": now + lease,', '"lease_until": None,',
        _BITE + "test_a_claim_is_taken_back_after_its_lease_and_not_before",
    ),
    _claims(
        "claim: skips what is locked", "one worker waits for what another holds",
        ".with_for_update(skip_locked=True)", ".with_for_update()",
        _BITE + "test_a_claim_does_not_wait_for_rows_that_somebody_else_holds",
        on_postgresql=True,
    ),
    _claims(
        "claim: run shows life", "a run that works is marked as crashed",
        ".values(alive_until=now + RUN_LEASE)", ".values(alive_until=Run.alive_until)",
        "unit/test_crashed_runs.py::test_a_run_that_claims_shows_that_it_lives",
    ),
)  # fmt: skip

TAKING_BACK = (
    _claims(
        "lease: only when it has lapsed", "a slow worker is taken for dead, and both send",
        "Delivery.project_id == mover.project_id, Delivery.lease_until < now)",
        "Delivery.project_id == mover.project_id, Delivery.lease_until.is_not(None))",
        _BITE + "test_a_claim_is_taken_back_after_its_lease_and_not_before",
    ),
    _claims(
        "lease: a claim is free again", "what a dead worker had claimed stays there for ever",
        "            move(session, here, ids, State.CLAIMED, State.PENDING, values=free)\n",
        "            pass\n",
        _BETWEEN + "test_a_worker_that_stopped_before_arming_loses_nothing",
    ),
    _claims(
        "lease: armed is in doubt", "a slow worker's message goes out a second time",
        "found[State.PENDING if again else State.UNKNOWN].append(delivery_id)",
        "found[State.PENDING].append(delivery_id)",
        _BETWEEN + "test_a_worker_that_stopped_after_arming_leaves_doubts",
        rule="unknown",
    ),
    _claims(
        "lease: a doubt stays ambiguous", "a refusal of the repeat hides the first message",
        'doubt = {**free, "ambiguous": True}', "doubt = free",
        _BITE + "test_what_a_dead_worker_had_armed_is_ambiguous_from_then_on",
    ),
    Mutant(
        "lease: taken back by whoever comes next", "a lost machine's deliveries never go on",
        "aicmo/execution/runs.py",
        "        claims.recover_lapsed(database, opened.mover())\n", "",
        (_BETWEEN + "test_a_worker_that_stopped_before_arming_loses_nothing",),
        rule="sweeper",
    ),
)  # fmt: skip

ARMING = (
    _arming(
        "arm: plan version", "a text that was replaced meanwhile goes out under the new approval",
        "if load_version(session, mover.project_id) != plan.version:", "if not plan.version:",
        _BETWEEN + "test_a_run_never_sends_a_text_that_was_replaced_meanwhile",
        _BETWEEN + "test_a_contact_corrected_between_composing_and_arming_gets_the_correction",
        behind="last words: plan",
        because="arming sees it before anything is connected, the last question what came since",
    ),
    _arming(
        "arm: guards", "an opt-out between claim and arming is ignored",
        "    verdict = guards.read_verdict(text)\n", "    verdict = _MAY_GO\n",
        _BETWEEN + "test_what_happens_between_claim_and_arming_wins",
        rule="guards-at-arm",
    ),
    _arming(
        "arm: fence", "a worker arms what another has claimed since; both send",
        "State.CLAIMED, State.SENDING, fence=fence, values=values))",
        "State.CLAIMED, State.SENDING, values=values))",
        _BETWEEN + "test_a_claim_that_was_taken_over_can_not_be_armed",
    ),
    _arming(
        "arm: fence of what is let go", "a worker gives back what another has claimed since",
        "reason=why, fence=fence, values=free,", "reason=why, values=free,",
        _BITE + "test_a_worker_lets_go_only_of_what_it_holds",
    ),
    _arming(
        "arm: rows are locked", "a guard's answer is old when the intent is committed",
        "return columns.with_for_update(of=Delivery)", "return columns",
        _BITE + "test_nobody_changes_a_delivery_between_its_guards_and_its_intent",
        on_postgresql=True,
    ),
    _arming(
        "arm: deadline from before the transaction", "a frozen worker gets its time anew",
        "composed[each].outgoing(each, deadline)",
        "composed[each].outgoing(each, time.monotonic() + gateway.timing.send_deadline)",
        _BITE + "test_the_deadline_counts_from_before_the_arming_transaction",
        rule="clock-before-arm",
    ),
    _arming(
        "arm: intent first", "a worker dies after the byte, and nobody knows that it sent",
        "armed = set(move(session, mover, ids, State.CLAIMED, State.SENDING, fence=fence, "
        "values=values))",
        "armed = set(ids)",
        _SENDING + "test_the_intent_is_committed_before_the_first_byte",
        rule="intent-first",
    ),
    _arming(
        "arm: lease outlives the request", "a doubt begins before its last byte",
        "    lease = timedelta(seconds=timing.send_deadline + timing.request_bound + MARGIN_SECONDS)",
        "    lease = timedelta(seconds=timing.send_deadline)",
        _BITE + "test_the_lease_of_an_armed_delivery_outlives_its_request",
        rule="lease-outlives",
    ),
    _arming(
        "arm: restored meanwhile", "what went out after the backup goes out again in the same run",
        "if is_behind(session, database, mover.project_id):", "if not mover.project_id:",
        "unit/test_restoring.py::test_a_restore_during_a_run_is_seen_before_anything_is_armed",
    ),
    _arming(
        "arm: attempts are counted", "a delivery is tried without end",
        '        "attempts": _ONE_MORE,\n', "",
        _SENDING + "test_after_five_refusals_it_fails_with_the_reason",
    ),
    _arming(
        "arm: attempt on record", "nobody can tell what was transmitted when",
        "        attempts.write(session, mover, claim.fence, gateway.name, intents)\n",
        "        del intents\n",
        _SENDING + "test_the_intent_is_committed_before_the_first_byte",
    ),
    _arming(
        "arm: watermark", "a backup from before the send is taken for the present",
        "        head = watermarks.head(session, mover.project_id)\n",
        '        head = (0, "", "")\n',
        _LATER + "test_a_backup_from_before_the_sending_is_told_although_the_run_was_open",
    ),
)  # fmt: skip

LIMITS = (
    _arming(
        "limit: room", "more goes out than the provider allows",
        "room = max(0, limit.count - len(used))", "room = limit.count",
        _BITE + "test_what_a_limit_has_no_room_for_waits_with_the_account",
    ),
    _arming(
        "limit: window", "what was sent long ago still counts, and nothing goes out any more",
        "Attempt.account_id.in_(accounts), Attempt.armed_at > now - limit.per",
        "Attempt.account_id.in_(accounts)",
        _BITE + "test_what_went_out_before_a_limit_s_window_takes_no_room",
    ),
    _arming(
        "limit: the account waits", "a worker claims without end what has no room",
        "            let_account_wait(session, mover, account_id, until, "
        'f"rate limit of {reason}")\n',
        "            del until, reason\n",
        _BITE + "test_what_a_limit_has_no_room_for_waits_with_the_account",
    ),
)  # fmt: skip

REPEATING = (
    _arming(
        "repeat: by the gateway that knows the token", "a repeat elsewhere is a second message",
        "stopped |= dict.fromkeys(_tried_elsewhere(session, ambiguous, gateway), _OTHER_GATEWAY)", "",
        _BITE + "test_a_doubt_is_repeated_by_its_own_gateway_only",
    ),
    _arming(
        "repeat: with the same bytes", "a changed text counts as sent, and readers see the former one",
        "stopped = dict.fromkeys(_tried_otherwise(session, ambiguous, exact), _OTHER_BYTES)",
        "stopped = dict[int, guards.Verdict]()",
        "unit/test_mastodon_runs.py::test_a_text_that_was_changed_in_doubt_does_not_count_as_sent",
    ),
    _arming(
        "repeat: by a repeat-safe gateway", "a gateway without tokens sends a doubt again",
        "    if not ambiguous or gateway.repeat_class is not RepeatClass.REPEAT_SAFE:\n",
        "    if not ambiguous:\n",
        _BITE + "test_a_doubt_is_repeated_by_its_own_gateway_only",
    ),
    _arming(
        "repeat: token window", "every gateway's doubts are repeated",
        "if gateway.repeat_class is not RepeatClass.REPEAT_SAFE or gateway.token_lifetime is None:",
        "if gateway.token_lifetime is None:",
        _BITE + "test_only_a_repeat_safe_gateway_gives_a_token_window",
    ),
    _arming(
        "repeat: margin of the token", "the repeat reaches a provider that has just forgotten it",
        "else_=now + gateway.token_lifetime - late",
        "else_=now + gateway.token_lifetime - timedelta(seconds=timing.send_deadline)",
        "unit/test_repeating.py::test_when_the_provider_may_have_forgotten_the_token_it_is_not_repeated",
        rule="token-margin",
    ),
    _arming(
        "repeat: window counts from the first try", "the ledger trusts a forgotten token",
        "        (Delivery.ambiguous, Delivery.repeatable_until), else_=now",
        "        (Delivery.ambiguous.is_(None), Delivery.repeatable_until), else_=now",
        "unit/test_repeating.py::test_the_window_begins_with_the_first_try",
        rule="token-kept",
    ),
)  # fmt: skip

MUTANTS = (*CLAIMING, *TAKING_BACK, *ARMING, *LIMITS, *REPEATING)
