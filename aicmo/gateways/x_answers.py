"""What X's answers mean.

Facts: docs.x.com, "Create Post", "Response codes and errors" and "Rate limits", OpenAPI 2.167, read
in 2026-08; the answer to a repeated text is known from the field only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from aicmo.gateways.contract import Outcome, OutcomeKind
from aicmo.gateways.http_answers import Answer, Clock, confirmed, refused, wait

_OK, _CREATED, _FORBIDDEN, _NOT_FOUND = 200, 201, 403, 404
_ID = re.compile(r"[0-9]{1,19}")
_FOR_GOOD, _ACCOUNT = OutcomeKind.REFUSED_FOR_GOOD, OutcomeKind.REFUSED_ACCOUNT
_KINDS = {
    "invalid-request": _FOR_GOOD,
    "resource-not-found": _FOR_GOOD,
    "disallowed-resource": _FOR_GOOD,
    "resource-unavailable": _FOR_GOOD,
    "client-forbidden": _ACCOUNT,
    "unsupported-authentication": _ACCOUNT,
    "not-authorized-for-resource": _ACCOUNT,
    "usage-capped": _ACCOUNT,
    "credits": _ACCOUNT,
}
"""By the end of a problem's type; another name isn't shown."""
_LEGACY_KINDS = {
    186: _FOR_GOOD,  # the text is too long
    385: _FOR_GOOD,  # the post that it answers is gone
    433: _FOR_GOOD,  # its author doesn't let it be answered
    32: _ACCOUNT, 64: _ACCOUNT, 89: _ACCOUNT, 261: _ACCOUNT, 326: _ACCOUNT,
}  # fmt: skip
_TODAYS_POSTS_ARE_USED_UP, _DUPLICATE = 185, 187
_DAILY = ("x-user-limit-24hour", "x-app-limit-24hour")


def is_id(text: object) -> bool:
    """Whether it is an id of X: of a post, a user or a medium."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def published(answer: Answer, clock: Clock, permalink: str, *, is_reply: bool) -> Outcome:
    """The outcome of `POST /2/tweets`; `permalink` has `{id}` where the post's id belongs.

    A success may also list errors: they don't undo the post.
    """
    content = answer.content()
    ref, has_errors = data_of(content).get("id"), bool(content.get("errors"))
    if _is_duplicate(answer):
        # It may be the post of an earlier attempt, so the engine asks instead of calling it failed.
        detail = "X says that the account had this text lately"
        return Outcome(OutcomeKind.DUPLICATE, code="403 duplicate", detail=detail)
    if answer.status // 100 != 2:  # noqa: PLR2004
        return refusal(answer, clock, is_reply=is_reply)
    if is_id(ref):
        detail = "published; X lists errors as well" if has_errors else ""
        link = permalink.format(id=ref)
        return Outcome(OutcomeKind.SENT, str(answer.status), detail, ref, permalink=link)
    if answer.status == _CREATED and not has_errors:
        return confirmed(answer, None)
    return Outcome(OutcomeKind.UNKNOWN, code=str(answer.status), detail="a success without a post")


def refusal(answer: Answer, clock: Clock, *, is_reply: bool = False) -> Outcome:
    """The outcome of any other answer."""
    content = answer.content()
    name, legacy, said = _name(content), _legacy_code(content), _sentences(content)
    usual = refused(_with_reset(answer), clock(), name or (f"error {legacy}" if legacy else ""))
    if usual.kind is OutcomeKind.UNKNOWN:  # a 5xx proves nothing, whatever its body says
        return usual
    if legacy == _TODAYS_POSTS_ARE_USED_UP:
        return wait(_with_reset(answer), clock(), usual.code)
    if answer.status == _FORBIDDEN and is_reply and "repl" in said:
        detail = "X doesn't let the account answer this post"
        return Outcome(_FOR_GOOD, code=usual.code, detail=detail)
    kind = _KINDS.get(name) or _LEGACY_KINDS.get(legacy)
    return Outcome(kind, code=usual.code) if kind else usual


def _is_duplicate(answer: Answer) -> bool:
    content = answer.content()
    is_named = "duplicate content" in _sentences(content) or _legacy_code(content) == _DUPLICATE
    return answer.status == _FORBIDDEN and is_named


def deleted(answer: Answer, clock: Clock) -> Outcome:
    """The outcome of `DELETE /2/tweets/{id}`."""
    if answer.status == _NOT_FOUND:
        return Outcome(OutcomeKind.SENT, code="404", detail="it was gone already")
    if answer.status != _OK:
        return refusal(answer, clock)
    if data_of(answer.content()).get("deleted") is True:
        return Outcome(OutcomeKind.SENT, code="200")
    return Outcome(OutcomeKind.UNKNOWN, code="200", detail="X doesn't say that it is gone")


def data_of(content: Mapping[str, Any]) -> dict[str, Any]:
    """The object in an answer's `data`; empty if there is none."""
    data = content.get("data")
    return cast("dict[str, Any]", data) if isinstance(data, dict) else {}


def _with_reset(answer: Answer) -> Answer:
    """A day that is used up ends later than the 15 minutes that X tells as well."""
    for name in _DAILY:
        if answer.headers.get(f"{name}-remaining") == "0" and f"{name}-reset" in answer.headers:
            headers = {"x-rate-limit-reset": answer.headers[f"{name}-reset"]}
            return Answer(answer.status, headers, answer.body, answer.is_whole)
    return answer


def _problems(content: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield content
    errors = content.get("errors")
    for each in cast("list[object]", errors) if isinstance(errors, list) else []:
        if isinstance(each, dict):
            yield cast("dict[str, Any]", each)


def _name(content: Mapping[str, Any]) -> str:
    kinds = (str(each.get("type", "")).rpartition("/")[2] for each in _problems(content))
    return next((kind for kind in kinds if kind in _KINDS), "")


def _legacy_code(content: Mapping[str, Any]) -> int:
    codes = (each.get("code") for each in _problems(content))
    return next((code for code in codes if isinstance(code, int)), 0)


def _sentences(content: Mapping[str, Any]) -> str:
    texts = (str(each.get(key, "")) for each in _problems(content) for key in ("detail", "message"))
    return " ".join(texts).casefold()
