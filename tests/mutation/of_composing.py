"""Taking away what keeps an email's text from becoming anything but its text."""

from __future__ import annotations

from tests.mutation.mutant import Mutant

_ANY, _BODY = "unit/test_email_properties.py::", "unit/test_email_body.py::"
_ONE_CLICK, _BY_NAME = (
    "unit/test_email_one_click.py::",
    ("unit/test_email_body.py::test_html_that_cannot_go_out_is_refused_by_its_name",),
)


def _of(name: str, prevents: str, file: str, text: str, instead: str, *tests: str) -> Mutant:
    return Mutant(f"compose: {name}", prevents, f"aicmo/gateways/{file}", text, instead, tests)


MUTANTS = (
    _of(
        "controls in a value", "a contact's name adds a header of its own", "personalisation.py",
        'value if value.isprintable() else refuse_controls(value, f"contact.{self.name}")', "value",
        _ANY + "test_any_text_about_a_contact",
    ),
    _of(
        "controls in a header", "a sender's name adds a header of its own", "email_headers.py",
        "line = refuse_controls(text, place).strip()", "line = text.strip()",
        _ANY + "test_any_text_of_a_brand_or_an_author",
    ),
    _of(
        "escaped values", "a contact's name becomes markup", "email_message.py",
        "escaped = [escape(value) if _MARKUP.search(value) else value for value in values]",
        "escaped = [*values]",
        "unit/test_email_personalisation.py::test_what_a_contact_is_called_stays_text",
        _ANY + "test_any_text_about_a_contact",
    ),
    _of(
        "long values", "a long name breaks its line", "email_encoding.py",
        "if len(encoded) <= VALUE_ROOM:", "if encoded:",
        "unit/test_email_encoding.py::test_frame_and_values_decode_to_the_whole",
    ),
    _of(
        "elements", "an author's script goes out", "email_tree.py",
        "if tag not in TAGS:", "if tag in ():", *_BY_NAME,
    ),
    _of(
        "attributes", "an author's onclick goes out", "email_tree.py",
        "if name not in allowed or name in found or not re.fullmatch(allowed[name], text):",
        "if name in found:", *_BY_NAME,
    ),
    _of(
        "places of elements", "a browser moves what an author wrote", "email_tree.py",
        "if tag not in _MAY_HOLD.get(parent.tag, INLINE) or self._is_nested_link(tag):",
        "if self._is_nested_link(tag):", *_BY_NAME,
    ),
    _of(
        "comments", "a conditional comment shows Outlook another text", "email_tree.py",
        "def handle_comment(self, data: str) -> None:",
        "def handle_comment(self, data: str) -> None:\n        return", *_BY_NAME,
    ),
    _of(
        "second parser", "a browser shows another page than was approved", "email_tree.py",
        "if ours != theirs:", "if ours is theirs:", *_BY_NAME,
    ),
    _of(
        "controls in HTML", "a reference such as &#13; smuggles a line end in", "email_tree.py",
        "parent.children.append(refuse_controls_in_prose(data, self._place))",
        "parent.children.append(data)", *_BY_NAME,
    ),
    _of(
        "schemes", "a link runs a script", "email_urls.py",
        "if not (_HTTPS.fullmatch(url) or _MAILTO.fullmatch(url)):", "if not url:", *_BY_NAME,
    ),
    _of(
        "no placeholder in a link", "who reads is told to another company", "email_urls.py",
        'if self.markers.are_in(url) or "{" in url:', 'if "{" in url:', *_BY_NAME,
    ),
    _of(
        "way out untagged", "the page to leave isn't found", "email_urls.py",
        "or url == self.unsubscribe_url ", "",
        "unit/test_email_tags.py::test_tags_are_added_to_what_the_author_wrote",
    ),
    _of(
        "feedback token", "a message goes out that nobody can leave by", "email_message.py",
        "if self._needs_feedback_token and not", "if False and not",
        _ONE_CLICK + "test_a_message_that_needs_a_token_is_never_made_without",
    ),
    _of(
        "short unsubscribe address", "a folded List-Unsubscribe doesn't work", "email_senders.py",
        'if len(unsubscribe.link("x" * FEEDBACK_TOKEN_LENGTH)) > _LONGEST_URL or not url.isascii():',
        "if not url.isascii():",
        _ONE_CLICK + "test_the_url_is_short_enough_with_its_token_or_refused",
    ),
    _of(
        "addresses that look encoded", "a mail program writes to somebody else", "email_senders.py",
        'if "=?" not in address:', "if address:",
        _ANY + "test_any_address",
    ),
)  # fmt: skip
