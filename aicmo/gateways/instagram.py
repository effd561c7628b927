"""Posts on Instagram: a container is made and waited for before arming; publishing it is the one effect.

After a lost answer the container is asked. It is published again only while it says that it never was, and
no second one is made while the fate of the first is open.

Facts: Meta, "Instagram Platform: Content Publishing", "IG Container" and "IG User", Graph API v26.0; for
posts that were live after an error, reports of 2026-07.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import httpx

from aicmo.gateways import instagram_errors as errors
from aicmo.gateways.account_gateway import NoToken, Profile, ProviderAccount, Refused, TokenSource
from aicmo.gateways.contract import (
    Found,
    LivePermit,
    OpenGateway,
    Outcome,
    OutcomeKind,
    Outgoing,
    Question,
    Reading,
    RepeatClass,
    StillAllowed,
    Timing,
)
from aicmo.gateways.http_answers import Answer, Clock, confirmed, utc_now
from aicmo.gateways.http_exchange import HTTP_TIMING, HttpExchange, HttpTimes, account_name
from aicmo.gateways.instagram_containers import PublishMedia
from aicmo.gateways.instagram_graph import FORM, GONE, PUBLISHED, VERSION, WORKING, Graph
from aicmo.gateways.instagram_media import address_of, find_post
from aicmo.gateways.instagram_staging import Staging
from aicmo.gateways.login_facts import ends_at, scopes_of
from aicmo.gateways.social_gateway import SocialGateway
from aicmo.gateways.staging_time import STAGING_SECONDS

_HOST = "graph.instagram.com"
_VERSION_ENDS = datetime(2028, 7, 29, tzinfo=UTC)
"""A version works for two years at least; v26.0 came on 2026-07-29."""
_OK = 200
_POLLS = (2.0, 3.0, 5.0, 10.0, 20.0, 30.0)
"""Pictures take seconds; a film takes minutes, so its delivery comes back later."""
_CANT_BE_READ = (NoToken, Refused, httpx.HTTPError)


class InstagramGateway(SocialGateway):
    """A professional account, by Business Login for Instagram.

    publish_media: puts a file where Instagram can fetch it.
    times: how long to wait for an answer; polls: seconds between two looks at a container.
    clock: what a time to come back is counted from.

    Raises:
        FixConfiguration: the address of the API is another host's.
    """

    channel = "instagram"
    repeat_class = RepeatClass.READABLE
    timing = Timing(
        HTTP_TIMING.send_deadline,
        request_bound=2 * HTTP_TIMING.request_bound,  # then the post's address is asked for
        quiet=4 * HTTP_TIMING.request_bound,
        staging=STAGING_SECONDS,
    )

    def __init__(
        self,
        permit: LivePermit,
        account: ProviderAccount,
        tokens: TokenSource,
        publish_media: PublishMedia,
        *,
        times: HttpTimes | None = None,
        polls: Sequence[float] = _POLLS,
        clock: Clock = utc_now,
    ) -> None:
        super().__init__(permit, account, tokens, clock)
        self.name = account_name("instagram", account.identity)
        self._publish_media, self._polls = publish_media, polls
        base_url = account.api_url or f"https://{_HOST}"
        self._exchange = HttpExchange(base_url, host=_HOST, headers={}, times=times)
        self._graph = Graph(self._exchange, account.identity, self._login, clock)

    def profile(self) -> Profile:
        """See `SocialGateway.profile`."""
        found = self._graph.read("me", fields="user_id,username,name,profile_picture_url")
        identity, username = str(found["user_id"]), str(found["username"])
        used, total = None, None
        if identity == self.account.identity:
            with suppress(Refused, httpx.HTTPError):  # who it is doesn't hang on it
                used, total = self._graph.quota()
        return Profile(
            identity, str(found.get("name") or username), f"@{username}",
            str(found.get("profile_picture_url") or ""),
            facts={"permalink": f"https://www.instagram.com/{username}/"},
            scopes=scopes_of(self._tokens), expires_at=ends_at(self._tokens),
            api_version=VERSION, api_ends_on=_VERSION_ENDS,
            quota_used=used, quota_total=total,
        )  # fmt: skip

    def _stage(self, draft: Outgoing, values: dict[str, Any]) -> None:
        Staging(self._graph, self._publish_media, values, self._polls).run(draft)

    def _post(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome:
        container = outgoing.staged.get("container")
        if not container:
            return Outcome(OutcomeKind.NOT_SENT, detail="it has no container")
        if outgoing.staged.get("published"):
            return Outcome(OutcomeKind.DUPLICATE, detail="its container is published already")
        body = urlencode({"creation_id": container}).encode()
        path, headers = self._graph.path("media_publish"), {**self._login(), **FORM}
        answer = self._exchange.post(path, body, headers, outgoing, still_allowed)
        return self._outcome(answer)

    def _outcome(self, answer: Answer) -> Outcome:
        content = answer.content()
        if answer.status != _OK or "error" in content:
            return errors.at_publish(answer, self._clock())
        outcome = confirmed(answer, content.get("id"))
        return replace(outcome, permalink=self._address(outcome.ref)) if outcome.ref else outcome

    def _address(self, ref: str) -> str:
        """Best effort: the post is out, whatever comes of this question."""
        with suppress(*_CANT_BE_READ):
            return address_of(self._graph.read(self._graph.number(ref), fields="permalink"))
        return ""

    def reconcile(self, question: Question) -> Reading:
        """Asks the delivery's own container, which knows whether it was published."""
        container = question.staged.get("container")
        if not container:
            return Reading(Found.CANNOT_TELL, detail="it has no container")
        try:
            state, _ = self._graph.state(container)
            if state == WORKING:
                return Reading(Found.CANNOT_TELL, detail="Instagram still works on it")
            if state not in (PUBLISHED, GONE):
                return Reading(Found.ABSENT)
            ref, permalink = find_post(self._graph, question)
        except _CANT_BE_READ as error:
            return Reading(Found.CANNOT_TELL, detail=_why(error))
        if state == PUBLISHED or ref:
            detail = "" if ref else "published, but which post it is can't be told"
            return Reading(Found.PRESENT, ref, detail, permalink)
        return Reading(Found.CANNOT_TELL, detail="its container isn't known any more")

    def recall(self, ref: str) -> Outcome:
        """See `SocialGateway.recall`; a program that is logged in with Instagram can't delete."""
        del ref
        detail = "Instagram lets no program delete posts: in its app, open the post, then ⋯, Delete"
        return Outcome(OutcomeKind.REFUSED_FOR_GOOD, detail=detail)


def open_instagram_gateway(
    account: ProviderAccount, tokens: TokenSource, publish_media: PublishMedia
) -> OpenGateway:
    """What the engine calls with its permit to open the account."""
    return lambda permit: InstagramGateway(permit, account, tokens, publish_media)


def _why(error: Exception) -> str:
    """Codes and names only: an error's text can hold an address."""
    if isinstance(error, Refused):
        return error.outcome.code or error.outcome.detail
    if isinstance(error, NoToken):
        return error.outcome.detail or error.outcome.code
    return type(error).__name__
