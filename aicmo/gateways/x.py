"""Posts on X through its API v2: after a lost answer, the account's own timeline is read.

Facts: docs.x.com, OpenAPI 2.167, read in 2026-08. X knows no idempotency key.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx

from aicmo.errors import FixInput
from aicmo.gateways.account_gateway import NoToken, Profile, ProviderAccount, Refused, TokenSource
from aicmo.gateways.contract import (
    Attachment,
    LivePermit,
    OpenGateway,
    Outcome,
    OutcomeKind,
    Outgoing,
    RateLimit,
    RepeatClass,
    StillAllowed,
    Timing,
)
from aicmo.gateways.http_answers import Clock, utc_now
from aicmo.gateways.http_exchange import HTTP_TIMING, HttpExchange, HttpTimes, account_name
from aicmo.gateways.json_shapes import an_object, objects
from aicmo.gateways.login_facts import ends_at, scopes_of
from aicmo.gateways.post_matching import Candidate
from aicmo.gateways.staging_time import STAGING_SECONDS
from aicmo.gateways.timeline_gateway import TimelineGateway
from aicmo.gateways.x_answers import data_of, deleted, is_id, published, refusal
from aicmo.gateways.x_media import Pause, XMedia, media_ids
from aicmo.posts.post import Post

_HOST = "api.x.com"
_OK = 200
_MOST_PAGES = 5
_TO_MEDIA = re.compile(r"^https://(x|twitter)\.com/\w+/status/\d+/(photo|video)/\d$")
_HANDLE = re.compile(r"\w{1,15}", re.ASCII)


class XGateway(TimelineGateway):
    """A user's account on X.

    tokens: of OAuth 2 with PKCE; an app's own token can't post.
    pause: waits so many seconds, while X processes a film.

    Raises:
        FixConfiguration: the account's `api_url` is another host's.
    """

    channel = "twitter"
    repeat_class = RepeatClass.READABLE
    timing = Timing(
        HTTP_TIMING.send_deadline, HTTP_TIMING.request_bound, quiet=300, staging=STAGING_SECONDS
    )
    limits = (RateLimit(100, timedelta(minutes=15)),)

    def __init__(
        self,
        permit: LivePermit,
        account: ProviderAccount,
        tokens: TokenSource,
        *,
        times: HttpTimes | None = None,
        clock: Clock = utc_now,
        pause: Pause = time.sleep,
    ) -> None:
        super().__init__(permit, account, tokens, clock)
        self.name = account_name("x", account.identity)
        self._pause = pause
        url = account.api_url or f"https://{_HOST}"
        self._exchange = HttpExchange(url, host=_HOST, headers={}, times=times)

    def profile(self) -> Profile:
        """See `SocialGateway.profile`."""
        user = self._ask("GET", "/2/users/me?user.fields=profile_image_url")
        if not is_id(user.get("id")):
            raise ValueError
        handle, picture = str(user.get("username", "")), str(user.get("profile_image_url", ""))
        return Profile(
            identity=user["id"],
            name=str(user.get("name", "")),
            handle=f"@{handle}",
            # The address without the size is the whole picture.
            avatar_url=picture.replace("_normal.", ".") if picture.startswith("https://") else "",
            facts={"permalink": f"https://x.com/{handle}"},
            scopes=scopes_of(self._tokens),
            expires_at=ends_at(self._tokens),
            api_version="2",
        )

    def recall(self, ref: str) -> Outcome:
        """See `SocialGateway.recall`."""
        if not is_id(ref):
            return Outcome(OutcomeKind.REFUSED_FOR_GOOD, detail="no id of a post on X")
        try:
            answer = self._exchange.prepare("DELETE", f"/2/tweets/{ref}", headers=self._login())
        except NoToken as none:
            return none.outcome
        except httpx.HTTPError as error:
            return Outcome(OutcomeKind.UNKNOWN, detail=f"no answer: {type(error).__name__}")
        return deleted(answer, self._clock)

    def _stage(self, draft: Outgoing, values: dict[str, Any]) -> None:
        post = Post.from_bytes(draft.payload)
        XMedia(self._ask, values, self._clock, self._pause).put_up(_pictures(post, draft))

    def _post(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome:
        body = json.dumps(_fields(outgoing)).encode()
        headers = {"Content-Type": "application/json", **self._login()}
        answer = self._exchange.post("/2/tweets", body, headers, outgoing, still_allowed)
        link = f"https://x.com/{self._handle}/status/{{id}}"
        return published(answer, self._clock, link, is_reply=bool(outgoing.thread))

    def _ask(
        self, method: str, path: str, body: bytes = b"", media_type: str = ""
    ) -> dict[str, Any]:
        """See `x_media.Ask`."""
        headers = self._login() | ({"Content-Type": media_type} if media_type else {})
        answer = self._exchange.prepare(method, path, body, headers)
        if answer.status // 100 == 2 and answer.is_whole:  # noqa: PLR2004  (202 is documented, too)
            return data_of(answer.content())
        outcome = refusal(answer, self._clock)
        if outcome.kind is OutcomeKind.UNKNOWN:  # nothing was published
            outcome = Outcome(OutcomeKind.REFUSED_FOR_NOW, code=outcome.code)
        raise Refused(outcome, answer)

    def _candidates(self, post: Post, since: datetime) -> list[Candidate]:
        """The account's posts since then, parts of threads among them: they are replies.

        Raises:
            ValueError: there are more than can be read, or they can't be understood.
        """
        query = {
            "start_time": since.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "max_results": "100",
            "exclude": "retweets",
            "tweet.fields": "created_at,text,entities,attachments",
        }
        found: list[Candidate] = []
        for _ in range(_MOST_PAGES):
            page = self._page(query)
            found += [self._candidate(each, post, since) for each in objects(page.get("data"))]
            if not (token := page["meta"].get("next_token")):
                return [each for each in found if each.ref]
            query["pagination_token"] = token
        raise ValueError

    def _page(self, query: Mapping[str, str]) -> dict[str, Any]:
        path = f"/2/users/{self.account.identity}/tweets?{urlencode(query)}"
        answer = self._exchange.get(path, self._login())
        if answer.status != _OK:
            raise Refused(refusal(answer, self._clock), answer)
        page = answer.content()
        if page.get("errors") or not isinstance(page["meta"]["result_count"], int):
            raise ValueError
        return page

    def _candidate(self, shown: Mapping[str, Any], post: Post, since: datetime) -> Candidate:
        """Without a reference if it is older."""
        is_older = datetime.fromisoformat(shown["created_at"]) < since
        media: list[Any] = an_object(shown.get("attachments")).get("media_keys") or []
        return Candidate(
            ref="" if is_older else str(shown["id"]),
            text=_plain_text(shown, post.text),
            permalink=f"https://x.com/{self._handle}/status/{shown['id']}",
            is_complete=len(media) == len(post.pictures),
            was_edited=len(shown.get("edit_history_tweet_ids") or ()) > 1,
        )

    @property
    def _handle(self) -> str:
        """X leads from `i` to the account as well."""
        handle = self.account.handle.removeprefix("@")
        return handle if _HANDLE.fullmatch(handle) else "i"


def open_x_gateway(account: ProviderAccount, tokens: TokenSource) -> OpenGateway:
    """What the engine calls with its permit to open the account."""
    return lambda permit: XGateway(permit, account, tokens)


def _pictures(post: Post, outgoing: Outgoing) -> list[Attachment]:
    by_hash = {attachment.sha256: attachment for attachment in outgoing.attachments}
    return [by_hash[picture.sha256] for picture in post.pictures]


def _fields(outgoing: Outgoing) -> dict[str, Any]:
    """The request's fields; X refuses any that it doesn't know."""
    post = Post.from_bytes(outgoing.payload)
    fields: dict[str, Any] = {"text": post.text}
    try:
        media = media_ids(_pictures(post, outgoing), outgoing.staged)
    except KeyError:
        raise FixInput("A picture of the post isn't put up at X") from None
    if media:
        fields["media"] = {"media_ids": media}
    if outgoing.thread:
        if not is_id(outgoing.thread[-1]):
            raise FixInput("The part before it has no reference at X, so it can't be answered")
        fields["reply"] = {"in_reply_to_tweet_id": outgoing.thread[-1]}
    return fields


def _plain_text(shown: Mapping[str, Any], ours: str) -> str:
    """A post's text with its links as they were written, and without the link to its media."""
    text = str(shown["text"])
    for link in objects(an_object(shown.get("entities")).get("urls")):
        leads_to = str(link.get("expanded_url") or link["url"])
        if leads_to not in ours:  # X writes a scheme before an address without one
            leads_to = leads_to.removeprefix("http://")
        is_media = "media_key" in link or _TO_MEDIA.search(leads_to)
        text = text.replace(str(link["url"]), "" if is_media else leads_to)
    for escaped, plain in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(escaped, plain)
    return text
