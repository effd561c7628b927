"""Taking away what keeps a contact of BottleCRM from being doubled, and what others wrote there from being lost."""

from __future__ import annotations

from typing import Any

from tests.mutation.mutant import Mutant

_TESTS = "contract/test_bottlecrm_gateway.py::"


def _in(file: str) -> Any:
    def of(name: str, prevents: str, text: str, instead: str, *tests: str) -> Mutant:
        where = tuple(_TESTS + each for each in tests)
        return Mutant(
            f"bottlecrm: {name}", prevents, f"aicmo/gateways/{file}", text, instead, where
        )

    return of


_gateway, _answers = _in("bottlecrm.py"), _in("bottlecrm_answers.py")
_contacts, _staging = _in("bottlecrm_contacts.py"), _in("bottlecrm_staging.py")
_timeline = _in("bottlecrm_timeline.py")

MUTANTS = (
    _gateway(
        "not repeat-safe", "a note whose answer was lost stands there twice",
        "repeat_class = RepeatClass.READABLE", "repeat_class = RepeatClass.REPEAT_SAFE",
        "TestBottleCrm::test_a_repeat_after_a_lost_answer_has_one_effect",
    ),
    _gateway(
        "our id goes along", "a changed address adds a second contact",
        'ours = {} if staged["has_id"] else', "ours = {} if staged else",
        "TestBottleCrm::test_who_is_found_by_the_address_is_changed_and_gets_our_id",
    ),
    _gateway(
        "another project's id", "the other project doesn't find its contact again",
        'ours = {} if staged["has_id"] else', "ours = {} if not staged else",
        "TestBottleCrm::test_another_projects_id_stays",
    ),
    _gateway(
        "the tags of that moment", "a tag that a person has just added is lost",
        '        return [*(each for each in contact[TAGS] if each != staged["tag"]), staged["tag"]]\n',
        '        return [staged["tag"]] if contact else []\n',
        "test_tags_are_read_again_directly_before_all_of_them_are_replaced",
    ),
    _gateway(
        "the pinned organization's contacts", "another organization's say `absent`",
        "            if not self.identity and (objection := self.identify()):\n",
        "            if self.identity and (objection := self.identify()):\n",
        "test_another_organization_is_not_asked",
    ),
    _contacts(
        "an address as a whole", "a contact is held for others whose address contains its own",
        'if str(each["email"] or "").casefold() == wanted', 'if str(each["email"] or "")',
        "test_an_address_that_many_contain_is_found_on_a_later_page",
    ),
    _contacts(
        "two that fit", "one of two contacts is changed by chance",
        "        if len(by_id) > 1:\n", "        if not self.ask:\n",
        "test_two_contacts_with_our_id_are_held",
    ),
    _contacts(
        "a list must be there", "an answer without a list counts as nobody",
        "    if content[name] is None:\n", "    if not name:\n",
        "test_an_unclear_answer_tells_nothing",
    ),
    _staging(
        "names that it drops", "a value counts as sent that was never kept",
        "        if name not in known.properties or not known.properties[name].writable:\n",
        "        if not name:\n",
        "test_a_name_that_it_would_drop_without_a_word_is_refused",
    ),
    _staging(
        "a field is no tag", "a mapped field replaces all tags of a contact",
        "    if any(each.name == TAGS for each in change.fields):\n", "    if not change:\n",
        "test_a_field_can_not_replace_all_tags",
    ),
    _staging(
        "archived tags", "a contact loses a tag that nobody can give it again",
        '    if any(each not in known.tags.values() for each in filter(None, tags.split(";"))):\n',
        "    if not known:\n",
        "test_a_tag_that_would_cost_an_archived_one_is_not_added",
    ),
    _staging(
        "somebody else's address", "it is found out by a refusal, one try after the other",
        'if values["record"] and email and search.by_address(email):', "if not email and not search:",
        "TestBottleCrm::test_an_address_of_somebody_else_is_not_taken",
    ),
    _answers(
        "a success says of what", "a page of a machine before the server counts as a change",
        "    return Outcome(OutcomeKind.UNKNOWN, str(answer.status), said)\n",
        "    return Outcome(OutcomeKind.SENT, str(answer.status), said)\n",
        "TestBottleCrm::test_one_call_is_one_transmission_and_an_honest_outcome",
    ),
    _answers(
        "its words hold values", "a telephone number stands in the ledger",
        'detail=f"BottleCRM refuses {names}" if names else ""', "detail=str(answer.content())",
        "test_what_its_refusals_mean",
    ),
    _answers(
        "added meanwhile", "a contact that somebody added isn't changed any more",
        '    if kind == "addition":', '    if kind == "none":',
        "test_a_contact_that_is_added_meanwhile_goes_out_as_a_change_next_time",
    ),
    _timeline(
        "the delivery's token", "somebody else's entry counts as ours",
        "if str(each[text]).rstrip().endswith(mark)", "if str(each[text]).rstrip() and mark",
        "test_entries_are_found_on_later_pages",
    ),
    _timeline(
        "every page", "an entry that is there counts as absent, and is written again",
        '        if int(content["count"]) <= (page + 1) * _PAGE:\n', "        if content:\n",
        "test_entries_are_found_on_later_pages",
    ),
)  # fmt: skip
