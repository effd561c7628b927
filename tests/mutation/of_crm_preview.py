"""Taking away what keeps the preview of a change in a CRM true, and a person's answer about what they saw."""

from __future__ import annotations

from tests.mutation.mutant import Mutant

_PREVIEW, _READING = "unit/test_crm_preview.py::", "unit/test_crm_reading.py::"
_ANSWERS = "unit/test_crm_answers.py::"
_KEPT, _COMPARED = "aicmo/execution/crm_last_reading.py", "aicmo/execution/crm_comparing.py"

MUTANTS = (
    Mutant(
        "crm preview: the pinned account", "another client's contacts are read and kept",
        "aicmo/execution/crm_reading.py", "        require_account(gateway, project_id)\n", "",
        (_READING + "test_another_accounts_contacts_are_not_looked_at",),
    ),
    Mutant(
        "crm preview: a reading's account", "the preview shows what another account has",
        _KEPT, ", CrmReading.identity == account.identity", "",
        (_PREVIEW + "test_a_reading_of_another_account_says_nothing",),
    ),
    Mutant(
        "crm preview: who is erased", "a person's data come back after their erasure",
        _KEPT, ", Contact.removed.is_(False)", "",
        (_READING + "test_nothing_is_kept_of_whoever_is_erased_while_it_is_read",),
    ),
    Mutant(
        "crm preview: what isn't needed", "the client's contacts are kept for no reason",
        "aicmo/execution/crm_reading.py",
        "        forget_readings(session, project_id, {each for each, _ in wanted})\n", "",
        (_READING + "test_what_is_not_needed_any_more_is_forgotten",),
    ),
    Mutant(
        "crm preview: what is only read", "a field that is mapped from the CRM is shown nowhere",
        _COMPARED, "fields=fields + own_id + shown_too", "fields=fields + own_id",
        (_PREVIEW + "test_what_is_only_read_is_shown_and_what_is_not_mapped_is_not",),
    ),
    Mutant(
        "crm preview: a field that wasn't asked for", "a field that has a value is shown as empty",
        _KEPT, "isinstance(self.found, Record) and not", "False and not",
        (_PREVIEW + "test_a_field_that_was_not_asked_for_is_not_taken_for_empty",),
    ),
    Mutant(
        "crm preview: what we changed since", "a person approves against what isn't there any more",
        _COMPARED, "    if reading.changed_since:\n", "    if False:\n",
        (_PREVIEW + "test_what_we_have_changed_since_is_not_shown_as_it_was",),
    ),
    Mutant(
        "crm preview: who asks isn't sent", "the preview promises what a run holds",
        "aicmo/execution/crm_difference.py", "(Standing.REFUSED, Standing.ASKS, Standing.STOPPED)", "(Standing.REFUSED,)",
        (_PREVIEW + "test_the_contacts_are_counted_by_what_becomes_of_them",),
    ),
    Mutant(
        "crm preview: who isn't there", "the preview promises to change whom the CRM doesn't have",
        _COMPARED, "if found is None and not (change.may_create or adder):", "if False:",
        (_PREVIEW + "test_whom_the_crm_does_not_have_is_not_changed",),
    ),
    Mutant(
        "crm preview: an item that comes later", "the preview promises to change whom nobody has added",
        "aicmo/execution/crm_preview.py", "            Item.send_at <= item.send_at,\n", "",
        (_PREVIEW + "test_an_item_that_comes_later_adds_nobody_before",),
    ),
    Mutant(
        "crm preview: the CRM's own schema", "an item is approved that the CRM refuses",
        "aicmo/execution/crm_preview.py",
        "            found.misfits = tuple(misfits_of(self._setup, self._schema, content))\n",
        "            found.misfits = ()\n",
        (_PREVIEW + "test_what_the_crms_own_schema_does_not_have_is_refused",),
    ),
    Mutant(
        "crm preview: contacts with errors", "an item is approved that can't go to some of its contacts",
        "aicmo/execution/crm_preview.py",
        "            self._troubles.note(change.contact, place, change.why, fix)\n", "            pass\n",
        (_PREVIEW + "test_what_has_errors_is_not_approved_and_the_rest_is",),
    ),
    Mutant(
        "crm preview: no CRM", "what no CRM is connected for is counted as going out",
        "aicmo/execution/preview.py", "self.would_send if self.connected and", "self.would_send if",
        (_PREVIEW + "test_without_an_account_nothing_would_go_out",),
    ),
    Mutant(
        "crm answers: the value that was seen", "an answer decides about a value that nobody saw",
        "aicmo/execution/crm_answers.py",
        'name, theirs = question.field.name, question.field.theirs or ""',
        'name, theirs = question.field.name, ""',
        (_ANSWERS + "test_the_next_run_goes_by_the_answer",),
    ),
    Mutant(
        "crm answers: an old reading", "a person answers about an old value without being told",
        "aicmo/execution/crm_answers.py", "change.read_at < asked_at)", "False)",
        (_ANSWERS + "test_what_was_read_before_the_run_that_asked_is_marked",),
    ),
    Mutant(
        "crm answers: what is going out", "an answer is taken for what can't be changed any more",
        "aicmo/execution/crm_answers.py", "        or row.state not in _OPEN\n", "",
        (_ANSWERS + "test_what_is_going_out_or_has_asks_nothing_any_more",),
    ),
)  # fmt: skip
