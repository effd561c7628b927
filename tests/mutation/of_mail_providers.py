"""Taking away what makes the HTTP mail providers send at most once, and only to the provider."""

from __future__ import annotations

from typing import Any

from tests.mutation.mutant import Mutant

_RESEND = "contract/test_resend_gateway.py::"
_POSTMARK = "contract/test_postmark_gateway.py::"
_SES = "contract/test_ses_gateway.py::"
_EVERY = _RESEND + "TestResendGateway::"
_MODES = _EVERY + "test_one_call_is_one_transmission_and_an_honest_outcome"
_RUNS = "unit/test_mail_providers.py::"


def _in(file: str) -> Any:
    def of(name: str, prevents: str, text: str, instead: str, *tests: str, **more: Any) -> Mutant:
        return Mutant(name, prevents, f"aicmo/gateways/{file}", text, instead, tests, **more)

    return of


_exchange, _answers, _json = _in("http_exchange.py"), _in("http_answers.py"), _in("email_json.py")
_resend, _postmark, _ses = _in("resend.py"), _in("postmark.py"), _in("ses.py")

MUTANTS = (
    _exchange(
        "http: still allowed", "a pause, or a journal that can't be written, doesn't stop the body",
        "        if len(allowed) < len(self._group):\n", "        if self._still_allowed is None:\n",
        _EVERY + "test_what_is_no_longer_allowed_is_not_sent",
    ),
    _exchange(
        "http: deadline directly before the body", "a worker that hung in the last question sends",
        "        if self.is_late():\n", "        if self._group is None:\n",
        _EVERY + "test_nothing_is_committed_after_the_deadline",
    ),
    _exchange(
        "http: the question comes before the body", "the message goes out before it was allowed",
        "        allowed = self._still_allowed(self._group)\n",
        "        yield body[:1]\n        body = body[1:]\n"
        "        allowed = self._still_allowed(self._group)\n",
        _EVERY + "test_permission_is_asked_once_and_before_a_byte_of_the_body",
    ),
    _exchange(
        "http: a lost answer is a doubt", "a message that went out is sent again",
        "return Outcome(OutcomeKind.UNKNOWN, detail=detail)",
        "return Outcome(OutcomeKind.NOT_SENT, detail=detail)",
        _MODES,
    ),
    _exchange(
        "http: no repeat", "a lost answer makes two messages",
        "            failure = _judge(error, has_begun=question.has_begun)\n",
        "            failure = _judge(error, has_begun=question.has_begun)\n"
        "            if question.has_begun:\n"
        "                again = _LastQuestion(outgoing, still_allowed).then(body)\n"
        '                return self._exchange("POST", path, sized, again, connect=connect)\n',
        _MODES,
    ),
    _exchange(
        "http: no redirection is followed", "the key and the message go to another host",
        "follow_redirects=False,\n", "follow_redirects=True,\n",
        _EVERY + "test_no_redirection_is_followed",
    ),
    _exchange(
        "http: the server is verified", "anybody in between gets the key and the message",
        "verify=ssl.create_default_context(), ", "verify=False, ",
        _RESEND + "test_an_unverified_server_gets_nothing",
    ),
    _exchange(
        "http: a request is bounded as a whole", "a byte at a time holds a request for ever",
        "        self._timer.start()\n", "        self._timer.daemon = True\n",
        _MODES + "[apply, then drip]",
        hangs=True,
    ),
    _exchange(
        "http: an answer is bounded", "an endless answer fills the memory",
        "if len(body) > largest or", "if",
        _RESEND + "test_an_endless_answer_is_cut_and_the_status_counts",
    ),
    _exchange(
        "http: the provider's host and no other", "a wrong address gets the key and the messages",
        "    if not is_plain or not (is_the_provider or is_local):", "    if not is_plain:",
        _RESEND + "test_no_other_host_gets_the_key",
    ),
    _exchange(
        "http: URLs aren't logged", "what stands in a URL gets into logs",
        "logging.getLogger(name).setLevel(logging.WARNING)", "logging.getLogger(name)",
        _RESEND + "test_neither_key_nor_message_is_logged",
    ),
    _answers(
        "http: a server's failure proves nothing", "a message that went out is sent again",
        "    return Outcome(OutcomeKind.UNKNOWN, code=code)\n",
        "    return Outcome(OutcomeKind.NOT_SENT, code=code)\n",
        _MODES,
    ),
    _answers(
        "http: a full account waits as a whole", "every delivery of a list knocks at a closed door",
        "not_before=until, scope=Scope.RUN)", "not_before=until)",
        _RESEND + "test_a_full_provider_makes_the_whole_account_wait",
    ),
    _answers(
        "http: a wait is bounded", "a wrong number stops an account for years",
        "now + min(max(span, _SHORTEST_WAIT), _LONGEST_WAIT)", "now + span",
        _RESEND + "test_a_full_provider_makes_the_whole_account_wait",
    ),
    _json(
        "json: to the recipient of the delivery", "a message goes to somebody else",
        "    if recipient.addr_spec != outgoing.recipient:", "    if recipient is None:",
        _EVERY + "test_an_email_to_somebody_else_is_refused",
    ),
    _json(
        "json: the time isn't part of it", "Resend refuses a repeat as another message",
        '"reply-to", "date"})', '"reply-to"})',
        _RESEND + "test_a_repeat_on_another_day_is_the_same_request_and_has_one_effect",
    ),
    _json(
        "json: no control characters", "a text adds a header of its own",
        "    if _CONTROL.search(text):", "    if not place:",
        "unit/test_email_json.py::test_what_json_would_change_is_refused",
    ),
    _resend(
        "resend: the token is sent", "a repeat is a second message",
        '"Idempotency-Key": outgoing.token}', '"Idempotency-Key": str(id(outgoing))}',
        _EVERY + "test_the_token_is_the_same_on_every_attempt",
    ),
    _resend(
        "resend: another key is another gateway", "a team that knows no token sends again",
        'self.name = account_name("resend", key)', 'self.name = "resend"',
        _RUNS + "test_resend_with_another_key_is_not_told_again",
    ),
    _postmark(
        "postmark: the token is sent", "a doubt is taken for absent and sent again",
        '"Metadata": {"delivery": token},', '"Metadata": {"delivery": ""},',
        _POSTMARK + "test_a_doubt_is_closed_by_the_message_with_its_token",
    ),
    _postmark(
        "postmark: another stream is another gateway", "a stream that was never used says `absent`",
        'account_name("postmark", token, stream)', 'account_name("postmark", token)',
        _RUNS + "test_another_stream_is_never_asked_about_a_doubt",
    ),
    _postmark(
        "postmark: an unclear search is no proof", "a message that went out is sent again",
        "    if messages or total:", "    if messages and not total:",
        _POSTMARK + "test_an_unclear_answer_tells_nothing",
    ),
    _postmark(
        "postmark: what is no longer kept is no proof", "an old message is sent again",
        "    if now - question.armed_at > _KEPT_FOR:", "    if now < question.armed_at:",
        _POSTMARK + "test_a_message_that_is_no_longer_kept_is_no_proof",
    ),
    _postmark(
        "postmark: the search's own stream", "a message in the stream isn't found and sent again",
        '            "messagestream": self._stream,', '            "tag": self._stream,',
        _POSTMARK + "test_a_doubt_is_closed_by_the_message_with_its_token",
    ),
    _ses(
        "ses: boto3 doesn't repeat", "a lost answer makes three messages",
        '"total_max_attempts": 1}', '"total_max_attempts": 3}',
        _SES + "TestSesGateway::test_one_call_is_one_transmission_and_an_honest_outcome",
    ),
    _ses(
        "ses: one transmission per turn", "a library that repeats makes two messages",
        "(outgoing, still_allowed), self._turn = self._turn, None",
        "outgoing, still_allowed = self._turn",
        _SES + "TestSesGateway::test_one_call_is_one_transmission_and_an_honest_outcome",
        behind="ses: boto3 doesn't repeat",
        because="a turn that is used up holds whatever a later botocore makes of its settings",
    ),
    _ses(
        "ses: our exchange transmits", "botocore sends without the last permission",
        'register("before-send.sesv2.SendEmail"', 'register("before-send.sesv2.GetAccount"',
        _SES + "TestSesGateway::test_what_is_no_longer_allowed_is_not_sent",
    ),
    _ses(
        "ses: the endpoint is ours", "the environment sends the messages elsewhere",
        "            endpoint_url=base_url,\n", "",
        _SES + "test_the_environment_cannot_send_it_elsewhere",
    ),
)  # fmt: skip
