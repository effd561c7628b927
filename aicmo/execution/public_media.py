"""Media for a network that fetches them by itself: in our own store, under a link of an hour."""

from __future__ import annotations

import tempfile
from pathlib import Path

from aicmo.errors import FixConfiguration
from aicmo.gateways.contract import Attachment
from aicmo.settings import get_settings
from aicmo.storage.contract import PackageStore
from aicmo.storage.opening import open_store

LINK_SECONDS = 3600
"""Instagram fetches at once, and films within minutes."""
_ENDINGS = {"image/jpeg": "jpg", "video/mp4": "mp4"}


def publish_media(media: Attachment) -> str:
    """Stores a file beside the packages and gives its link, which whoever has it can open for an hour.

    Raises:
        FixConfiguration: packages aren't kept in a bucket.
        StoreRefused: the store couldn't keep it.
    """
    store = require_public_store()
    return store.link(_stored(store, media), expires_seconds=LINK_SECONDS)


def require_public_store() -> PackageStore:
    """The store of packages, if its links work elsewhere.

    Raises:
        FixConfiguration: packages aren't kept in a bucket.
    """
    store = open_store(get_settings().packages_folder_or_url())
    if not store.serves_links:
        raise FixConfiguration(
            "Instagram fetches media by itself, and packages are kept in a folder it can't reach",
            next_step="Set AICMO_PACKAGES_URL to an s3:// address (docs/social.md, Instagram).",
        )
    return store


def _stored(store: PackageStore, media: Attachment) -> str:
    """Its key, made of its own hash: the same file is stored once, and never changed."""
    name = f"{media.sha256}.{_ENDINGS[media.media_type]}"
    with tempfile.TemporaryDirectory(prefix="aicmo-media-") as folder:
        file = Path(folder, name)
        file.write_bytes(media.content)
        stored = store.put(
            f"posts/{name}", file,
            sha256=media.sha256, media_type=media.media_type, download_name=name,
        )  # fmt: skip
    return stored.key
