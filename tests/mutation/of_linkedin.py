"""Taking away what makes LinkedIn get each post once and whole, and the token only LinkedIn."""

from __future__ import annotations

from typing import Any

from tests.mutation.mutant import Mutant

_TESTS = "contract/test_linkedin_gateway.py::"


def _in(file: str) -> Any:
    def of(name: str, prevents: str, text: str, instead: str, *tests: str, **more: Any) -> Mutant:
        places = tuple(_TESTS + each for each in tests)
        path = f"aicmo/gateways/{file}"
        return Mutant(f"linkedin: {name}", prevents, path, text, instead, places, **more)

    return of


_linkedin, _fields = _in("linkedin.py"), _in("linkedin_fields.py")
_answers, _media, _version = (
    _in("linkedin_answers.py"), _in("linkedin_media.py"), _in("linkedin_version.py"),
)  # fmt: skip

MUTANTS = (
    _fields(
        "the text is escaped", "a post ends at its first bracket, and LinkedIn says 201",
        "little_text.escape(post.spans)", "post.text",
        "test_a_page_s_post_has_linkedin_s_headers_and_fields_and_no_others",
    ),
    _fields(
        "a text is compared as it is shown", "a post in doubt is taken for absent and sent again",
        'little_text.unescape(str(shown.get("commentary", "")))', 'str(shown.get("commentary", ""))',
        "test_a_text_is_compared_as_it_is_shown",
    ),
    _fields(
        "what may be cut off is no absence", "a post that was cut off goes out a second time",
        "cut_before=_MARKUP,", "",
        "test_a_post_that_may_be_ours_cut_off_proves_nothing",
    ),
    _fields(
        "a page's post is for everybody", "what is for followers alone is shown to everybody",
        '    if post.visibility == "followers" and author.startswith(PERSON):\n',
        '    if post.visibility == "followers":\n',
        "test_connections_alone_see_a_member_s_post_and_never_a_page_s",
    ),
    _linkedin(
        "a member's doubts are a person's", "a doubt that nobody can read is taken for absent",
        "        self.repeat_class = RepeatClass.READABLE if self._is_page else RepeatClass.BLIND\n",
        "        self.repeat_class = RepeatClass.READABLE\n",
        "test_a_page_can_be_asked_and_a_member_can_not",
    ),
    _linkedin(
        "a cut-off post is told", "half a text stands there and nobody knows",
        "return replace(outcome, detail=self._what_is_cut_off(outcome.ref, post))",
        "return outcome",
        "test_a_page_s_post_that_linkedin_cuts_off_is_told",
    ),
    _linkedin(
        "a post that is gone is no proof", "a post counts as sent that isn't there",
        "        if shown is None or shown.status != _NOT_FOUND:", "        if shown or not shown:",
        "test_a_copy_of_a_page_s_post_that_is_gone_is_refused_with_the_reason",
    ),
    _linkedin(
        "a role on the page is needed", "every post of the plan is refused, one by one",
        "        self._shown(start=0, count=1)\n", "",
        "test_a_log_in_without_a_role_on_the_page_is_refused",
    ),
    _linkedin(
        "an ended version sends nothing", "every post of the plan is refused, one by one",
        "        if version.has_ended(self._clock()):", "        if not version.VERSION:",
        "test_a_version_is_warned_of_in_time_and_never_used_after_its_end",
    ),
    _linkedin(
        "every page is read", "a post in doubt is taken for absent and sent again",
        "            if not shown or min(changed) < since:", "            if found or changed:",
        "test_every_page_is_read_before_absence_is_believed",
    ),
    _linkedin(
        "older posts are other ones", "the same post of last month counts as this one",
        'if moment_of(each["createdAt"]) >= since]',
        "if each]",
        "test_clocks_may_differ_by_ten_minutes",
    ),
    _linkedin(
        "the reading back fits into the attempt", "a slow answer ends the worker",
        "_TIMES = HttpTimes(read=25, whole=50)", "_TIMES = HttpTimes()",
        "test_a_post_and_reading_it_back_fit_into_one_attempt",
    ),
    _answers(
        "the reference stands in the head", "a post can't be found, recalled or told from others",
        'ref = answer.headers.get("x-restli-id", "")', 'ref = answer.content().get("id", "")',
        "test_a_page_s_post_has_linkedin_s_headers_and_fields_and_no_others",
    ),
    _answers(
        "only a post proves a post", "a person's URN counts as the post",
        '_POST = re.compile(r"urn:li:(?:share|ugcPost):[0-9]{1,30}")',
        '_POST = re.compile(r"urn:li:[a-zA-Z]+:[0-9A-Za-z_-]{1,30}")',
        "test_a_person_s_urn_is_no_post",
    ),
    _answers(
        "a conflict proves nothing", "a post that went out is sent again",
        "    if answer.status == _CONFLICT and any(word in _message(answer) for word in _PASSES):",
        "    if answer.status == _CONFLICT:",
        "test_an_error_means_what_linkedin_says",
    ),
    _answers(
        "an ended version stops the account", "every post of the plan fails, one by one",
        "(answer.status == _TOO_OLD or name in _VERSIONS)", "answer.status < 0",
        "test_an_error_means_what_linkedin_says",
    ),
    _answers(
        "a used-up day is waited for", "the account knocks at a closed door all day",
        "not_before=_tomorrow(now), ", "",
        "TestLinkedInPage::test_a_limit_lets_the_whole_account_wait_as_long_as_the_network_says",
    ),
    _media(
        "the token goes to LinkedIn alone", "a foreign host can post in the client's name",
        'f".{host}".endswith(".linkedin.com")', '"linkedin.com" in host',
        "test_the_log_in_goes_to_no_foreign_host_for_an_upload",
    ),
    _media(
        "uploads are encrypted", "anybody in between can post in the client's name",
        'parts.scheme == "https" and', "",
        "test_the_log_in_goes_to_no_foreign_host_for_an_upload",
    ),
    _media(
        "a picture is waited for", "a post is refused for its picture",
        'if status == "AVAILABLE":', 'if status in ("AVAILABLE", "PROCESSING"):',
        "test_a_page_s_picture_is_waited_for_until_linkedin_has_it",
    ),
    _media(
        "a picture that is missing is put up again", "a post waits for its picture for ever",
        " or missed > _MISSED_AT_MOST:", ":",
        "test_a_picture_that_linkedin_has_not_got_is_put_up_again",
        hangs=True,
    ),
    _linkedin(
        "a cut answer is none", "an account is shown without its name",
        "if answer.status // 100 == 2 and answer.is_whole:", "if answer.status // 100 == 2:",
        "test_an_answer_that_is_cut_tells_nothing_of_a_page",
    ),
    _media(
        "a member's picture gets its time", "a post is refused for its picture",
        "            self._pause(max(left, 0))\n", "            del left\n",
        "test_a_member_s_picture_is_given_a_fixed_time_once",
    ),
    _version(
        "the end is told in time", "one morning nothing goes out any more",
        "    if left > _WARN_BEFORE:", "    if left:",
        "test_a_version_is_warned_of_in_time_and_never_used_after_its_end",
    ),
)  # fmt: skip
