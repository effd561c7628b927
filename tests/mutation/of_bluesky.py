"""Taking away what makes a post on Bluesky one record, as approved, on the account's own server."""

from __future__ import annotations

from typing import Any

from tests.mutation.mutant import Mutant

_TESTS = "contract/test_bluesky_gateway.py::"
_EVERY = "TestBlueskyGateway::"
_SERVER = "contract/test_chosen_server.py::"


def _in(file: str, places: str = _TESTS) -> Any:
    def of(name: str, prevents: str, text: str, instead: str, *tests: str) -> Mutant:
        where = tuple(places + each for each in tests)
        return Mutant(f"bluesky: {name}", prevents, f"aicmo/gateways/{file}", text, instead, where)

    return of


_gateway, _record = _in("bluesky.py"), _in("bluesky_record.py")
_answers, _profile = _in("bluesky_answers.py"), _in("bluesky_profile.py")
_server = _in("chosen_server.py", _SERVER)

MUTANTS = (
    _gateway(
        "the key is noted once", "a repeat after a lost answer is a second post",
        'values.setdefault("rkey", tid(', 'values.__setitem__("rkey", tid(',
        "test_a_repeat_on_another_day_is_the_same_record_and_one_post",
    ),
    _gateway(
        "the time is noted once", "a repeat is another record, and never closes the doubt",
        'values.setdefault("created_at", _written(now))', 'values["created_at"] = _written(now)',
        "test_a_repeat_on_another_day_is_the_same_record_and_one_post",
    ),
    _gateway(
        "it makes records and changes none", "a post that is out is changed behind its readers",
        '            "swapRecord": None,\n', "",
        "test_another_record_under_the_key_stays_as_it_is",
    ),
    _gateway(
        "a success names the post", "a page of the server in between counts as a post",
        'if answer.is_whole and answer.content().get("uri") != self._uri(rkey):', "if not rkey:",
        _EVERY + "test_one_call_is_one_transmission_and_an_honest_outcome",
    ),
    _gateway(
        "pictures go up each time", "a post fails for good: the server dropped its picture",
        '        values["blobs"] = {\n', '        values["blobs"] = values.get("blobs") or {\n',
        "test_a_picture_that_the_server_dropped_goes_up_again",
    ),
    _gateway(
        "the approved bytes", "a server that makes pictures smaller shows other ones",
        'if blob["ref"]["$link"] != content_id(attachment.content):', "if not blob:",
        "test_other_bytes_than_the_approved_ones_are_not_sent",
    ),
    _gateway(
        "a reply waits for its part", "a part of a thread is held for good, or stands alone",
        '        if "" in draft.thread:\n', "        if not draft.token:\n",
        "test_a_reply_to_a_part_that_is_not_out_waits_without_an_objection",
    ),
    _gateway(
        "no reply without its part", "a part of a thread stands alone",
        'if outgoing.thread and "reply" not in outgoing.staged:', "if not outgoing.token:",
        "test_a_reply_to_a_part_that_is_not_out_waits_without_an_objection",
    ),
    _gateway(
        "the record that was sent", "another record under the key counts as ours",
        'if answer.content().get("value") != sent:', "if not sent:",
        "test_another_record_under_the_key_stays_as_it_is",
    ),
    _gateway(
        "absent only if the server says so", "a post that is out is sent again",
        "        if answer.status != _OK or not answer.is_whole:\n"
        "            return Reading(Found.CANNOT_TELL,",
        "        if answer.status != _OK or not answer.is_whole:\n"
        "            return Reading(Found.ABSENT,",
        _EVERY + "test_an_unclear_answer_tells_nothing",
    ),
    _gateway(
        "its own posts only", "a recall deletes by another account's reference",
        "        if ref not in (rkey, self._uri(rkey)):\n", "        if not rkey:\n",
        "test_a_post_of_another_account_is_not_recalled",
    ),
    _answers(
        "a failure proves nothing", "a post that may be out counts as refused",
        "if answer.status in REFUSES and name in _KINDS:", "if name in _KINDS:",
        _EVERY + "test_one_call_is_one_transmission_and_an_honest_outcome",
    ),
    _profile(
        "at home on the pinned server", "a server that the account left answers for it",
        "    if _plain(server) not in homes:\n", "    if not homes:\n",
        "test_an_account_that_moved_to_another_server_is_refused",
    ),
    _record(
        "facets", "links and tags are dead text",
        '        record["facets"] = found\n', "        del found\n",
        "test_a_record_is_what_the_lexicon_says_and_nothing_more",
    ),
    _record(
        "the first post of a thread", "a thread falls apart",
        '        record["reply"] = reply\n', '        record["reply"] = {"parent": reply["parent"]}\n',
        "test_a_reply_names_the_first_post_and_the_one_before_it",
    ),
    _server(
        "the address that was checked", "a name leads to another address than the checked one",
        "request.url.copy_with(host=address)", "request.url",
        "test_the_address_that_was_checked_is_asked_by_the_servers_name",
    ),
    _server(
        "the certificate is the name's", "anybody at the address gets the token",
        '"sni_hostname": request.url.host', '"sni_hostname": "another.example"',
        "test_the_certificate_must_be_the_names",
    ),
    _server(
        "no private address", "a client's server leads into our own network",
        "PinnedTransport(transport, PublicHosts().addresses)",
        "PinnedTransport(transport, lambda host, _port: [host])",
        "test_a_private_address_gets_nothing_and_the_run_ends",
    ),
)  # fmt: skip
