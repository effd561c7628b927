"""Taking away what lets a contact leave, and only a contact, and what lets one be forgotten."""

from __future__ import annotations

from typing import Any

from tests.mutation.mutant import Mutant

_LEAVING, _ERASING = "unit/test_leaving.py::", "unit/test_erasing.py::"
_WEB = "security/test_unsubscribe.py::"
_BACK = _ERASING + "test_a_document_does_not_bring_the_person_back"
_GONE = _ERASING + "test_no_row_names_the_person"


def _in(file: str) -> Any:
    def of(name: str, prevents: str, text: str, instead: str, *tests: str, **more: Any) -> Mutant:
        return Mutant(name, prevents, f"aicmo/{file}", text, instead, tests, **more)

    return of


_leaving, _erasing = _in("execution/leaving.py"), _in("execution/erasing.py")
_app, _protection = _in("web/app.py"), _in("web/protection.py")
_contacts, _expansion = _in("execution/contacts.py"), _in("execution/expansion.py")

LEAVING = (
    _leaving(
        "leave: suppressed", "who has unsubscribed is written to",
        "            suppress(session, client, hmac, UNSUBSCRIBED, now)\n", "            pass\n",
        _LEAVING + "test_leaving_suppresses_the_address_and_is_on_record_without_it",
    ),
    _leaving(
        "leave: this client's emails only", "leaving one client is leaving all of them",
        "suppress(session, client, hmac,", 'suppress(session, "", hmac,',
        _LEAVING + "test_it_holds_for_every_project_of_the_client_and_for_no_other",
    ),
    _leaving(
        "leave: once on record", "each repetition by a mail provider counts again",
        "        if is_first:\n", "        if letter:\n",
        _LEAVING + "test_leaving_twice_is_leaving_once",
    ),
    _leaving(
        "leave: by the token, not by its hash", "whoever reads the ledger unsubscribes everybody",
        '{"sha256": feedback_sha256(token)}', '{"sha256": token}',
        _LEAVING + "test_leaving_suppresses_the_address_and_is_on_record_without_it",
    ),
    _app(
        "leave: only by a POST", "scanners that follow links unsubscribe everybody",
        '        if request.method == "POST":\n', "        if letter:\n",
        _WEB + "test_following_a_link_changes_nothing",
    ),
    _app(
        "web: no redirects", "one click is answered with another address, and doesn't count",
        "    app.router.redirect_slashes = False\n", "",
        _WEB + "test_every_link_that_leads_nowhere_is_answered_alike",
    ),
    _protection(
        "web: bodies are bounded", "a stranger fills the memory",
        "        if size > LARGEST_BODY:\n", "        if size < 0:\n",
        _WEB + "test_a_large_body_is_refused_before_it_is_kept",
    ),
    _protection(
        "web: requests are bounded in time", "slow strangers take every connection",
        "asyncio.timeout(self._seconds)", "asyncio.timeout(None)",
        _WEB + "test_a_request_that_takes_too_long_ends_with_an_apology",
        hangs=True,
    ),
    _protection(
        "web: no token in the log", "whoever reads the log can unsubscribe people",
        'f"{path[:3]}…" if path[:3] in _PLACES else "…"', "path",
        _WEB + "test_nothing_is_logged_that_names_a_link",
    ),
)  # fmt: skip

ERASING = (
    _erasing(
        "erase: suppressed", "who was erased is written to by the next document",
        "            suppress(session, found.client, hmac, ERASED, now)\n", "            pass\n",
        _ERASING + "test_nobody_writes_to_the_person_again",
    ),
    _erasing(
        "erase: what waits is called off", "what waits for who was erased is held for ever",
        "            _call_off(session, Mover(project_id, by, now), found.delivery_ids)\n",
        "            pass\n",
        _ERASING + "test_the_books_and_the_log_stay_whole",
    ),
    _erasing(
        "erase: no doubt is called off", "a message that may have gone out counts as called off",
        "        Delivery.ambiguous.is_(False),\n", "",
        _ERASING + "test_a_doubt_stays_a_doubt",
    ),
    _erasing(
        "erase: the deliveries' addresses", "the ledger still says who got what",
        "values(recipient=replaced)", "values(recipient=Delivery.recipient)", _GONE,
    ),
    _erasing(
        "erase: the contact's data", "the person's data stays",
        "values(**BLANK)", "values(removed=True)", _GONE,
    ),
    _erasing(
        "erase: what others said", "a provider's words keep the address",
        'values(detail="")', "values(detail=table.detail)",
        _ERASING + "test_what_others_said_about_the_deliveries_goes_as_well",
    ),
    _erasing(
        "erase: this client's contacts only", "another client loses a contact",
        "Contact.project_id.in_(projects) & ", "",
        _ERASING + "test_it_is_about_all_projects_of_the_client_and_no_other",
    ),
    _erasing(
        "erase: from the file, too", "the freed pages keep what was erased",
        '        connection.execute(text("VACUUM"))\n', "",
        _ERASING + "test_no_byte_of_the_file_names_the_person",
    ),
    _contacts(
        "import: who was erased stays blank", "the next import brings the person's data back",
        "        row.update(BLANK)\n", "        pass\n", _BACK,
    ),
    _contacts(
        "import: who had left before being erased", "their data comes back, under another id",
        "        *session.scalars(blank.where(Contact.address_hmac.in_(hmacs))),\n", "",
        _ERASING + "test_nor_under_another_id_nor_after_having_left",
    ),
    _expansion(
        "import: no delivery to who was erased", "each new item gets one that is never sent",
        "            if is_erased:\n", "            if not contact_id:\n", _BACK,
    ),
)  # fmt: skip

MUTANTS = LEAVING + ERASING
