"""Taking away what keeps a client's contacts in HubSpot from being damaged."""

from __future__ import annotations

from typing import Any

from tests.mutation.mutant import Mutant

_TESTS = "contract/test_hubspot_gateway.py::"
_CONTRACT = "TestHubspotGateway::"


def _in(file: str) -> Any:
    def of(name: str, prevents: str, text: str, instead: str, *tests: str) -> Mutant:
        where = tuple(_TESTS + each for each in tests)
        return Mutant(f"hubspot: {name}", prevents, f"aicmo/gateways/{file}", text, instead, where)

    return of


_gateway, _answers = _in("hubspot.py"), _in("hubspot_answers.py")
_contacts, _staging = _in("hubspot_contacts.py"), _in("hubspot_staging.py")
_writing, _shared = _in("hubspot_writing.py"), _in("crm_gateway.py")

MUTANTS = (
    _writing(
        "another project's id stays", "two projects of one client take a contact from each other",
        'own = {} if outgoing.staged["has_id"] else', "own =",
        _CONTRACT + "test_another_projects_id_stays",
    ),
    _writing(
        "added by our id", "a repeat adds the contact a second time",
        '"id": change.contact_id,', '"id": outgoing.token,',
        "test_who_is_added_is_named_by_our_id_and_the_deliverys_token",
    ),
    _writing(
        "each record is traced", "an error of one contact is told of another",
        '"objectWriteTraceId": outgoing.token,\n    }\n\n\ndef _changed', "}\n\n\ndef _changed",
        _CONTRACT + "test_each_record_has_its_own_outcome",
    ),
    _writing(
        "what HubSpot kept", "a stage that didn't move counts as sent",
        "    all_left = bool(left) and len(left) == len(written)\n", "    all_left = False\n",
        "test_a_value_that_hubspot_leaves_as_it_was_is_not_reported_as_sent",
    ),
    _answers(
        "an unknown error is a doubt", "what may have been written counts as refused",
        "    if category in _REFUSALS:\n", "    if True:\n",
        "test_an_error_of_a_record_is_what_we_know_of_it_and_else_a_doubt",
    ),
    _answers(
        "only `not found` is absent", "a contact that couldn't be read is added again",
        'if any(each.get("category") != NOT_FOUND for each in errors):', "if None in errors:",
        "test_a_read_that_fails_for_some_does_not_say_that_they_are_absent",
    ),
    _contacts(
        "by our id first", "a note is put with another contact, who has the address now",
        "        return own or other\n", "        return other\n",
        _CONTRACT + "test_who_has_our_id_is_meant_whoever_has_the_address",
    ),
    _contacts(
        "then by the address", "a contact who is there is added again",
        "        found.add(asking.by(EMAIL, ", "        repr(asking.by(EMAIL, ",
        _CONTRACT + "test_who_is_found_by_the_address_is_changed_and_gets_our_id",
    ),
    _contacts(
        "second addresses", "a contact with two addresses is added again",
        'for each in (values.get(EMAIL) or "", *more)', 'for each in (values.get(EMAIL) or "",)',
        "test_who_has_the_address_as_a_second_one_is_the_same_contact",
    ),
    _contacts(
        "an address of two", "one contact takes another's address",
        'if own and other and is_written and own["id"] != other["id"]:', "if False:",
        _CONTRACT + "test_an_address_of_somebody_else_is_not_taken",
    ),
    _staging(
        "our id is unique", "repeats add contacts again, where the property isn't unique",
        "if change.id_property not in known or not known[change.id_property].unique:",
        "if change.id_property not in known:",
        "test_without_a_unique_property_for_our_id_nothing_is_sent",
    ),
    _staging(
        "the delivery's id is unique", "a repeated note stands twice",
        "        if not self._is_unique(NOTES, name):\n", "        if not name:\n",
        "test_without_a_unique_property_for_the_delivery_nothing_is_noted",
    ),
    _staging(
        "what is noted already", "a note whose answer was lost is made again",
        "        self._note_what_is_there(asked)\n", "",
        _CONTRACT + "test_a_repeat_after_a_lost_answer_has_one_effect",
    ),
    _gateway(
        "a refused batch is taken apart", "a hundred contacts fail for one",
        "        if is_about_one and len(group) > 1:\n", "        if not group:\n",
        "test_a_request_that_is_refused_as_a_whole_is_taken_apart",
    ),
    _staging(
        "a stage is emptied first", "a stage never moves back, though the item says why",
        "    return bool(theirs) and not is_forward\n", "    return False\n",
        "test_a_stage_that_moves_back_is_emptied_and_then_set",
    ),
    _staging(
        "what stood before both tries", "the former stage is lost between the two requests",
        'return {**values, "former": before["former"], "ours": before["ours"], IN_STEPS: True}',
        "return values",
        "test_a_stage_that_moves_back_is_emptied_and_then_set",
    ),
    _shared(
        "a contact once in a batch", "a change is judged by what another one has just replaced",
        "        if whom and whom in seen:\n", "        if whom is None:\n",
        _CONTRACT + "test_two_changes_of_one_contact_do_not_go_together",
    ),
    _shared(
        "one lost answer is one failure", "the breaker stops after a single lost request",
        "    return {each: shared.get(one, one) for each, one in outcomes.items()}\n",
        "    return dict(outcomes) if shared else {}\n",
        _CONTRACT + "test_a_lost_answer_puts_its_own_request_in_doubt_only",
    ),
    _gateway(
        "a cut answer", "what wasn't read counts as refused or sent",
        "content = answer.content() if answer.is_whole else {}",
        'content = answer.content() or {"results": [], "errors": []}\n'
        "        if not answer.is_whole:\n"
        "            return dict.fromkeys((each.delivery_id for each in group),"
        ' Outcome(OutcomeKind.SENT, "200"))',
        _CONTRACT + "test_one_call_is_one_transmission_and_an_honest_outcome",
    ),
)  # fmt: skip
