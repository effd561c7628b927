"""Taking away what makes a post on Mastodon go out once, also on servers that ignore keys."""

from __future__ import annotations

from typing import Any

from tests.mutation.mutant import Mutant

_TESTS = "contract/test_mastodon_gateway.py::"


def _in(file: str) -> Any:
    def of(name: str, prevents: str, text: str, instead: str, *tests: str) -> Mutant:
        where = tuple(_TESTS + each for each in tests)
        return Mutant(f"mastodon: {name}", prevents, f"aicmo/gateways/{file}", text, instead, where)

    return of


_gateway, _instance = _in("mastodon.py"), _in("mastodon_instance.py")
_media, _timeline = _in("mastodon_media.py"), _in("mastodon_timeline.py")

MUTANTS = (
    _gateway(
        "the key is sent", "a repeat is a second post",
        '            "Idempotency-Key": outgoing.token,\n', '            "Idempotency-Key": "x",\n',
        "test_a_repeat_with_the_key_is_one_post",
    ),
    _gateway(
        "only where keys are kept", "a server that ignores keys gets a post twice",
        'account.profile.get("keeps_keys") is True', "account is not None",
        "test_a_server_of_which_nothing_is_known_is_not_repeated",
    ),
    _gateway(
        "a success names the post", "a page of the machine before the server counts as a post",
        'if not content.get("id"):', 'if content.get("no"):',
        "TestMastodonGateway::test_one_call_is_one_transmission_and_an_honest_outcome",
    ),
    _gateway(
        "who can see it", "a post for followers is public",
        '"visibility": _VISIBILITY[post.visibility],', '"visibility": "public",',
        "test_a_status_is_what_was_approved",
    ),
    _gateway(
        "no answer to nothing", "a part of a thread stands alone",
        '        if "" in outgoing.thread:\n', "        if not outgoing.token:\n",
        "test_a_part_whose_post_before_is_not_known_is_no_post_of_its_own",
    ),
    _gateway(
        "the pinned account's timeline", "another account's timeline says `absent`",
        'if str(self._who()["id"]) != self.account.identity:', "if not self._who():",
        "test_another_account_is_not_asked",
    ),
    _gateway(
        "404 is no deletion", "a post that still stands counts as recalled",
        "                is_gone = answer.status in GONE\n", "                is_gone = True\n",
        "test_a_server_that_deletes_nothing_says_so",
    ),
    _instance(
        "known by its source", "software that ignores keys gets a post twice",
        'is_known = instance.get("source_url") in _KEEPS_KEYS', "is_known = True",
        "test_only_software_that_is_known_to_keep_keys_is_repeated",
    ),
    _instance(
        "known by its version", "software that ignores keys gets a post twice",
        "return is_known and version is not None and int(version[1]) >= _FIRST_WITH_SOURCE",
        "return is_known",
        "test_only_software_that_is_known_to_keep_keys_is_repeated",
    ),
    _media(
        "a file is ready before it goes out", "a post is refused for good: its film isn't ready",
        "        if answer.status == _ACCEPTED and not self._is_there(found):\n",
        "        if not self._ask:\n",
        "test_a_film_is_waited_for",
    ),
    _media(
        "its own description", "a picture keeps the description of before the approval",
        'f"{attachment.sha256}\\0{attachment.alt_text}"', 'f"{attachment.sha256}"',
        "test_another_description_goes_up_with_its_file",
    ),
    _timeline(
        "what is for followers", "a post that isn't listed is sent again",
        '    if post.visibility == "followers" and not shows_all:\n', "    if not question.token:\n",
        "test_what_is_for_followers_is_not_absent_where_the_server_does_not_list_it",
    ),
    _timeline(
        "a timeline that ends too early", "a post that is out is sent again",
        "    if reading.found is Found.ABSENT and gap:\n", "    if not reading:\n",
        "test_a_server_with_one_page_proves_nothing_unless_it_reaches_back",
    ),
    _timeline(
        "a text that can't be read", "a post that is out is sent again",
        "    if answer.status != OK or not source:\n"
        "        raise Unclear(f\"a post's text can't be read ({answer.status})\")\n",
        '    source = source if "text" in source else {"text": "", "spoiler_text": ""}\n',
        "test_a_text_that_can_not_be_read_proves_nothing",
    ),
    _timeline(
        "an answer to another post", "somebody else's answer counts as ours",
        '    is_answer = shown["in_reply_to_id"] == reply_to\n', "    is_answer = True or reply_to\n",
        "test_others_text_warning_parent_or_pictures_make_another_post",
    ),
    _timeline(
        "every page", "a doubt is left to a person, as older posts aren't read",
        '        query["max_id"] = page[-1]["id"]\n', "",
        "test_a_timeline_is_read_back_to_the_doubt",
    ),
)  # fmt: skip
