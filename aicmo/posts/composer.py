"""From a plan's item to the post of one network: its text with links and tags, counted and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from aicmo.errors import FixInput
from aicmo.plans.document import ProjectDocument
from aicmo.plans.items import Item, PostContent
from aicmo.posts.post import Post, PostCard, PostPicture, Span


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


def compose_post(
    document: ProjectDocument,
    item: Item,
    part: int = 1,
    *,
    pictures: Sequence[PostPicture] = (),
    card_picture: PostPicture | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Draft:
    """The post of one part of an item, on the item's network.

    Args:
        document: the item's project.
        item: an item with post content.
        part: of its thread, from 1.
        pictures: the media of that part, fitted to the network already.
        card_picture: the picture of its link's card.
        facts: what the account's server said of its limits.
    """
    del facts
    content = item.content
    if not isinstance(content, PostContent):
        raise FixInput(f"Item {item.id} carries no post")
    text = content.text if part == 1 else content.thread[part - 2].text
    spans = (Span(text=text),)
    card = (
        PostCard(url=content.link, title=content.link, picture=card_picture)
        if content.link
        else None
    )
    post = Post(
        network=item.channel, format=content.format, spans=spans, pictures=tuple(pictures),
        card=card, language=document.language, visibility=content.visibility,
        content_warning=content.content_warning or "",
    )  # fmt: skip
    return Draft(post, len(text), 3000, "characters")
