"""Networks that know no key of ours: after a lost answer, the account's own posts are read."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime, timedelta

import httpx

from aicmo.gateways.account_gateway import NoToken, Refused
from aicmo.gateways.contract import Found, Question, Reading
from aicmo.gateways.post_matching import Candidate, read_candidates
from aicmo.gateways.social_gateway import SocialGateway
from aicmo.posts.post import Post

_CLOCKS_APART = timedelta(minutes=10)


class TimelineGateway(SocialGateway):
    """A network's own part beside a `SocialGateway`'s is `_candidates`."""

    def reconcile(self, question: Question) -> Reading:
        """Looks for the post's text among the account's newest."""
        try:
            post = Post.from_bytes(question.payload)
            if not self.identity and (objection := self.identify()):
                return Reading(Found.CANNOT_TELL, detail=objection.detail or objection.code)
            candidates = self._candidates(post, question.armed_at - _CLOCKS_APART)
        except (NoToken, Refused) as none:
            said = none.outcome.code or none.outcome.detail
            return Reading(Found.CANNOT_TELL, detail=f"the account's posts can't be read: {said}")
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            return Reading(Found.CANNOT_TELL, detail=type(error).__name__)
        return read_candidates(post.text, candidates, question.taken)

    @abstractmethod
    def _candidates(self, post: Post, since: datetime) -> Sequence[Candidate]:
        """The account's posts since then, by the network's clock.

        Raises:
            NoToken, Refused, httpx.HTTPError: they can't be read.
            ValueError: there are more than can be read, or they can't be understood.
        """
