"""Taking away what keeps the client's CRM from harm."""

from __future__ import annotations

from typing import Any

from tests.mutation.mutant import Mutant

_JUDGING = "unit/test_crm_judging.py::"


def _judging(name: str, prevents: str, text: str, instead: str, *tests: str, **more: Any) -> Mutant:
    return Mutant(name, prevents, "aicmo/crm/judging.py", text, instead, tests, **more)


MUTANTS = (
    _judging(
        "crm: theirs stays", "what a sales person typed is overwritten",
        '            return Decision.KEEP, "theirs stays"\n', '            return _WRITE, ""\n',
        _JUDGING + "test_another_value_stands_or_falls_by_the_rule",
    ),
    _judging(
        "crm: the newer one", "an old value overwrites a newer one",
        "if wanted.since > theirs_at else", "if wanted.since else",
        _JUDGING + "test_the_newer_value_stands_and_theirs_if_nobody_knows",
    ),
    _judging(
        "crm: nobody knows which is newer", "a value without a time overwrites theirs",
        "    if theirs_at is None or wanted.since is None:\n"
        '        return Decision.KEEP, "theirs stays: which is newer isn\'t known"\n',
        '    if theirs_at is None or wanted.since is None:\n        return _WRITE, ""\n',
        _JUDGING + "test_the_newer_value_stands_and_theirs_if_nobody_knows",
    ),
    _judging(
        "crm: an answer to another value", "an old answer overwrites a value that nobody saw",
        "if answer is None or not is_same(wanted.type, answer.theirs, theirs):", "if answer is None:",
        _JUDGING + "test_an_answer_counts_while_the_crm_has_the_value_that_was_seen",
    ),
    _judging(
        "crm: no step back", "a customer becomes a lead again",
        "    if wanted.order.index(theirs) > wanted.order.index(wanted.value):\n", "    if False:\n",
        _JUDGING + "test_a_stage_moves_forward_only",
    ),
    _judging(
        "crm: an unknown stage", "a contact is taken out of a stage that the plan doesn't know",
        "    if theirs not in wanted.order:\n"
        '        return Decision.REFUSE, "the stages of the project don\'t have the one it is at"\n',
        '    if theirs not in wanted.order:\n        return _WRITE, ""\n',
        _JUDGING + "test_a_stage_moves_forward_only",
    ),
    Mutant(
        "crm: another of our contacts", "one contact's data replaces another one's",
        "aicmo/gateways/crm_staging.py",
        "    return found.contact_id != change.contact_id and project == own\n", "    return False\n",
        ("contract/test_hubspot_gateway.py::TestHubspotGateway::test_the_address_of_another_of_our_contacts_changes_nobody",),
    ),
)  # fmt: skip
