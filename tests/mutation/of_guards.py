"""Taking away what `guards.py` asks of a delivery before it may go out."""

from __future__ import annotations

from typing import Any

from tests.mutation.mutant import Mutant

_GUARDS, _BETWEEN = "unit/test_guards.py::", "unit/test_doubts_and_changes.py::"
_NOTES = "unit/test_crm_notes.py::"
_ERASED = "unit/test_crm_erasing.py::"
_NEVER = "to_mailbox.is_(None)"


def _of(name: str, prevents: str, text: str, instead: str, *tests: str, **more: Any) -> Mutant:
    return Mutant(name, prevents, "aicmo/execution/guards.py", text, instead, tests, **more)


STOPS = (
    _of(
        "guard: cancelled", "what was called off goes out",
        '(Item.cancelled_at.is_not(None), _say(CANCEL, "cancelled")),', "",
        "unit/test_cancelling.py::test_what_a_worker_holds_is_stopped_before_it_is_armed",
    ),
    _of(
        "guard: in the plan", "what was taken out of the plan goes out",
        '(Delivery.in_plan.is_(False), _say(HOLD, "no longer in the plan")),', "",
        _GUARDS + "test_what_left_the_plan_is_held_and_what_comes_back_is_released",
    ),
    _of(
        "guard: time window", "an offer goes out after its end",
        '(Item.send_until < _NOW, _say(EXPIRE, "its time window has closed")),', "",
        _GUARDS + "test_a_closed_window_expires",
    ),
    _of(
        "guard: erased", "who was erased while a run went on is sent to the CRM",
        "and_(to_crm, Contact.removed)", "to_crm.is_(None)",
        _ERASED + "test_who_is_erased_before_the_request_is_not_in_it",
    ),
    _of(
        "guard: email address", "a contact without an address is tried, and fails",
        'and_(to_mailbox, Contact.mailbox == "")', _NEVER,
        _GUARDS + "test_a_recipient_who_lacks_something_is_held_until_it_is_there",
    ),
    _of(
        "guard: suppressed", "who has left is written to",
        "and_(to_mailbox, suppressed.is_not(None))", _NEVER,
        _GUARDS + "test_a_suppression_wins_over_consent",
    ),
    _of(
        "guard: suppressed everywhere", "who has left every list is written to",
        'or_(Suppression.client == "", Suppression.client == client.scalar_subquery()),',
        "Suppression.client == client.scalar_subquery(),",
        _GUARDS + "test_a_suppression_wins_over_consent",
    ),
    _of(
        "guard: suppressed for the client", "who has left this client's list is written to",
        'or_(Suppression.client == "", Suppression.client == client.scalar_subquery()),',
        'Suppression.client == "",',
        _GUARDS + "test_a_suppression_wins_over_consent",
    ),
    _of(
        "guard: another client's suppression", "one client's opt-outs stop another client's mail",
        'or_(Suppression.client == "", Suppression.client == client.scalar_subquery()),', "",
        _GUARDS + "test_another_clients_suppression_is_not_ours",
    ),
    _of(
        "guard: hard bounced", "a dead address is written to",
        "and_(to_mailbox, Contact.hard_bounced)", _NEVER,
        "unit/test_rules_bite.py::test_a_contact_who_may_not_be_written_to_is_skipped_by_its_own_row",
    ),
    _of(
        "guard: unsubscribed", "an opt-out is only a missing consent, and a new one releases it",
        'and_(to_mailbox, Contact.consent == "unsubscribed")', _NEVER,
        "unit/test_rules_bite.py::test_a_contact_who_may_not_be_written_to_is_skipped_by_its_own_row",
    ),
    _of(
        "guard: consent", "somebody who never agreed is written to",
        'and_(to_mailbox, Contact.consent != "opt_in")', _NEVER,
        _GUARDS + "test_a_recipient_who_lacks_something_is_held_until_it_is_there",
    ),
    _of(
        "guard: gateway", "a channel that nothing can send on is told as due",
        "Item.channel.not_in(channels_with_gateway),", "Item.channel.is_(None),",
        _GUARDS + "test_a_channel_without_gateway_is_held_in_words",
    ),
    _of(
        "guard: paused", "a pause is ignored",
        "        (_paused(), _say(HOLD, PAUSED)),\n        (alike", "        (alike",
        _GUARDS + "test_each_pause_holds_until_it_is_released",
        _BETWEEN + "test_what_happens_between_claim_and_arming_wins",
    ),
    _of(
        "guard: pause of everything", "the switch for all projects is ignored",
        'or_(Pause.project_id == "", Pause.project_id == Delivery.project_id),',
        "Pause.project_id == Delivery.project_id,",
        _GUARDS + "test_each_pause_holds_until_it_is_released",
    ),
    _of(
        "guard: pause of a project", "the switch of one project is ignored",
        'or_(Pause.project_id == "", Pause.project_id == Delivery.project_id),',
        'Pause.project_id == "",',
        _GUARDS + "test_each_pause_holds_until_it_is_released",
    ),
    _of(
        "guard: pause of a channel", "the switch of one channel is ignored",
        'or_(Pause.channel == "", Pause.channel == Item.channel),', 'Pause.channel == "",',
        _GUARDS + "test_each_pause_holds_until_it_is_released",
    ),
    _of(
        "guard: pause of another channel", "a switch stops what it isn't for",
        'or_(Pause.channel == "", Pause.channel == Item.channel),', "",
        _GUARDS + "test_a_pause_of_something_else_stops_nothing",
    ),
    _of(
        "guard: account paused", "a refused log-in is tried until the provider locks it",
        "Account.paused_at.is_not(None),", "Account.id.is_(None),",
        _GUARDS + "test_a_paused_account_holds_with_the_providers_code",
    ),
    _of(
        "guard: restored", "what went out after the backup goes out again",
        "(_restored(), _say(", "(Delivery.id.is_(None), _say(",
        "unit/test_restoring.py::test_what_went_out_after_the_backup_is_held_and_what_is_due_later_goes",
    ),
    _of(
        "guard: released since the restore", "a release before the second restore still counts",
        "or_(Item.released_at.is_(None), Item.released_at < disarmed),", "Item.released_at.is_(None),",
        "unit/test_restoring.py::test_a_second_restore_disarms_again_though_less_had_happened_since",
    ),
    _of(
        "guard: released", "what a person has released stays held",
        "or_(Item.released_at.is_(None), Item.released_at < disarmed),", "",
        "unit/test_restoring.py::test_what_is_released_goes_out_once",
    ),
    _of(
        "guard: approved ever", "an item that nobody approved is told as one that changed",
        '(~_approved_ever(), _say(HOLD, "not approved")),', "",
        _GUARDS + "test_nothing_goes_without_an_approval",
    ),
    _of(
        "guard: a revoked approval", "what a person took back is told as one that changed",
        "exists().where(given.item_id == Item.id, given.revoked_at.is_(None))",
        "exists().where(given.item_id == Item.id)",
        _GUARDS + "test_a_revoked_approval_holds_again",
    ),
    _of(
        "guard: approved as it is", "a text that was changed after its approval goes out",
        '(~_approved(), _say(HOLD, "changed since its approval")),', "",
        _GUARDS + "test_a_change_voids_the_approval_and_a_new_one_releases",
    ),
    _of(
        "guard: the approval's fingerprint", "an approval of one text lets every text out",
        "        given.fingerprint == Item.fingerprint,\n", "",
        _GUARDS + "test_a_change_voids_the_approval_and_a_new_one_releases",
    ),
    _of(
        "guard: an approval revoked before", "a revoked approval comes back with its old text",
        "        given.revoked_at.is_(None),\n        given.fingerprint",
        "        given.fingerprint",
        _GUARDS + "test_a_revoked_approval_does_not_come_back_with_its_content",
    ),
    _of(
        "guard: due", "everything goes out at once",
        '(Item.send_at > _NOW, _say(WAIT, "not due yet")),', "",
        _GUARDS + "test_a_later_item_waits_for_its_time",
        _BETWEEN + "test_an_item_whose_time_was_put_off_after_the_claim_is_not_armed",
    ),
    _of(
        "guard: late", "after an outage, last week's mail goes out",
        'and_(Item.late == "hold", _late()),', "Item.id.is_(None),",
        _GUARDS + "test_an_item_forgotten_over_an_outage_is_held_until_approved_again",
    ),
    _of(
        "guard: approved late", "what is late can't be released by its approval",
        "and_(Item.send_at < _LATE, ~_approved(since=_LATE))", "Item.send_at < _LATE",
        _GUARDS + "test_an_item_forgotten_over_an_outage_is_held_until_approved_again",
    ),
    _of(
        "guard: account waits", "a provider that asked for patience gets the rest of the batch",
        "Account.not_before > _NOW,", "Account.id.is_(None),",
        "unit/test_rules_bite.py::test_an_account_that_must_wait_meanwhile_is_not_armed",
    ),
)  # fmt: skip

IN_DOUBT = (
    _of(
        "doubt: never stopped", "what may have gone out is told as held or skipped",
        "(Delivery.ambiguous.is_(False), objection),", "(Delivery.id.is_not(None), objection),",
        "unit/test_rules_bite.py::test_what_is_pending_in_doubt_is_never_stopped",
        rule="doubt-not-stopped",
    ),
    _of(
        "doubt: token window", "a repeat after the provider forgot its token is a second message",
        '(closed, _say(DOUBT, "it may have gone out, and can\'t be repeated safely any more")),', "",
        "unit/test_reconciling.py::test_what_can_be_repeated_is_left_to_the_next_run",
        rule="token-window",
    ),
    _of(
        "doubt: repeated under the guards only", "a pause or an opt-out doesn't stop a repeat",
        "else_=_say(WAIT, REPEAT_LATER.reason),", 'else_="",',
        "unit/test_rules_bite.py::test_what_is_pending_in_doubt_is_never_stopped",
    ),
    _of(
        "doubt: repeated when it may be", "what can be repeated safely never is",
        '(objection == "", ""),', "",
        "unit/test_rules_bite.py::test_what_is_pending_in_doubt_is_never_stopped",
    ),
)  # fmt: skip

_LAST = (
    "unit/test_rules_bite_after_arming.py::test_what_changes_after_arming_stops_it_before_its_byte"
)
_RECIPIENT = "        *_recipient_guards(),\n"
LAST_WORDS = (
    _of(
        "last words: paused", "a pause doesn't stop what is armed",
        "        (_paused(), _say(HOLD, PAUSED)),\n        (current", "        (current",
        _LAST,
    ),
    _of(
        "last words: plan", "a new plan doesn't stop the old text that is armed",
        "(current.scalar_subquery() != plan_version, _say(", "(Delivery.id.is_(None), _say(",
        _LAST,
    ),
    _of(
        "last words: called off", "a cancellation doesn't stop what is armed",
        "        *_called_off(),\n" + _RECIPIENT, _RECIPIENT,
        _LAST,
    ),
    _of(
        "last words: recipient", "an opt-out doesn't stop what is armed",
        "        *_called_off(),\n" + _RECIPIENT, "        *_called_off(),\n",
        _LAST,
    ),
    _of(
        "last words: account and approval", "a revoked approval doesn't stop what is armed",
        _RECIPIENT + "        *_account_and_approval_guards(),\n", _RECIPIENT,
        _LAST,
    ),
)  # fmt: skip

_POSTS = "unit/test_post_runs.py::"
POSTS = (
    _of(
        "guard: the same text", "an account says the same twice in a week",
        "        (alike(), _say(HOLD, ALIKE)),\n", "",
        _POSTS + "test_the_same_text_is_not_posted_twice_within_a_week",
    ),
    _of(
        "guard: the earlier of two alike", "of two posts with the same text none goes out",
        "theirs.state.not_in(_ENDED), came_before,", "theirs.state.not_in(_ENDED),",
        _POSTS + "test_of_two_that_still_wait_the_earlier_one_goes",
    ),
    _of(
        "guard: alike by when it went out", "a late post is said again the next day",
        "or_(and_(theirs.in_plan, planned), went_out),", "and_(theirs.in_plan, planned),",
        _POSTS + "test_what_went_out_late_counts_from_then",
    ),
    _of(
        "guard: one account of two projects", "two projects of a client say the same on one account",
        "    return or_(other.id == one.id, is_one)", "    return other.id == one.id",
        _POSTS + "test_the_same_text_is_not_posted_for_two_projects_of_one_account",
    ),
    _of(
        "guard: the same number elsewhere", "accounts of two servers keep each other from posting",
        "        other.server == one.server,\n", "",
        _POSTS + "test_the_same_text_is_not_posted_for_two_projects_of_one_account",
    ),
    _of(
        "guard: operator task", "without an account a post fails, rather than wait for a person",
        "_say(HOLD, OPERATOR_TASK)", '""',
        _POSTS + "test_without_an_account_a_run_is_no_failure",
    ),
    _of(
        "guard: a CRM is connected", "changes go to nobody's CRM, and fail",
        '(and_(Item.channel == Channel.CRM.value, Account.identity == ""), _say(HOLD, NO_CRM)),', "",
        _GUARDS + "test_a_change_waits_until_a_crm_is_connected",
    ),
    _of(
        "guard: what is noted was left out", "an email that nobody got is noted with them",
        "(gone, _say(SKIP, _DID_NOT_GO)),", "",
        _NOTES + "test_an_email_is_noted_with_whom_it_went_out_to_once_it_has",
    ),
    _of(
        "guard: what is noted failed", "an email that failed is noted as sent",
        "(and_(follows, ~sent, _noted(_NOT_YET_GONE)), _say(HOLD, _DID_NOT_GO)),", "",
        _NOTES + "test_what_may_be_sent_again_is_noted_when_it_has",
    ),
    _of(
        "guard: what is noted has gone out", "an email is noted before it went out",
        'and_(Item.follows != "", ~_noted([State.SENT])),', "and_(Item.follows != Item.follows),",
        _NOTES + "test_what_may_not_have_gone_out_is_not_noted",
    ),
    _of(
        "guard: thread after a refusal", "a thread goes on without its beginning",
        "(and_(is_later, _before(_ENDED)), _say(HOLD, _PART_DID_NOT_GO.reason)),", "",
        _POSTS + "test_after_a_part_that_is_refused_nothing_of_a_thread_goes_out",
    ),
    _of(
        "guard: thread in doubt", "a thread goes on after a part that may not be there",
        "(and_(is_later, _before(doubt)), _say(HOLD, _PART_IN_DOUBT.reason)),", "",
        _POSTS + "test_a_thread_stops_on_doubt_and_goes_on_when_it_ends",
    ),
    _of(
        "guard: thread in order", "two workers post a thread's second part before its first",
        "_say(WAIT, AFTER_ITS_PART.reason)", '""',
        _POSTS + "test_a_later_part_waits_for_the_one_that_another_worker_sends",
    ),
    _of(
        "guard: approval of the account", "a yes for one account lets another one post",
        "        given.identity == Account.identity,\n", "",
        _POSTS + "test_an_approval_is_for_one_account",
    ),
)  # fmt: skip

MUTANTS = (*STOPS, *IN_DOUBT, *LAST_WORDS, *POSTS)
