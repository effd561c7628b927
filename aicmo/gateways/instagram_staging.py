"""Bringing a post to the point where one request publishes it: its containers are made, once, and ready."""

from __future__ import annotations

import time
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from aicmo.errors import AicmoError
from aicmo.gateways import instagram_errors as errors
from aicmo.gateways.account_gateway import Refused
from aicmo.gateways.contract import Attachment, Outcome, OutcomeKind, Outgoing
from aicmo.gateways.instagram_containers import (
    PublishMedia,
    carousel,
    child,
    read_post,
    single,
)
from aicmo.gateways.instagram_graph import ERROR, EXPIRED, FINISHED, GONE, PUBLISHED, Graph
from aicmo.gateways.staging_time import StagingTime
from aicmo.posts.post import Post
from aicmo.redaction import describe_with_next_step

_STALE = (ERROR, EXPIRED, GONE)


class Staging:
    """One delivery's way to its container.

    values: what is kept with the delivery: `container`, the `children` of a carousel, the hash of what
        they were made from, and `published` once the container says that it was.
    polls: seconds between two looks at a container.
    """

    def __init__(
        self,
        graph: Graph,
        publish_media: PublishMedia,
        values: dict[str, Any],
        polls: Sequence[float],
    ) -> None:
        self._graph, self._publish_media = graph, publish_media
        self._values, self._polls = values, polls
        self._time = StagingTime()

    def run(self, draft: Outgoing) -> None:
        """Makes what isn't there yet, and waits for it; what was made before a refusal stays noted.

        Raises:
            NoToken, Refused, httpx.HTTPError: it can't go out now.
            FixInput: it never can.
        """
        post, media = read_post(draft)
        self._forget_what_is_stale(sha256(draft.payload).hexdigest())
        if self._values.get("published"):
            return
        used, total = self._graph.quota()
        if used >= total:
            raise Refused(errors.day_is_full(self._graph.clock()))
        if "container" not in self._values:
            self._make(post, media)
        self._wait_for(self._values["container"])

    def _forget_what_is_stale(self, made_from: str) -> None:
        """A container lives for a day; one that was published is never given up, whatever it was made from."""
        if container := self._values.get("container"):
            state, _ = self._graph.state(container)
            if state == PUBLISHED:
                self._values["published"] = True
                return
            if state in _STALE:
                self._values.clear()
        if self._values.get("made_from") != made_from:
            self._values.clear()
            self._values["made_from"] = made_from

    def _make(self, post: Post, media: Sequence[Attachment]) -> None:
        if len(media) == 1:
            fields = single(post, media[0], self._publish)
        else:
            fields = carousel(post, self._children(media))
        self._values["container"] = self._graph.create(fields)

    def _children(self, media: Sequence[Attachment]) -> list[str]:
        ids: list[str] = list(self._values.get("children", ()))
        for each in media[len(ids) :]:
            self._time.require()
            ids.append(self._graph.create(child(each, self._publish)))
            self._values["children"] = list(ids)  # a new list: the old one is what is kept so far
        for each in ids:
            self._wait_for(each)
        return ids

    def _publish(self, media: Attachment) -> str:
        try:
            return self._publish_media(media)
        except AicmoError as error:  # the store isn't set up, or doesn't answer
            detail = describe_with_next_step(error)
            raise Refused(Outcome(OutcomeKind.NOT_SENT, detail=detail)) from None

    def _wait_for(self, container: str) -> None:
        for pause in (0.0, *self._polls):
            self._time.require()
            time.sleep(pause)
            state, text = self._graph.state(container)
            if state in (FINISHED, PUBLISHED):
                return
            if state in _STALE:
                self._values.clear()  # the next time begins anew
                raise Refused(errors.of_broken(text))
        raise Refused(errors.not_ready(self._graph.clock()))
