"""Taking away what keeps a client's CRM whole when something is put back, and who left left."""

from __future__ import annotations

from typing import Any

from tests.mutation.mutant import Mutant

_RESTORING, _CONSENT = "unit/test_crm_restoring.py::", "unit/test_crm_consent.py::"


def _in(file: str, tests: str) -> Any:
    def of(name: str, prevents: str, text: str, instead: str, test: str) -> Mutant:
        return Mutant(name, prevents, f"aicmo/{file}", text, instead, (tests + test,))

    return of


_judging = _in("execution/crm_putting_back.py", _RESTORING)
_ledger = _in("execution/crm_overwritten.py", _RESTORING)
_asking = _in("execution/crm_restoring.py", _RESTORING)
_writing = _in("execution/crm_writing_back.py", _RESTORING)
_staging = _in("gateways/crm_staging.py", _RESTORING)
_composing = _in("execution/composing_crm.py", _RESTORING)
_composing_of_erased = _in("execution/composing_crm.py", "unit/test_crm_erasing.py::")
_stepping = _in("gateways/hubspot_staging.py", "unit/test_hubspot_runs.py::")
_claiming = _in("execution/claims.py", "unit/test_crm_two_runs.py::")
_doubting = _in("gateways/crm_reconciling.py", "unit/test_crm_reconciling.py::")
_listing = _in("gateways/crm_staging.py", "unit/test_hubspot_runs.py::")
_keeping = _in("execution/staging.py", "unit/test_crm_erasing.py::")
_reading = _in("execution/crm_consent.py", _CONSENT)
_pinning = _in("execution/account_pinning.py", "unit/test_crm_accounts.py::")
_telling = _in("execution/crm_opt_outs.py", _CONSENT)
_erasing = _in("execution/erasing.py", "unit/test_erasing.py::")
_of_the_crm = "test_what_the_crm_had_of_the_person_goes_as_well"

MUTANTS = (
    _judging(
        "restore: only what holds ours", "what somebody has changed since is overwritten",
        "if now == ours or (", "if now != former or (",
        "test_a_field_that_somebody_has_changed_since_stays",
    ),
    _judging(
        "restore: the same contact only", "another person gets the values",
        "if not isinstance(there, Record) or there.id != change.record:",
        "if not isinstance(there, Record):", "test_another_contact_is_not_touched",
    ),
    _judging(
        "restore: the newest first", "a field that a run wrote twice keeps what the run wrote first",
        "key=lambda each: each.order, reverse=True", "key=lambda each: each.order",
        "test_a_field_that_a_run_wrote_twice_gets_the_value_from_before_both",
    ),
    _ledger(
        "restore: no contact of the run's own", "a contact that the run added is emptied",
        "bool(self.former and self.match) and not self.is_added",
        "bool(self.former and self.match)",
        "test_contacts_that_the_run_added_and_what_it_noted_are_listed_and_stay",
    ),
    _staging(
        "stage: a repeat knows that we added the contact", "a contact of ours is emptied",
        "found is None or _is_ours(asked, found, judged)", "found is None",
        "test_a_contact_that_was_added_although_its_answer_was_lost_is_not_emptied",
    ),
    _staging(
        "stage: a repeat knows what it overwrote", "what a lost answer overwrote is lost",
        "judged.former | _ours_already(before, judged.differences)", "judged.former",
        "test_what_a_repeat_settled_as_sent_is_put_back_too",
    ),
    _staging(
        "stage: what somebody typed into a contact of ours", "what a person typed can't be put back",
        "== asked.change.contact_id and not any(judged.former.values())",
        "== asked.change.contact_id",
        "test_what_somebody_typed_into_a_contact_that_we_added_can_be_put_back",
    ),
    _composing(
        "compose: a try without effect", "what nobody overwrote is put back over somebody's value",
        "if delivery.ambiguous or delivery.staged.get(IN_STEPS):", "if delivery.staged:",
        "test_a_try_that_was_never_sent_has_overwritten_nothing",
    ),
    _stepping(
        "stage: the steps of a stage", "the stage of a customer who was moved back can't be put back",
        '"ours": before["ours"], IN_STEPS: True}', '"ours": before["ours"]}',
        "test_what_a_stage_was_before_it_was_emptied_is_kept_whatever_becomes_of_the_second_request",
    ),
    _claiming(
        "claim: a contact in one worker's hands", "two runs at once move a contact's stage back",
        "return (Delivery.contact_id.not_in(busy),) if busy else ()", "return ()",
        "test_no_stage_moves_back_as_two_runs_change_a_contact",
    ),
    _doubting(
        "doubt: changed since", "what arrived, and a person put right, is written a second time",
        'if staged["record"] and not _is_as_before(found, staged):', "if False:",
        "test_a_change_of_who_is_there",
    ),
    _doubting(
        "doubt: our id", "a change that wrote our id alone counts as sent although it didn't arrive",
        'if not staged["has_id"] and staged["match"]["id_property"]:', "if False:",
        "test_our_id_alone_is_a_change",
    ),
    _listing(
        "stage: a list's number", "contacts get into a list of another account with the same number",
        '"ours", "list_id")', '"ours")',
        "test_a_list_is_looked_up_again_by_a_try_before_which_nothing_was_sent",
    ),
    _keeping(
        "keep: not of who was erased", "what the CRM has of somebody is kept after their erasure",
        "keeping = update(columns.id.table).where(*mine, claimed, ~erased)",
        "keeping = update(columns.id.table).where(*mine, claimed)",
        "test_who_is_erased_while_the_crm_is_asked_is_neither_changed_nor_kept",
    ),
    _composing_of_erased(
        "compose: not of who was erased", "the CRM is asked about somebody after their erasure",
        "if draft.contact.removed and not draft.contact.details:", "if draft.contact.id < 0:",
        "test_of_a_doubt_about_who_was_erased_nothing_is_read_again",
    ),
    _asking(
        "restore: asked for", "one person alone changes the client's CRM",
        "if each.is_open]", "if each.has_overwritten]",
        "test_nothing_is_put_back_that_nobody_asked_for",
    ),
    _asking(
        "restore: the environment", "the CRM is changed where the environment says no",
        "permit = issue_restore_permit(config)", "permit = issue_account_permit(Channel.CRM)",
        "test_the_environment_must_allow_it",
    ),
    _asking(
        "restore: the same account", "the contact with this id in another account is changed",
        "if any(each.through != gateway.name for each in changes):", "if not changes:",
        "test_another_account_is_not_touched",
    ),
    _writing(
        "restore: looked at again", "what the CRM only confirmed counts as put back",
        "missing = _look_at(gateway, project_id, changes, judged, outcomes) if judged.updates else {}",
        "missing: Missing = {}",
        "test_what_the_crm_confirms_and_does_not_do_is_refused",
    ),
    _writing(
        "restore: a limit stops it", "the CRM is asked on although it has had enough",
        "        if stop is not None:\n            outcomes |=",
        "        if records == stop:\n            outcomes |=",
        "test_a_limit_stops_it_and_the_rest_stays_approved",
    ),
    _reading(
        "consent: theirs is taken over", "who left in the CRM is written to",
        "            if suppress(session, client, hmac, LEFT_IN_THE_CRM, now)\n", "",
        "test_who_unsubscribed_in_the_crm_is_suppressed_for_the_client",
    ),
    _reading(
        "consent: their own account only", "another client's opt-outs count",
        "            require_account(gateway, project_id)\n", "",
        "test_another_account_is_not_read",
    ),
    _telling(
        "consent: a bounce is no opt-out", "who never left is unsubscribed in the CRM",
        "        Suppression.reason.in_(_WORDS_OF_THEIRS),\n", "",
        "test_the_crm_is_told_who_left_here_and_nobody_else",
    ),
    _telling(
        "consent: this client's only", "who left another client is unsubscribed in the CRM",
        '        Suppression.client.in_(("", client)),\n', "",
        "test_who_left_before_the_contact_came_along_is_told_of",
    ),
    _telling(
        "consent: told when confirmed", "a lost answer counts as told",
        "for person, one in pairs if one.kind is OutcomeKind.SENT]\n        stop",
        "for person, one in pairs if one.kind]\n        stop",
        "test_only_what_the_crm_confirms_is_noted",
    ),
    _telling(
        "consent: not while paused", "a pause doesn't hold for the CRM",
        "    if waits:\n", "    if not asked:\n", "test_nothing_is_told_while_it_is_paused",
    ),
    _telling(
        "consent: a pause in the middle", "a pause doesn't stop what is being told",
        "            if self._has_to_wait():\n                return\n", "",
        "test_a_pause_stops_telling_at_the_next_request",
    ),
    _pinning(
        "consent: another CRM", "an opt-out that another CRM was told of is never told to this one",
        "    if account.channel == Channel.CRM:\n", "    if not account.channel:\n",
        "test_another_crm_has_not_been_told_of_anybody",
    ),
    _telling(
        "consent: the environment", "the CRM is told where the environment says no",
        "permit, asked = issue_consent_permit(config),",
        'permit, asked = issue_consent_permit(ExecutionConfig(True, False, ["crm"])),',
        "test_the_environment_must_allow_telling",
    ),
    _erasing(
        "erase: what a change overwrote", "the former values of a contact stay",
        ".values(staged={})", ".values(staged=Delivery.staged)", _of_the_crm,
    ),
    _erasing(
        "erase: what was put back", "the restored values of a contact stay",
        ".values(restored={})", ".values(state=CrmRestoration.state)", _of_the_crm,
    ),
)  # fmt: skip
