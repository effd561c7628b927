"""Taking away what makes X get each post once, whole, and as itself."""

from __future__ import annotations

from typing import Any

from tests.mutation.mutant import Mutant

_TESTS = "contract/test_x_gateway.py::"


def _in(file: str) -> Any:
    def of(name: str, prevents: str, text: str, instead: str, *tests: str, **more: Any) -> Mutant:
        places = tuple(_TESTS + each for each in tests)
        return Mutant(
            f"x: {name}", prevents, f"aicmo/gateways/{file}", text, instead, places, **more
        )

    return of


_x, _answers, _media = _in("x.py"), _in("x_answers.py"), _in("x_media.py")
_matching, _timeline = _in("post_matching.py"), _in("timeline_gateway.py")

MUTANTS = (
    _x(
        "the pictures go with it", "a post goes out without its picture",
        '        fields["media"] = {"media_ids": media}', '        fields["text"] += ""',
        "test_a_post_has_x_s_fields_and_no_others",
    ),
    _x(
        "a part answers the one before", "the parts of a thread stand alone",
        '        fields["reply"] = {"in_reply_to_tweet_id": outgoing.thread[-1]}',
        '        fields["text"] += ""',
        "test_a_post_has_x_s_fields_and_no_others",
    ),
    _x(
        "no answer to nothing", "a part of a thread stands alone",
        "    if outgoing.thread:\n", "    if any(outgoing.thread[-1:]):\n",
        "test_a_part_whose_post_before_is_not_known_is_no_post_of_its_own",
    ),
    _x(
        "parts are looked for, too", "a part in doubt is taken for absent and sent again",
        '"exclude": "retweets",', '"exclude": "replies,retweets",',
        "test_a_part_of_a_thread_is_found_among_the_replies",
    ),
    _x(
        "every page is read", "a post in doubt is taken for absent and sent again",
        '            query["pagination_token"] = token\n', "            break\n",
        "test_every_page_is_read_before_absence_is_believed",
    ),
    _x(
        "too many pages are no proof", "a post in doubt is taken for absent and sent again",
        '            query["pagination_token"] = token\n        raise ValueError\n',
        '            query["pagination_token"] = token\n        return []\n',
        "test_every_page_is_read_before_absence_is_believed",
    ),
    _x(
        "errors on the timeline are no proof", "a post in doubt is taken for absent and sent again",
        'if page.get("errors") or not', "if not",
        "test_a_page_that_is_not_understood_proves_nothing",
    ),
    _timeline(
        "the pinned account's own log-in asks", "what a stranger can't see is taken for absent",
        "if not self.identity and (objection", "if self.identity and (objection",
        "test_a_stranger_s_log_in_reads_nothing_out_of_an_empty_timeline",
    ),
    _x(
        "older posts are other ones", "the same post of last month counts as this one",
        'ref="" if is_older else str(shown["id"])', 'ref=str(shown["id"])',
        "test_clocks_may_differ_by_ten_minutes",
        behind="x: X is asked for newer ones", because="X may not keep to `start_time`",
    ),
    _x(
        "X is asked for newer ones", "every look costs a page of old posts",
        '"start_time": since.strftime', '"start_time": datetime(2006, 1, 1).strftime',
        "test_clocks_may_differ_by_ten_minutes",
        behind="x: older posts are other ones", because="X may not keep to `start_time`",
    ),
    _x(
        "links are compared as they lead", "every post with a link stays in doubt",
        'leads_to = str(link.get("expanded_url") or link["url"])', 'leads_to = str(link["url"])',
        "test_links_and_signs_that_x_rewrites_are_the_same_text",
    ),
    _x(
        "a media link is no text", "every post with a picture stays in doubt",
        '"" if is_media else leads_to', "leads_to",
        "test_the_link_to_a_post_s_own_picture_is_no_part_of_its_text",
    ),
    _x(
        "a recall names a post", "a recall deletes something else",
        "        if not is_id(ref):\n", "        if not ref:\n",
        "test_a_recall_goes_to_a_post_and_nowhere_else",
    ),
    _answers(
        "a 5xx proves nothing", "a post that went out is sent again",
        "    if usual.kind is OutcomeKind.UNKNOWN:", "    if answer.status < 0:",
        "test_an_error_means_what_x_says_and_repeats_none_of_its_words",
    ),
    _answers(
        "a success with errors is one", "a post that went out is in doubt",
        "    if is_id(ref):\n", "    if is_id(ref) and not has_errors:\n",
        "test_a_success_with_errors_is_sent_and_says_so",
    ),
    _answers(
        "a day's end is waited for", "the account knocks at a closed door every 15 minutes",
        'answer.headers.get(f"{name}-remaining") == "0"', 'answer.headers.get(name) == "0"',
        "test_a_day_that_is_used_up_is_waited_for_to_its_end",
    ),
    _answers(
        "the same text is refused by name", "a repeated text stops the whole account",
        "answer.status == _FORBIDDEN and is_named", "is_named and not is_named",
        "test_an_error_means_what_x_says_and_repeats_none_of_its_words",
    ),
    _answers(
        "used-up credits stop the account", "every post of the plan fails, one by one",
        '    "usage-capped": _ACCOUNT,', '    "usage-capped": _FOR_GOOD,',
        "test_an_error_means_what_x_says_and_repeats_none_of_its_words",
    ),
    _media(
        "pictures are described", "who can't see a picture learns nothing of it",
        "        if attachment.alt_text and", "        if not attachment.alt_text and",
        "test_pictures_keep_their_order_and_their_own_words",
    ),
    _media(
        "an upload that expires is made again", "a post is refused for its picture",
        'datetime.fromisoformat(known["until"]) < self._clock() + _KEPT_IN_HAND',
        'datetime.fromisoformat(known["until"]).year < 1',
        "test_an_upload_that_has_expired_is_made_again",
    ),
    _media(
        "films are waited for", "a post is refused for its film",
        '        is_ready = "processing_info" not in data\n', "        is_ready = bool(data)\n",
        "test_a_film_goes_up_in_parts_and_is_waited_for",
    ),
    _matching(
        "what is another's isn't ours", "one post counts for two, and one is lost",
        "if each.ref not in taken]", "if each.ref]",
        "TestXGateway::test_a_post_that_only_looks_like_ours_is_another_one",
    ),
    _matching(
        "two alike are no proof", "a stranger's post counts as ours, and ours is lost",
        "    if len(same) == 1:", "    if same:",
        "test_two_posts_with_the_text_prove_nothing",
    ),
    _matching(
        "another link alone is no absence", "a network that rewrites links gets the post twice",
        "    is_alike = _without_links(our_text) == _without_links(their_text)\n",
        "    is_alike = our_text == their_text\n",
        "test_a_post_that_differs_in_its_link_alone_proves_nothing",
    ),
    _matching(
        "a post that was edited may be ours", "a post that a person put right is published again",
        "    if any(each.was_edited for each in free):\n", "    if not same and not free:\n",
        "TestXGateway::test_a_post_that_somebody_put_right_is_not_taken_for_another_one",
    ),
    _matching(
        "a near text is no absence", "a network that changes a letter gets the post twice",
        "is_alike or is_cut or is_near", "is_alike or is_cut",
        "TestXGateway::test_a_post_that_somebody_put_right_is_not_taken_for_another_one",
    ),
    _matching(
        "other media make another post", "a stranger's post counts as ours, and ours is lost",
        "return Match.SAME if candidate.is_complete else Match.ALIKE", "return Match.SAME",
        "test_the_link_to_a_post_s_own_picture_is_no_part_of_its_text",
    ),
    _matching(
        "composed letters are the same", "a post with an accent is sent again",
        '" ".join(unicodedata.normalize("NFC", text).split())', '" ".join(text.split())',
        "test_letters_are_the_same_composed_or_not",
    ),
)  # fmt: skip
