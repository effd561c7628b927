"""Posts on Bluesky: repeat-safe, because the same record under the same key is one post.

`putRecord` with `swapRecord: null` makes a record or finds the same one; it never changes another.
`createRecord` isn't used: repeated, it answers 500.

Facts: the reference server's source and lexicons, github.com/bluesky-social/atproto, 2026-08-20, and its
answers in `tests/contract/test_real_bluesky.py`.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import urlencode

import httpx

from aicmo.errors import FixInput
from aicmo.gateways.account_gateway import NoToken, Profile, ProviderAccount, Refused, TokenSource
from aicmo.gateways.bluesky_answers import is_gone, refusal
from aicmo.gateways.bluesky_profile import APP, profile_of, require_home
from aicmo.gateways.bluesky_record import COLLECTION, content_id, record_of, shown_by
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
from aicmo.gateways.http_answers import Answer, Clock, confirmed, utc_now
from aicmo.gateways.http_exchange import HTTP_TIMING, HttpTimes, account_name
from aicmo.gateways.social_gateway import SocialGateway
from aicmo.posts.post import Post
from aicmo.posts.tid import tid

_OK = 200
_LARGEST_PICTURE = 2_000_000
_UNREADABLE = "the server's answer can't be read"
_NO_EFFECT = frozenset(OutcomeKind) - {OutcomeKind.UNKNOWN, OutcomeKind.DUPLICATE}


class BlueskyGateway(SocialGateway):
    """An account on its own server (PDS), which keeps its posts.

    times: how long to wait for an answer.
    clock: what a post's time and its key come from.

    Raises:
        FixConfiguration: the server's address isn't `https://` and a host.
    """

    channel = "bluesky"
    repeat_class = RepeatClass.REPEAT_SAFE
    timing = Timing(
        HTTP_TIMING.send_deadline, HTTP_TIMING.request_bound, HTTP_TIMING.quiet, staging=800
    )
    # A key is the post's for as long as the post is there. But nobody asks about what is still to be
    # repeated, and a guard may keep it from that: after a day the server is asked instead.
    token_lifetime = timedelta(hours=24)
    limits = (  # 5,000 points an hour and 35,000 a day, of which a post takes 3
        RateLimit(1_666, timedelta(hours=1)),
        RateLimit(11_666, timedelta(days=1)),
    )

    def __init__(
        self,
        permit: LivePermit,
        account: ProviderAccount,
        tokens: TokenSource,
        *,
        times: HttpTimes | None = None,
        clock: Clock = utc_now,
    ) -> None:
        super().__init__(permit, account, tokens, clock)
        self.name = account_name("bluesky", account.identity)
        self._exchange = open_chosen_server(account.server, account.api_url, times)

    def profile(self) -> Profile:
        """See `SocialGateway.profile`; an account that moved to another server is refused."""
        path = _path("com.atproto.server.getSession")
        session = self._asked(self._exchange.get(path, self._login()))
        try:
            identity = str(session["did"])
            path = _path("com.atproto.repo.describeRepo", repo=identity)
            require_home(self._asked(self._exchange.get(path)), self.account.server)
            return profile_of(session, self._shown(identity))
        except (KeyError, TypeError):
            raise Refused(Outcome(OutcomeKind.NOT_SENT, detail=_UNREADABLE)) from None

    def _shown(self, identity: str) -> Mapping[str, Any]:
        """Name and picture, for people, from servers that have a view of the network."""
        try:
            path = _path("app.bsky.actor.getProfile", actor=identity)
            answer = self._exchange.get(path, self._login())
        except httpx.HTTPError:
            return {}
        return answer.content() if answer.status == _OK else {}

    def _stage(self, draft: Outgoing, values: dict[str, Any]) -> None:
        """Key and time are noted once. A picture nobody refers to is dropped, so they go up each time."""
        if "" in draft.thread:
            return  # the part before it isn't out, so arming lets this one wait
        now = self._clock()
        values.setdefault("rkey", tid(int(now.timestamp() * 1_000_000), secrets.randbelow(1024)))
        values.setdefault("created_at", _written(now))
        if draft.thread and "reply" not in values:
            first, last = draft.thread[0], draft.thread[-1]
            values["reply"] = {"root": self._reference(first), "parent": self._reference(last)}
        shown = shown_by(Post.from_bytes(draft.payload))
        values["blobs"] = {
            each.sha256: self._upload(each) for each in draft.attachments if each.sha256 in shown
        }

    def _reference(self, uri: str) -> dict[str, str]:
        answer = self._read(uri.rpartition("/")[2])
        if is_gone(answer):
            raise FixInput("the post that it answers isn't there any more")
        content = self._asked(answer)
        return {"uri": str(content["uri"]), "cid": str(content["cid"])}

    def _upload(self, attachment: Attachment) -> dict[str, Any]:
        if len(attachment.content) > _LARGEST_PICTURE:
            raise FixInput(f"a picture has more than {_LARGEST_PICTURE:,} bytes")
        headers = {"Content-Type": attachment.media_type, **self._login()}
        path = _path("com.atproto.repo.uploadBlob")
        content = self._asked(self._exchange.prepare("POST", path, attachment.content, headers))
        blob = cast("dict[str, Any]", content["blob"])
        if blob["ref"]["$link"] != content_id(attachment.content):
            raise FixInput("the server keeps other bytes of a picture than the approved ones")
        return blob

    def _post(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome:
        if outgoing.thread and "reply" not in outgoing.staged:
            return Outcome(OutcomeKind.NOT_SENT, detail="the part before it isn't out")
        rkey = outgoing.staged["rkey"]
        content = {
            "repo": self.account.identity,
            "collection": COLLECTION,
            "rkey": rkey,
            "validate": True,
            "swapRecord": None,
            "record": record_of(Post.from_bytes(outgoing.payload), outgoing.staged),
        }
        path, headers = _path("com.atproto.repo.putRecord"), self._headers()
        answer = self._exchange.post(path, _json(content), headers, outgoing, still_allowed)
        if answer.status != _OK:
            return refusal(answer, self._clock())
        if answer.is_whole and answer.content().get("uri") != self._uri(rkey):
            return Outcome(OutcomeKind.UNKNOWN, code=str(_OK), detail="a success without the post")
        return replace(confirmed(answer, self._uri(rkey)), permalink=self._permalink(rkey))

    def reconcile(self, question: Question) -> Reading:
        """Looks whether the record that was sent stands under its key."""
        rkey = question.staged["rkey"]
        try:
            answer = self._read(rkey)
        except httpx.HTTPError as error:
            return Reading(Found.CANNOT_TELL, detail=type(error).__name__)
        if is_gone(answer):
            return Reading(Found.ABSENT)
        if answer.status != _OK or not answer.is_whole:
            return Reading(Found.CANNOT_TELL, detail=f"the server answered {answer.status}")
        sent = record_of(Post.from_bytes(question.payload), question.staged)
        if answer.content().get("value") != sent:
            return Reading(Found.CANNOT_TELL, detail="another record stands under its key")
        return Reading(Found.PRESENT, self._uri(rkey), permalink=self._permalink(rkey))

    def recall(self, ref: str) -> Outcome:
        """See `SocialGateway.recall`; to delete what is gone is no error here."""
        rkey = ref.rpartition("/")[2]
        if ref not in (rkey, self._uri(rkey)):
            return Outcome(OutcomeKind.REFUSED_FOR_GOOD, detail="not a post of this account")
        content = {"repo": self.account.identity, "collection": COLLECTION, "rkey": rkey}
        path = _path("com.atproto.repo.deleteRecord")
        try:
            answer = self._exchange.prepare("POST", path, _json(content), self._headers())
        except NoToken as none:
            return none.outcome
        except httpx.HTTPError as error:
            return Outcome(OutcomeKind.UNKNOWN, detail=f"connection failed: {type(error).__name__}")
        if answer.status != _OK:
            return refusal(answer, self._clock())
        return Outcome(OutcomeKind.SENT, code=str(answer.status), ref=ref)

    def _headers(self) -> dict[str, str]:
        return {"Content-Type": "application/json", **self._login()}

    def _read(self, rkey: str) -> Answer:
        record = {"repo": self.account.identity, "collection": COLLECTION, "rkey": rkey}
        return self._exchange.get(_path("com.atproto.repo.getRecord", **record))

    def _asked(self, answer: Answer) -> dict[str, Any]:
        """The content of the documented success.

        Raises:
            Refused: it is another answer.
        """
        if answer.status == _OK and (content := answer.content()):
            return content
        if answer.status == _OK:
            raise Refused(Outcome(OutcomeKind.NOT_SENT, detail=_UNREADABLE), answer)
        outcome = refusal(answer, self._clock())
        if outcome.kind not in _NO_EFFECT:  # nothing that anybody sees was asked for
            outcome = replace(outcome, kind=OutcomeKind.NOT_SENT)
        raise Refused(outcome, answer)

    def _uri(self, rkey: str) -> str:
        return f"at://{self.account.identity}/{COLLECTION}/{rkey}"

    def _permalink(self, rkey: str) -> str:
        return f"{APP}/{self.account.identity}/post/{rkey}"


def open_bluesky_gateway(account: ProviderAccount, tokens: TokenSource) -> OpenGateway:
    """What the engine calls with its permit to open the account."""
    return lambda permit: BlueskyGateway(permit, account, tokens)


def _path(method: str, **query: str) -> str:
    return f"/xrpc/{method}?{urlencode(query)}" if query else f"/xrpc/{method}"


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content).encode()


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
