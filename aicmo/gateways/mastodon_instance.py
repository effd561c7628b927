"""What a server that speaks Mastodon's interface says of itself: its software, and its limits.

Source: docs.joinmastodon.org, methods `instance`, 2026-07.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from aicmo.gateways.json_shapes import an_object

_KEEPS_KEYS = frozenset(
    {"https://github.com/mastodon/mastodon", "https://github.com/glitch-soc/mastodon"}
)
"""Whose source keeps an Idempotency-Key for an hour; others ignore it, as snac does."""
_VERSION = re.compile(r"(\d+)\.\d+\.\d+(?:[-+][\w.+-]+)?")
"""Of Mastodon itself: others write `4.0.0 (not true; really snac/2.75)`."""
_FIRST_WITH_SOURCE = 4
_NUMBERS = {
    "statuses": ("max_characters", "characters_reserved_per_url", "max_media_attachments"),
    "media_attachments": (
        "image_size_limit", "image_matrix_limit", "video_size_limit", "description_limit",
    ),
}  # fmt: skip


def facts_of(instance: Mapping[str, Any]) -> dict[str, Any]:
    """The server's limits by its own names, its software, and whether it knows a key again."""
    configuration = an_object(instance.get("configuration"))
    facts: dict[str, Any] = {
        "server_version": str(instance.get("version", ""))[:100],
        "keeps_keys": keeps_keys(instance),
    }
    for part, names in _NUMBERS.items():
        told = an_object(configuration.get(part))
        facts |= {name: told[name] for name in names if _is_limit(told.get(name))}
    types: object = an_object(configuration.get("media_attachments")).get("supported_mime_types")
    if isinstance(types, list):
        facts["supported_mime_types"] = types
    return facts


def keeps_keys(instance: Mapping[str, Any]) -> bool:
    """Whether a repeated Idempotency-Key is certain to make no second post."""
    version = _VERSION.fullmatch(str(instance.get("version", "")))
    is_known = instance.get("source_url") in _KEEPS_KEYS
    return is_known and version is not None and int(version[1]) >= _FIRST_WITH_SOURCE


def domain_of(instance: Mapping[str, Any], server: str) -> str:
    """What stands after the last @ of its users: not always the host that is spoken to."""
    told = instance.get("domain") or instance.get("uri") or ""
    return str(told).removeprefix("https://") or urlsplit(server).netloc


def _is_limit(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
