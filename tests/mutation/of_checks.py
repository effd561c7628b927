"""Taking away what keeps an email or a post with errors from being approved."""

from __future__ import annotations

from tests.mutation.mutant import Mutant

_PREVIEW, _CHECKS = "unit/test_preview.py::", "unit/test_email_checks.py::"
_POSTS = "unit/test_post_preview.py::"
_APPROVALS, _GATEWAYS = "aicmo/execution/approvals.py", "aicmo/gateways/"


def _of(name: str, prevents: str, file: str, text: str, instead: str, *tests: str) -> Mutant:
    return Mutant(f"check: {name}", prevents, file, text, instead, tests)


MUTANTS = (
    _of(
        "errors keep a yes back", "an email that names another client is approved and goes out",
        _APPROVALS,
        "sound = [item for item in items if item.key not in refused]", "sound = items",
        _PREVIEW + "test_only_what_has_errors_is_refused_and_the_rest_is_approved",
    ),
    _of(
        "a refusal is told", "whoever approves by program takes a refused item for an approved one",
        _APPROVALS, "    if refused:\n        raise", "    if not given:\n        raise",
        _PREVIEW + "test_only_what_has_errors_is_refused_and_the_rest_is_approved",
    ),
    _of(
        "what was checked is what is approved", "a text that was imported meanwhile is approved unseen",
        _APPROVALS,
        "for known in (looked_at, looked_at if shown is None else shown):",
        "for known in () if shown is None else (shown,):",
        _PREVIEW + "test_a_plan_that_changes_during_the_checks_is_not_approved",
    ),
    _of(
        "missing data", "contacts whose data is missing are noticed only when the others have their email",
        "aicmo/execution/preview.py",
        "            review.refuse(person.contact_key, error)\n", "",
        _PREVIEW + "test_missing_data_is_named_by_contact_and_keeps_the_approval_back",
    ),
    _of(
        "nobody yet", "an email is approved unchecked, and whoever agrees later gets it",
        "aicmo/execution/preview.py",
        "        elif not self.found.would_send:\n", "        elif self.found.item is None:\n",
        _PREVIEW + "test_what_nobody_would_get_yet_is_checked_all_the_same",
    ),
    _of(
        "data of a contact", "a word that the client has ruled out comes in with a contact's data",
        "aicmo/execution/copy_checks.py",
        "        if self._attributes and self._forbidden:\n", "        if self._kinds is None:\n",
        _PREVIEW + "test_a_contacts_own_data_can_bring_in_a_ruled_out_word",
    ),
    _of(
        "posts, too", "a post that is too long is approved, and its network refuses it", _APPROVALS,
        "plan, items, now, on_progress=", 'plan, [i for i in items if i.channel == "email"], now, on_progress=',
        _POSTS + "test_a_post_with_errors_does_not_count_and_is_not_approved",
    ),
    _of(
        "equal texts", "a post is approved that its network takes for a duplicate",
        "aicmo/execution/post_preview.py",
        "    if not session.scalar(select(guards.alike())", "    if session.scalar(select(guards.alike())",
        _POSTS + "test_an_equal_text_within_a_week_is_refused_and_names_the_other",
    ),
    _of(
        "what is going", "a post with errors is counted as going out", "aicmo/execution/preview.py",
        "if card.is_sound}", "if card.part}",
        _POSTS + "test_a_post_with_errors_does_not_count_and_is_not_approved",
    ),
    _of(
        "by hand", "a post that nobody can send is counted as going out", "aicmo/execution/preview.py",
        "self.connected and not self.by_hand", "self.connected",
        _POSTS + "test_without_a_pinned_account_a_person_posts_it",
    ),
    _of(
        "the way out", "nobody can leave", _GATEWAYS + "email_checks.py",
        "    if not any(link.url in urls for link in shown.links):\n", "    if not urls:\n",
        _CHECKS + "test_an_email_without_a_way_out_is_an_error",
    ),
    _of(
        "postal address", "an email doesn't say who writes, against the law",
        _GATEWAYS + "email_checks.py",
        "if not address or address not in text", "if not address",
        _CHECKS + "test_the_postal_address_must_be_in_both_parts",
    ),
    _of(
        "links that deceive", "a link shows the client's domain and goes to another",
        _GATEWAYS + "email_links.py",
        "if goes_to and organisation(written) != organisation(goes_to):", "if not goes_to:",
        _CHECKS + "test_a_text_that_shows_another_domain_than_it_goes_to_is_an_error",
    ),
)  # fmt: skip
