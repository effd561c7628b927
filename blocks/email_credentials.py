"""The block that live email goes through, whichever provider's it is."""

from __future__ import annotations

from collections.abc import Mapping

from prefect.blocks.core import Block

from aicmo.errors import FixConfiguration
from blocks.postmark_credentials import PostmarkCredentials
from blocks.resend_credentials import ResendCredentials
from blocks.ses_credentials import SesCredentials
from blocks.smtp_credentials import SmtpCredentials

EmailCredentials = SmtpCredentials | ResendCredentials | PostmarkCredentials | SesCredentials

_TYPES: Mapping[str, type[EmailCredentials]] = {
    each.get_block_type_slug(): each
    for each in (SmtpCredentials, ResendCredentials, PostmarkCredentials, SesCredentials)
}


def load_email_credentials(name: str) -> EmailCredentials:
    """The block of that name, which may have its type in front: `resend-credentials/NAME`.

    Raises:
        FixConfiguration: there is none, or several types have one and none is in front.
    """
    slug, _, bare = name.rpartition("/")
    types = [_TYPES[slug]] if slug in _TYPES else list(_TYPES.values()) if not slug else []
    found = [block for each in types if (block := _load(each, bare)) is not None]
    if not found:
        kinds = ", ".join(_TYPES)
        raise FixConfiguration(
            f"There is no block named {name} that email can go through",
            next_step=f"Create it in the UI under Blocks ({kinds}), or leave the name empty.",
        )
    if len(found) > 1:
        full = " and ".join(f"{each.get_block_type_slug()}/{bare}" for each in found)
        raise FixConfiguration(
            f"Several blocks are named {bare}: {full}", next_step="Give the one with its type."
        )
    return found[0]


def _load(block_type: type[EmailCredentials], name: str) -> EmailCredentials | None:
    try:
        loaded: Block = block_type.load(name)
    except ValueError:
        return None
    return loaded if isinstance(loaded, block_type) else None
