"""A post as composed, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aicmo.errors import FixInput
from aicmo.posts.post import Post


@dataclass(frozen=True, slots=True)
class PostProblem:
    """Something wrong with a post, where in the item, and what puts it right."""

    severity: Literal["error", "warning"]
    place: str
    message: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A post as composed, and what its network would say of it.

    used, limit: in the network's own counting; unit: its name, such as `characters`.
    price_usd: what the network charges for it, in US dollars.
    """

    post: Post
    used: int
    limit: int
    unit: str
    problems: tuple[PostProblem, ...] = ()
    price_usd: float = 0.0

    def require_sound(self) -> Post:
        """The post.

        Raises:
            FixInput: it has an error; the text names the first and its fix.
        """
        errors = [each for each in self.problems if each.severity == "error"]
        if errors:
            raise FixInput(f"{errors[0].place}: {errors[0].message}", next_step=errors[0].fix)
        return self.post
