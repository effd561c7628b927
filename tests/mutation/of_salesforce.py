"""Taking away what makes Salesforce get each change once, whole, and the client's data only where it belongs."""

from __future__ import annotations

from typing import Any

from tests.mutation.mutant import Mutant


def _in(file: str, test_file: str) -> Any:
    def of(name: str, prevents: str, text: str, instead: str, *tests: str, **more: Any) -> Mutant:
        places = tuple(f"contract/test_salesforce_{test_file}.py::{each}" for each in tests)
        path = f"aicmo/gateways/salesforce{file}.py"
        return Mutant(f"salesforce: {name}", prevents, path, text, instead, places, **more)

    return of


_asked, _staging = _in("", "requests"), _in("_staging", "requests")
_records, _queries = _in("_records", "requests"), _in("_queries", "requests")
_contacts, _fields = _in("_contacts", "requests"), _in("_fields", "requests")
_answers, _org = _in("_answers", "answers"), _in("_org", "answers")

MUTANTS = (
    _records(
        "a contact that is there is changed by its own id", "a contact that was deleted is added anew",
        'return CHANGE if staged["record"] else ADD', "return ADD",
        "test_a_contact_that_is_there_is_changed_by_its_own_id_and_gets_ours",
    ),
    _records(
        "another project's id stays", "the client's other project adds everybody a second time",
        '    if not staged["has_id"]:\n', '    if staged["match"]:\n',
        "test_another_project_s_id_stays",
    ),
    _records(
        "a repeated task keeps its subtype", "an email that was noted counts as refused",
        ' and not outgoing.staged["again"]', "",
        "test_a_task_whose_answer_was_lost_is_there_once_and_taken_for_sent",
    ),
    _in("_records", "answers")(
        "one record's fault is its own", "one bad contact keeps 199 others from being changed",
        '"allOrNone": False', '"allOrNone": True',
        "test_one_that_is_refused_leaves_the_others",
    ),
    _records(
        "no contact twice in a request", "Salesforce refuses one of two changes",
        ' or each["Id"] in some:', ":",
        "test_a_contact_that_is_put_back_twice_goes_in_two_requests",
    ),
    _staging(
        "a value fits its field", "one bad value keeps 199 other contacts from being changed",
        '    if wrong := _unfitting(known, values["write"]) or _taken(by_address, values):\n',
        "    if wrong := _taken(by_address, values):\n",
        "test_a_value_that_its_field_does_not_take_holds_its_own_contact_alone",
    ),
    _staging(
        "a taken address is given to nobody", "two contacts of the client have one address",
        "is_taken = any(", "is_taken = False and any(",
        "test_an_address_that_its_owner_has_left_can_be_given_to_another",
    ),
    _staging(
        "our ids have a field", "every contact of the plan is refused, one by one",
        '    org.require_field("Contact", change.id_property)\n', "",
        "test_without_the_field_of_our_ids_contacts_are_found_but_not_changed",
    ),
    _queries(
        "nothing ends a text in a query", "an address reads other people's data",
        "text.translate(_ESCAPES)", "text",
        "test_an_address_can_not_change_the_query",
    ),
    _asked(
        "only fields that are there are selected", "a mapping reads other people's data",
        "        if unknown := sorted(set(names) - set(known)):\n",
        "        if unknown := sorted(set() - set(known)):\n",
        "test_what_is_no_field_is_not_asked_for",
    ),
    _fields(
        "a field gets a name that it can have", "the client's org gets a field that nobody meant",
        "    if not _CUSTOM.fullmatch(name):\n", "    if not name:\n",
        "test_no_field_is_made_under_a_name_that_salesforce_would_not_take",
    ),
    _queries(
        "addresses stand in the body", "an address refers to another part of the request",
        "quote(each, safe='')", "quote(each, safe='@{}')",
        "test_an_address_can_not_change_the_query",
    ),
    _contacts(
        "our id is looked for first", "a changed address finds somebody else",
        "_one(ours or self.by_address.get(", "_one(self.by_address.get(",
        "test_our_id_is_looked_for_first_and_its_capitals_count",
    ),
    _contacts(
        "several contacts are a person's choice", "one of two is changed, whichever came first",
        "    if len(found) > 1:\n", "    if len(found) > 2:\n",
        "test_several_contacts_with_one_address_are_told",
    ),
    _asked(
        "the log-in goes to Salesforce alone", "another host can read all contacts",
        "server = check_server(account.server)", "server = account.server",
        "test_the_log_in_goes_to_salesforce_alone",
    ),
    _asked(
        "a hidden field is told", "the doctor says that all is well, and every change is refused",
        "        if name not in self._org.fields(seen_in):\n", "        if not name:\n",
        "test_a_field_that_is_hidden_once_it_is_made_is_a_matter_of_an_administrator",
    ),
    _fields(
        "a yes-or-no is one", "an opt-out is refused with all of its request",
        '        return text == "true"\n', "        return text\n",
        "test_a_value_is_sent_and_read_as_its_field_s_type",
    ),
    _answers(
        "results are counted", "a change that went wrong counts as made",
        "    if results is None or len(results) != len(records):\n",
        "    if results is None or len(results) == 0:\n",
        "test_results_that_are_one_short_tell_of_nothing_that_was_put_back",
    ),
    _answers(
        "results belong to their records", "one contact's refusal counts as another's success",
        "    if not all(map(_is_about, results, records)):\n", "    if not results:\n",
        "test_results_about_other_records_prove_nothing",
    ),
    _answers(
        "a locked record is tried again", "a change fails because a colleague was just saving",
        "if name in _PASSING else", "if name == _USED_UP else",
        "test_one_record_s_refusal_names_its_fields_alone",
    ),
    _answers(
        "only names of fields are told", "an address stands in the report",
        "if isinstance(each, str) and _FIELD.fullmatch(each)]", "if isinstance(each, str)]",
        "test_one_record_s_refusal_names_its_fields_alone",
    ),
    _answers(
        "a used-up day is waited for", "the account knocks at a closed door all day",
        "    return replace(usual, not_before=now + _AGAIN_AFTER)\n", "    return usual\n",
        "test_a_day_s_requests_that_are_used_up_are_waited_for",
    ),
    _in("_answers", "requests")(
        "a member is a member", "a list that is complete counts as refused",
        '    if is_member and name == "DUPLICATE_VALUE":\n', "    if is_member and not name:\n",
        "test_a_contact_joins_a_campaign_once_and_being_a_member_is_no_error",
    ),
    _org(
        "the client keeps a tenth of the day", "the client's other programs stand still",
        "        if none := spent(self._usage, self._clock()):\n",
        "        if none := spent('', self._clock()):\n",
        "test_the_last_tenth_of_the_day_s_requests_is_the_client_s",
    ),
)  # fmt: skip
