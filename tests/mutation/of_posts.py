"""Taking away what makes a post right on its network: its count, its links, its markup, its limits."""

from __future__ import annotations

from tests.mutation.mutant import Mutant

_COUNTING = "unit/test_post_counting.py::"
_VECTORS = _COUNTING + "test_a_text_is_as_long_as_its_network_says"
_SPANS = "unit/test_post_spans.py::"
_GRAMMAR = _SPANS + "test_each_network_has_its_own_grammar"
_LITTLE_TEXT = "unit/test_post_little_text.py::"
_COMPOSING = "unit/test_post_composing.py::"


def _in(file: str, name: str, prevents: str, text: str, instead: str, *tests: str) -> Mutant:
    return Mutant(f"post: {name}", prevents, f"aicmo/posts/{file}", text, instead, tests)


MUTANTS = (
    _in(
        "counting.py", "X counts composed letters", "X refuses a text that was counted as short enough",
        '    text = unicodedata.normalize("NFC", text)\n', "", _VECTORS,
    ),
    _in(
        "counting.py", "X weighs scripts", "a Japanese text is twice as long as X allows",
        "sum(1 if _is_light(ord(each)) else 2 for each in plain)", "len(plain)", _VECTORS,
    ),
    _in(
        "counting.py", "X weighs an emoji once", "a post that fits is refused here",
        "emoji * _EMOJI_WEIGHT", "emoji * 2 * _EMOJI_WEIGHT", _VECTORS,
    ),
    _in(
        "counting.py", "a link counts 23 on X", "a text with a long address is refused here",
        "return url_length if is_certain(span.target) else max(url_length, weighted(span.text))",
        "return weighted(span.text)", _VECTORS,
    ),
    _in(
        "counting.py", "what may be no address counts by its letters", "X refuses the post",
        "if is_certain(span.target) else max(url_length, weighted(span.text))", "if span else 0",
        _COUNTING + "test_x_counts_what_may_be_no_address_by_its_letters_when_they_are_more",
    ),
    _in(
        "counting.py", "UTF-16 on LinkedIn", "LinkedIn refuses a text of emoji",
        'return len(text.encode("utf-16-le")) // 2', "return len(text)", _VECTORS,
    ),
    _in(
        "counting.py", "graphemes", "an emoji of a family is counted as seven letters",
        "return len(_GRAPHEME.findall(text))", "return len(text)", _VECTORS,
    ),
    _in(
        "counting.py", "a content warning counts", "Mastodon refuses the post",
        "return graphemes(content_warning + counted)", "return graphemes(counted)", _VECTORS,
    ),
    _in(
        "counting.py", "half of a remote mention counts", "a text that fits is refused here",
        'return "@" + span.target.partition("@")[0] if span.kind == "mention" else span.text',
        "return span.text", _VECTORS,
    ),
    _in(
        "counting.py", "a server's length of links", "the server refuses the post",
        'return "x" * url_length', 'return "x" * 23',
        _COUNTING + "test_a_mastodon_server_says_its_own_limits",
    ),
    _in(
        "rules.py", "a server's own limits", "a post that the server refuses is approved",
        "    if network is Channel.MASTODON and facts:\n", "    if not network:\n",
        _COUNTING + "test_a_mastodon_server_says_its_own_limits",
    ),
    _in(
        "checking_text.py", "limit", "a text that is too long is approved, and refused when it goes out",
        "    if used > rules.limit:\n", "    if used > rules.limit + 1:\n",
        _COUNTING + "test_the_limit_is_let_through_and_one_more_is_not",
    ),
    _in(
        "checking_text.py", "bytes", "Bluesky refuses a text of emoji that was approved",
        "    if rules.max_bytes and size > rules.max_bytes:\n", "    if not size:\n",
        _COUNTING + "test_bluesky_counts_bytes_as_well",
    ),
    _in(
        "checking_text.py", "numbers of tags and mentions", "Instagram refuses the caption",
        "        if limit is not None and len(found) > limit:\n", "        if limit == 0:\n",
        _COMPOSING + "test_instagram_counts_tags_and_mentions",
    ),
    _in(
        "checking_text.py", "placeholders", "everyone reads {{ contact.first_name }}",
        "    if braces := BRACES.search(text):\n", "    if braces := BRACES.match(text, 99):\n",
        _COMPOSING + "test_what_can_t_go_out_is_an_error",
    ),
    _in(
        "checking_media.py", "alternative texts", "a picture says nothing to who doesn't see it",
        "    if not alt_text:\n", "    if alt_text is None:\n",
        _COMPOSING + "test_every_picture_has_an_alternative_text_that_fits",
    ),
    _in(
        "checking_media.py", "length of alternative texts", "a network cuts it off, or refuses the picture",
        "    if len(alt_text) > takes.alt_limit:\n", "    if not takes.alt_limit:\n",
        _COMPOSING + "test_an_alternative_text_is_never_cut",
    ),
    _in(
        "checking_media.py", "number of media", "a network drops pictures, or refuses the post",
        "    if count > takes.max_pictures:\n", "    if count > 99:\n",
        _COMPOSING + "test_as_many_pictures_as_the_network_takes",
    ),
    _in(
        "checking_media.py", "kinds that go alone", "X refuses a film beside a picture",
        "    if alone and len(kinds) > 1:\n", "    if alone and not kinds:\n",
        _COMPOSING + "test_kinds_that_don_t_go_or_don_t_go_together",
    ),
    _in(
        "checking.py", "threads only where they are", "the rest of a thread never goes out",
        "    if content.thread and not rules.has_threads:\n", "    if content.thread and not rules:\n",
        _COMPOSING + "test_a_thread_where_there_is_none_is_an_error",
    ),
    _in(
        "checking.py", "visibility", "what was meant for followers is shown to everyone",
        "    if content.visibility not in rules.visible:\n", "    if not content.visibility:\n",
        _COMPOSING + "test_to_whom_a_post_can_be_shown",
    ),
    _in(
        "composer.py", "the link is in the post", "a post without its link goes out",
        "    if not has_card and _lacks(source, network):\n", "    if not has_card and not source:\n",
        _COMPOSING + "test_a_link_that_the_text_lacks_stands_on_a_line_of_its_own",
    ),
    _in(
        "composer.py", "a link is said once", "readers see the same address twice",
        '    return source.link.rstrip("/") not in said\n', "    return True\n",
        _COMPOSING + "test_a_link_that_the_text_has_is_not_said_twice",
    ),
    _in(
        "composer.py", "no markup in LinkedIn's addresses", "a link on LinkedIn is cut off at its _",
        "        target = _without_markup(target)\n", "        target = str(target)\n",
        _LITTLE_TEXT + "test_addresses_hold_no_markup_so_that_they_stay_links",
    ),
    _in(
        "composer.py", "tags behind Bluesky's links", "link tags eat a third of a text on Bluesky",
        "    if network is Channel.BLUESKY:\n", "    if network is Channel.EMAIL:\n",
        _COMPOSING + "test_on_bluesky_the_tags_are_behind_the_link_and_take_no_room",
    ),
    _in(
        "little_text.py", "escaping", "LinkedIn publishes the post cut off at the first bracket",
        'return _RESERVED.sub(r"\\\\\\g<0>", text)', "return text",
        _LITTLE_TEXT + "test_what_is_reserved_is_escaped",
    ),
    _in(
        "little_text.py", "a tag with an underscore", "LinkedIn cuts the post off at #my_tag",
        'return f"#{word}" if word == span.target else rf"{{hashtag|\\#|{word}}}"',
        'return f"#{span.target}"', _LITTLE_TEXT + "test_what_is_reserved_is_escaped",
    ),
    _in(
        "facets.py", "facets in bytes", "links on Bluesky cover the wrong letters after the first umlaut",
        "end = start + len(span.text.encode())", "end = start + len(span.text)",
        _SPANS + "test_facets_are_counted_in_bytes",
    ),
    _in(
        "spans.py", "mentions with an id only", "a post on Bluesky mentions nobody's account",
        'elif found["handle"] and network not in _WITH_IDS:', 'elif found["handle"]:', _GRAMMAR,
    ),
    _in(
        "spans.py", "nothing inside of a link", "an address is torn apart at its #",
        "first < start + len(span.text) and start < last", "first == start == last", _GRAMMAR,
    ),
    _in(
        "tid.py", "order", "Bluesky sorts posts by keys that don't follow time",
        "number = microseconds << _CLOCK_BITS | clock_id", "number = clock_id << _TIME_BITS | microseconds",
        "unit/test_post_tid.py::test_a_key_is_its_moment",
    ),
)  # fmt: skip
