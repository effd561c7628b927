"""Posts on Mastodon: repeat-safe for half an hour where the server keeps keys, else it is asked.

Mastodon knows an Idempotency-Key again for up to an hour. Some versions of 2026 answer 500 to one that
they know; other software ignores it. A post is never scheduled there: those ignore the key.

Facts: docs.joinmastodon.org, methods `statuses`, `media`, `accounts` and `instance`, 2026-07; mastodon PR
37879 (2026-02), #40399 (2026-09).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from aicmo.gateways.account_gateway import NoToken, Profile, ProviderAccount, Refused, TokenSource
from aicmo.gateways.chosen_server import open_chosen_server
from aicmo.gateways.contract import (
    Attachment,
    Found,
    LivePermit,
    OpenGateway,
    Outcome,
    OutcomeKind,
    Outgoing,
    Question,
    RateLimit,
    Reading,
    RepeatClass,
    StillAllowed,
    Timing,
)
from aicmo.gateways.http_answers import Answer, Clock, confirmed, refused, utc_now
from aicmo.gateways.http_exchange import HTTP_TIMING, HttpTimes, account_name
from aicmo.gateways.login_facts import scopes_of
from aicmo.gateways.mastodon_answers import GONE, OK, content_of, unreadable, web_address
from aicmo.gateways.mastodon_instance import domain_of, facts_of
from aicmo.gateways.mastodon_media import MastodonMedia, media_key
from aicmo.gateways.mastodon_timeline import Unclear, look_for
from aicmo.gateways.social_gateway import SocialGateway
from aicmo.posts.post import Post

_STATUSES = "/api/v1/statuses"
_UNPROCESSABLE = 422
_VISIBILITY = {"public": "public", "unlisted": "unlisted", "followers": "private"}


class MastodonGateway(SocialGateway):
    """An account on a server that speaks Mastodon's interface.

    times: how long to wait for an answer. wait: sleeps so many seconds.
    clock: what a time to come back is counted from.

    Raises:
        FixConfiguration: the server's address isn't `https://` and a host.
    """

    channel = "mastodon"
    timing = Timing(HTTP_TIMING.send_deadline, HTTP_TIMING.request_bound, quiet=300, staging=900)
    token_lifetime = timedelta(minutes=30)
    limits = (RateLimit(300, timedelta(minutes=5)),)

    def __init__(
        self,
        permit: LivePermit,
        account: ProviderAccount,
        tokens: TokenSource,
        *,
        times: HttpTimes | None = None,
        clock: Clock = utc_now,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(permit, account, tokens, clock)
        self._is_mastodon = account.profile.get("keeps_keys") is True
        self.repeat_class = RepeatClass.REPEAT_SAFE if self._is_mastodon else RepeatClass.READABLE
        host = urlsplit(account.server).netloc.lower()
        self.name = account_name("mastodon", host, account.identity)
        self._exchange = open_chosen_server(account.server, account.api_url, times)
        self._wait = wait

    def profile(self) -> Profile:
        """See `SocialGateway.profile`; its facts are the server's limits, too."""
        user, instance = self._who(), self._instance()
        try:
            picture = web_address(user.get("avatar_static"))
            return Profile(
                str(user["id"]),
                name=str(user.get("display_name") or user["username"]),
                handle=f"@{user['username']}@{domain_of(instance, self.account.server)}",
                avatar_url=picture if picture.startswith("https://") else "",
                facts={"permalink": web_address(user.get("url")), **facts_of(instance)},
                scopes=scopes_of(self._tokens),
            )
        except (KeyError, TypeError):
            raise unreadable() from None

    def _who(self) -> dict[str, Any]:
        answer = self._get("/api/v1/accounts/verify_credentials")
        if answer.status == _UNPROCESSABLE:  # what snac says of a token that it doesn't know
            raise Refused(Outcome(OutcomeKind.REFUSED_ACCOUNT, code=str(answer.status)), answer)
        return content_of(answer, self._clock())

    def _instance(self) -> dict[str, Any]:
        """In its second version, or in the first, which is all that some servers have."""
        answer = self._exchange.get("/api/v2/instance")
        if answer.status in GONE:
            answer = self._exchange.get("/api/v1/instance")
        return content_of(answer, self._clock())

    def _stage(self, draft: Outgoing, values: dict[str, Any]) -> None:
        if draft.thread:
            values["reply_to"] = draft.thread[-1]
        if pictures := _pictures(Post.from_bytes(draft.payload), draft):
            known = values["media"] = dict(values.get("media", {}))
            media = MastodonMedia(self._ask, self._clock, self._wait)
            for attachment in pictures:
                media.put_up(attachment, known)

    def _post(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome:
        if "" in outgoing.thread:
            return Outcome(OutcomeKind.NOT_SENT, detail="the part before it isn't out")
        body = json.dumps(_fields(outgoing)).encode()
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": outgoing.token,
            **self._login(),
        }
        answer = self._exchange.post(_STATUSES, body, headers, outgoing, still_allowed)
        if answer.status != OK:
            return refused(answer, self._clock())
        content = answer.content()
        if not content.get("id"):  # cut off, or a page of a machine before the server
            return Outcome(OutcomeKind.UNKNOWN, code=str(OK), detail="a success without a post")
        permalink = web_address(content.get("url"))
        return replace(confirmed(answer, content.get("id")), permalink=permalink)

    def reconcile(self, question: Question) -> Reading:
        """Looks for the post on the account's own timeline."""
        try:
            if str(self._who()["id"]) != self.account.identity:
                return Reading(Found.CANNOT_TELL, detail="another account is logged in")
            identity, shows_all = self.account.identity, self._is_mastodon
            return look_for(question, identity, self._get, shows_all=shows_all)
        except (NoToken, Refused) as none:
            detail = none.outcome.detail or none.outcome.code
        except Unclear as unclear:
            detail = str(unclear)
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            detail = type(error).__name__
        return Reading(Found.CANNOT_TELL, detail=detail)

    def recall(self, ref: str) -> Outcome:
        """See `SocialGateway.recall`; software that can't delete says 404, and still has the post."""
        path = f"{_STATUSES}/{quote(ref, safe='')}"
        try:
            answer = self._ask("DELETE", path)
            if answer.status in GONE:
                answer = self._get(path)
                is_gone = answer.status in GONE
                return Outcome(OutcomeKind.SENT, "404", ref=ref) if is_gone else _stays(answer)
        except NoToken as none:
            return none.outcome
        except httpx.HTTPError as error:
            return Outcome(OutcomeKind.UNKNOWN, detail=f"connection failed: {type(error).__name__}")
        if answer.status != OK:
            return refused(answer, self._clock())
        return Outcome(OutcomeKind.SENT, code=str(answer.status), ref=ref)

    def _get(self, path: str) -> Answer:
        return self._exchange.get(path, self._login())

    def _ask(self, method: str, path: str, body: bytes = b"", media_type: str = "") -> Answer:
        if method == "GET":
            return self._get(path)
        headers = self._login() | ({"Content-Type": media_type} if media_type else {})
        return self._exchange.prepare(method, path, body, headers)


def open_mastodon_gateway(account: ProviderAccount, tokens: TokenSource) -> OpenGateway:
    """What the engine calls with its permit to open the account."""
    return lambda permit: MastodonGateway(permit, account, tokens)


def _fields(outgoing: Outgoing) -> dict[str, Any]:
    """The status: the same on every attempt, as the server compares nothing but the key."""
    post, staged = Post.from_bytes(outgoing.payload), outgoing.staged
    fields: dict[str, Any] = {
        "status": post.text,
        "visibility": _VISIBILITY[post.visibility],
        "language": post.language.partition("-")[0],  # the server knows languages, not regions
    }
    if pictures := _pictures(post, outgoing):
        fields["media_ids"] = [staged["media"][media_key(each)] for each in pictures]
    if post.content_warning:
        fields |= {"spoiler_text": post.content_warning, "sensitive": True}
    if outgoing.thread:
        fields["in_reply_to_id"] = outgoing.thread[-1]
    return fields


def _pictures(post: Post, outgoing: Outgoing) -> list[Attachment]:
    """Without the one of a link's card, which servers make themselves."""
    shown = {(each.sha256, each.alt_text) for each in post.pictures}
    return [each for each in outgoing.attachments if (each.sha256, each.alt_text) in shown]


def _stays(answer: Answer) -> Outcome:
    if answer.status != OK:
        return Outcome(OutcomeKind.UNKNOWN, code=str(answer.status))
    detail = "this server deletes no posts for programs: delete it on its own pages"
    return Outcome(OutcomeKind.REFUSED_FOR_GOOD, code="404", detail=detail)
