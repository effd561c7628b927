"""The blocks that posts go out through: one for each network, named with its type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aicmo.channels import Channel
from aicmo.errors import FixConfiguration
from blocks.bluesky_credentials import BlueskyCredentials
from blocks.instagram_credentials import InstagramCredentials
from blocks.linkedin_credentials import LinkedInCredentials
from blocks.mastodon_credentials import MastodonCredentials
from blocks.x_credentials import XCredentials

SocialCredentials = (
    LinkedInCredentials
    | InstagramCredentials
    | XCredentials
    | BlueskyCredentials
    | MastodonCredentials
)

SOCIAL_BLOCKS: Mapping[Channel, type[SocialCredentials]] = {
    Channel.LINKEDIN: LinkedInCredentials,
    Channel.INSTAGRAM: InstagramCredentials,
    Channel.TWITTER: XCredentials,
    Channel.BLUESKY: BlueskyCredentials,
    Channel.MASTODON: MastodonCredentials,
}


def load_social_credentials(names: Sequence[str], channel: str) -> SocialCredentials | None:
    """The one block for `channel` among `names`, each of which has its type in front.

    None if none of them is for that network; no other block is loaded.

    Raises:
        FixConfiguration: there is no such block, or two are named.
    """
    block_type = SOCIAL_BLOCKS.get(Channel(channel))
    if block_type is None:
        return None
    prefix = f"{block_type.get_block_type_slug()}/"
    mine = [name for name in dict.fromkeys(names) if name.startswith(prefix)]
    if len(mine) > 1:
        raise FixConfiguration(
            f"{' and '.join(mine)} are both for {channel}",
            next_step="Name one: a run of a project goes out as one account on each network.",
        )
    return _load(block_type, mine[0]) if mine else None


def _load(block_type: type[SocialCredentials], name: str) -> SocialCredentials:
    try:
        return block_type.load(name.rpartition("/")[2])
    except ValueError:
        raise FixConfiguration(
            f"There is no block {name}",
            next_step="`aicmo accounts add … --block NAME` makes it, or the UI does under Blocks.",
        ) from None
