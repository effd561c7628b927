"""Posts on LinkedIn through its Posts API, as a page or as a person.

After a lost answer a page's posts are read; a person's can't be, so there a person has to look.

Facts: Microsoft Learn, "Posts API", "Images API" and "Organizations", version 202609. LinkedIn knows no
idempotency key, but names the earlier post when the same one comes again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import httpx

from aicmo.gateways import linkedin_version as version
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
from aicmo.gateways.http_answers import Answer, Clock, utc_now
from aicmo.gateways.http_exchange import HTTP_TIMING, HttpExchange, HttpTimes, account_name
from aicmo.gateways.json_shapes import an_object, objects
from aicmo.gateways.linkedin_answers import (
    deleted,
    encoded,
    is_post,
    published,
    refusal,
)
from aicmo.gateways.linkedin_fields import (
    PAGE,
    PERSON,
    candidate_of,
    fields_of,
    moment_of,
    pictures_of,
)
from aicmo.gateways.linkedin_media import LinkedInMedia, Pause, upload_place
from aicmo.gateways.login_facts import ends_at, scopes_of
from aicmo.gateways.post_matching import Candidate
from aicmo.gateways.staging_time import STAGING_SECONDS
from aicmo.gateways.timeline_gateway import TimelineGateway
from aicmo.posts import little_text
from aicmo.posts.post import Post

_HOST = "api.linkedin.com"
_OK, _FORBIDDEN, _NOT_FOUND = 200, 403, 404
_TIMES = HttpTimes(read=25, whole=50)
"""A post and reading it back have to fit into one attempt."""
_COUNT, _MOSTPAGES = 10, 5
_AVATARS = "urn:li:digitalmediaAsset:"


class LinkedInGateway(TimelineGateway):
    """A page on LinkedIn, or a member.

    pause: waits so many seconds, while LinkedIn processes a picture.

    Raises:
        FixConfiguration: the account's `api_url` is another host's.
    """

    channel = "linkedin"
    timing = Timing(
        HTTP_TIMING.send_deadline, HTTP_TIMING.request_bound, quiet=600, staging=STAGING_SECONDS
    )

    def __init__(
        self,
        permit: LivePermit,
        account: ProviderAccount,
        tokens: TokenSource,
        *,
        times: HttpTimes = _TIMES,
        clock: Clock = utc_now,
        pause: Pause = time.sleep,
    ) -> None:
        super().__init__(permit, account, tokens, clock)
        self.name = account_name("linkedin", account.identity)
        self._is_page = account.identity.startswith(PAGE)
        self.repeat_class = RepeatClass.READABLE if self._is_page else RepeatClass.BLIND
        self._times, self._pause = times, pause
        headers = {
            "LinkedIn-Version": version.VERSION,
            "X-Restli-Protocol-Version": "2.0.0",
        }
        url = account.api_url or f"https://{_HOST}"
        self._exchange = HttpExchange(url, host=_HOST, headers=headers, times=times)

    def profile(self) -> Profile:
        """See `SocialGateway.profile`; nobody is, where the API's version has ended."""
        if version.has_ended(self._clock()):
            detail = f"LinkedIn's API version {version.VERSION} has ended: install a newer AICMO"
            raise Refused(Outcome(OutcomeKind.REFUSED_ACCOUNT, detail=detail))
        found = self._page() if self._is_page else self._person()
        return replace(
            found,
            scopes=scopes_of(self._tokens),
            expires_at=ends_at(self._tokens),
            api_version=version.VERSION,
            api_ends_on=version.ends_on(version.VERSION),
            problems=version.warnings(self._clock()),
        )

    def recall(self, ref: str) -> Outcome:
        """See `SocialGateway.recall`."""
        if not is_post(ref):
            return Outcome(OutcomeKind.REFUSED_FOR_GOOD, detail="no URN of a post on LinkedIn")
        try:
            headers = {"X-RestLi-Method": "DELETE", **self._login()}
            answer = self._exchange.prepare(
                "DELETE", f"/rest/posts/{encoded(ref)}", headers=headers
            )
        except NoToken as none:
            return none.outcome
        except httpx.HTTPError as error:
            return Outcome(OutcomeKind.UNKNOWN, detail=f"no answer: {type(error).__name__}")
        return deleted(answer, self._clock())

    def reconcile(self, question: Question) -> Reading:
        """A page's posts can be read; a member's can't."""
        if not self._is_page:
            detail = "LinkedIn lets nobody read a member's posts: look at the profile"
            return Reading(Found.CANNOT_TELL, detail=detail)
        return super().reconcile(question)

    def _stage(self, draft: Outgoing, values: dict[str, Any]) -> None:
        post = Post.from_bytes(draft.payload)
        LinkedInMedia(
            self._ask, self._put, self.account.identity, values, self._clock, self._pause,
            is_readable=self._is_page,
        ).put_up(pictures_of(post, draft))  # fmt: skip

    def _post(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome:
        post = Post.from_bytes(outgoing.payload)
        body = json.dumps(fields_of(post, self.account.identity, outgoing.staged)).encode()
        headers = {"Content-Type": "application/json", **self._login()}
        answer = self._exchange.post("/rest/posts", body, headers, outgoing, still_allowed)
        outcome = published(answer, self._clock())
        if not self._is_page or not outcome.ref:
            return outcome
        if outcome.kind is OutcomeKind.DUPLICATE:
            return self._unless_it_is_gone(outcome, outcome.ref)
        return replace(outcome, detail=self._what_is_cut_off(outcome.ref, post))

    def _what_is_cut_off(self, ref: str, post: Post) -> str:
        """LinkedIn publishes a text that it can't parse up to there, and says 201."""
        shown = self._read_back(ref)
        if shown is None or shown.status != _OK:
            return ""
        text = little_text.unescape(str(shown.content().get("commentary", ""))).strip()
        if len(text) >= len(post.text.strip()) or not post.text.startswith(text):
            return ""
        return f"published, but cut off: {len(text)} of {len(post.text)} characters are there"

    def _unless_it_is_gone(self, outcome: Outcome, ref: str) -> Outcome:
        """LinkedIn also refuses copies of posts that it has no longer."""
        shown = self._read_back(ref)
        if shown is None or shown.status != _NOT_FOUND:
            return outcome
        detail = "LinkedIn takes it for a post that is gone, and may for another 24 to 48 hours"
        return Outcome(OutcomeKind.REFUSED_FOR_GOOD, outcome.code, detail)

    def _read_back(self, ref: str) -> Answer | None:
        """Whatever becomes of it, the post's own outcome stands."""
        try:
            return self._exchange.get(f"/rest/posts/{encoded(ref)}", self._login())
        except (NoToken, httpx.HTTPError):
            return None

    def _ask(self, method: str, path: str, body: bytes = b"") -> dict[str, Any]:
        """See `linkedin_media.Ask`."""
        headers = self._login() | ({"Content-Type": "application/json"} if body else {})
        return self._documented(self._exchange.prepare(method, path, body, headers)).content()

    def _put(self, url: str, content: bytes) -> None:
        base, host, path = upload_place(url, self.account.api_url)
        headers = {"Content-Type": "application/octet-stream", **self._login()}
        exchange = HttpExchange(base, host=host, headers={}, times=self._times)
        try:
            self._documented(exchange.prepare("PUT", path, content, headers))
        finally:
            exchange.close()

    def _documented(self, answer: Answer) -> Answer:
        if answer.status // 100 == 2 and answer.is_whole:  # noqa: PLR2004
            return answer
        outcome = refusal(answer, self._clock())
        if outcome.kind is OutcomeKind.UNKNOWN:  # nothing was published
            outcome = Outcome(OutcomeKind.REFUSED_FOR_NOW, code=outcome.code)
        raise Refused(outcome, answer)

    def _person(self) -> Profile:
        person = self._ask("GET", "/v2/userinfo")
        picture = str(person.get("picture", ""))
        return Profile(
            identity=f"{PERSON}{person['sub']}",
            name=str(person.get("name", "")),
            avatar_url=picture if picture.startswith("https://") else "",
        )

    def _page(self) -> Profile:
        """Only who may post as a page may read its posts, so that shows the role."""
        identity = self.account.identity
        self._shown(start=0, count=1)
        page = self._told_or_nothing(f"/rest/organizations/{identity.removeprefix(PAGE)}")
        vanity = str(page.get("vanityName", ""))
        return Profile(
            identity=identity,
            name=str(page.get("localizedName", "")),
            avatar_url=self._logo(an_object(page.get("logoV2"))),
            facts={"permalink": f"https://www.linkedin.com/company/{vanity}/"} if vanity else {},
        )

    def _logo(self, logo: Mapping[str, Any]) -> str:
        asset = str(logo.get("original", ""))
        if not asset.startswith(_AVATARS):
            return ""
        urn = f"urn:li:image:{asset.removeprefix(_AVATARS)}"
        url = str(self._told_or_nothing(f"/rest/images/{encoded(urn)}").get("downloadUrl", ""))
        return url if url.startswith("https://") else ""

    def _told_or_nothing(self, path: str) -> dict[str, Any]:
        """What is good to know, and may be withheld: a name, a picture."""
        try:
            return self._ask("GET", path)
        except Refused as refused:
            if refused.answer and refused.answer.status in (_FORBIDDEN, _NOT_FOUND):
                return {}
            raise

    def _candidates(self, post: Post, since: datetime) -> list[Candidate]:
        """The page's posts since then; the newest changes come first.

        A short page isn't the last one: what can't be shown is left out of it.

        Raises:
            ValueError: there are more than can be read.
        """
        found: list[Candidate] = []
        for start in range(0, _COUNT * _MOSTPAGES, _COUNT):
            shown = self._shown(start, _COUNT)
            newer = [each for each in shown if moment_of(each["createdAt"]) >= since]
            found += [candidate_of(each, post) for each in newer]
            changed = [moment_of(each.get("lastModifiedAt", each["createdAt"])) for each in shown]
            if not shown or min(changed) < since:
                return found
        raise ValueError

    def _shown(self, start: int, count: int) -> list[dict[str, Any]]:
        query = {
            "q": "author",
            "author": self.account.identity,
            "start": str(start),
            "count": str(count),
            "sortBy": "LAST_MODIFIED",
        }
        headers = {"X-RestLi-Method": "FINDER", **self._login()}
        answer = self._exchange.get(f"/rest/posts?{urlencode(query)}", headers)
        if answer.status != _OK:
            raise Refused(refusal(answer, self._clock()), answer)
        return objects(answer.content()["elements"])


def open_linkedin_gateway(account: ProviderAccount, tokens: TokenSource) -> OpenGateway:
    """What the engine calls with its permit to open the page or the member."""
    return lambda permit: LinkedInGateway(permit, account, tokens)
