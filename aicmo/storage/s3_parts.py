"""A large file goes to S3 in parts, and becomes an object only when all of them are there.

Each part carries its own SHA-256, and the last request the condition that the key is free. Whatever
goes wrong, the parts are called off, since a bucket keeps (and charges for) what nobody completes.
"""

from __future__ import annotations

import base64
import hashlib
import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from aicmo.errors import StoreRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aicmo.storage.contract import Upload

PART_BYTES = 16 * 1024**2
_MOST_PARTS = 10_000  # Amazon S3 multipart upload limits


def put_in_parts(
    client: Any,
    target: Mapping[str, Any],
    described: Mapping[str, Any],
    upload: Upload,
    *,
    part_bytes: int,
) -> None:
    """Stores a file in parts; nothing is left in the bucket unless all of it is stored.

    Args:
        client: boto3's.
        target: `Bucket` and `Key`.
        described: what the object says about itself: type, disposition, metadata, encryption.
        upload: its `source` stands at the first byte.
        part_bytes: size of a part, more for a file of over 10,000 of them.

    Raises:
        StoreRefused: the file changed while it was sent.
        ClientError: the service refused a request: 412 says that the key is taken.
    """
    started = client.create_multipart_upload(**target, **described, ChecksumAlgorithm="SHA256")
    named = {**target, "UploadId": started["UploadId"]}
    try:
        parts = _send(client, named, upload, max(part_bytes, math.ceil(upload.size / _MOST_PARTS)))
        client.complete_multipart_upload(**named, MultipartUpload={"Parts": parts}, IfNoneMatch="*")
    except BaseException:
        with suppress(Exception):
            client.abort_multipart_upload(**named)
        raise


def _send(
    client: Any, named: Mapping[str, Any], upload: Upload, part_bytes: int
) -> list[dict[str, Any]]:
    """Sends every part; the whole must be what was verified, before anything is completed."""
    parts: list[dict[str, Any]] = []
    whole = hashlib.sha256()
    while part := upload.source.read(part_bytes):
        whole.update(part)
        checksum = base64.b64encode(hashlib.sha256(part).digest()).decode()
        numbered = {"PartNumber": len(parts) + 1, "ChecksumSHA256": checksum}
        sent = client.upload_part(**named, **numbered, Body=part, ContentLength=len(part))
        parts.append({**numbered, "ETag": sent["ETag"]})
    if whole.hexdigest() != upload.sha256:
        raise StoreRefused(
            f"{named['Key']} changed on its way to the bucket {named['Bucket']}",
            next_step="Nothing was stored; build the package again.",
        )
    return parts
