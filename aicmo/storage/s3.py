"""Packages in a bucket of Amazon S3, or of anything else that speaks its protocol.

The only file of packages that imports boto3. A put is repeat-safe: it is conditional (`If-None-Match: *`), so a
repeat after a lost answer meets its own object, is told 412, and compares.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable
from contextlib import contextmanager
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Any, Literal, cast
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError
from pydantic import SecretStr

from aicmo.errors import AicmoError, FixConfiguration, StoreRefused
from aicmo.storage.contract import (
    CHUNK_BYTES,
    PackageStore,
    Upload,
    check_expiry,
    check_key,
    refuse_other_content,
)
from aicmo.storage.disposition import attachment
from aicmo.storage.s3_parts import PART_BYTES, put_in_parts

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

ServerSideEncryption = Literal["AES256", "aws:kms"]

MAX_OBJECT_BYTES = 5 * 1024**4
"""The largest object that S3 services agree on (Amazon S3 limits until 2025)."""
PARTS_FROM_BYTES = 64 * 1024**2
"""From this size on a file goes up in parts, so that a broken connection costs one part."""

_CONFLICT_TRIES = 4
_CALLS: dict[str, Any] = {
    "signature_version": "s3v4",
    # All calls here are reads or conditional puts, so repeating them is safe.
    "retries": {"mode": "standard", "total_max_attempts": 4},
    "connect_timeout": 10,
    "read_timeout": 60,
}
_DAMAGED = {
    "BadDigest",
    "InvalidDigest",
    "XAmzContentChecksumMismatch",
    "XAmzContentSHA256Mismatch",
}
_RETRY = "Run it again; nothing is stored twice."

_Put = Callable[[str, Upload], None]


class S3Store(PackageStore):
    """Objects under `prefix` in one bucket. Never sends an ACL; never deletes or overwrites.

    The store behind it must honour `If-None-Match`: docs/stores.md says which ones were tried.
    """

    def __init__(
        self,
        bucket: str,
        prefix: str,
        client: Any,
        *,
        server_side_encryption: ServerSideEncryption | None = None,
        parts_from: int = PARTS_FROM_BYTES,
        part_bytes: int = PART_BYTES,
    ) -> None:
        if prefix:
            check_key(prefix)
        self.bucket, self.prefix, self._client = bucket, prefix, client
        self._encryption = server_side_encryption
        self._parts_from, self._part_bytes = parts_from, part_bytes

    def url(self, key: str) -> str:
        return f"s3://{self.bucket}/{self._object(key)['Key']}"

    def link(self, key: str, *, expires_seconds: int) -> str:
        check_expiry(expires_seconds)
        with self._explained():
            return self._client.generate_presigned_url(
                "get_object", Params=self._object(key), ExpiresIn=expires_seconds
            )

    def read(self, key: str) -> bytes:
        with self._explained():
            body: IO[bytes] = self._client.get_object(**self._object(key))["Body"]
            return body.read()

    def chunks(self, key: str) -> Iterator[bytes]:
        with self._explained():
            body = self._client.get_object(**self._object(key))["Body"]
            yield from body.iter_chunks(CHUNK_BYTES)

    def exists_with(self, key: str, sha256: str) -> bool:
        with self._explained():
            try:
                return self._checksum(key) == sha256
            except ClientError as error:
                if _status(error) == HTTPStatus.NOT_FOUND:
                    return False
                raise

    def _create(self, key: str, upload: Upload) -> bool:
        if upload.size > MAX_OBJECT_BYTES:
            raise StoreRefused(
                f"{key} is larger than 5 TiB, the most that S3 keeps as one object",
                next_step="Make its media smaller.",
            )
        in_parts = upload.size >= self._parts_from
        # The condition on parts is only looked at when all of them are there.
        if in_parts and self.exists_with(key, upload.sha256):
            return False
        with self._explained():
            if self._put_new(self._put_parts if in_parts else self._put_whole, key, upload):
                return True
        if self.exists_with(key, upload.sha256):
            return False
        raise refuse_other_content(key, f"The bucket {self.bucket}")

    def _put_new(self, put: _Put, key: str, upload: Upload) -> bool:
        """False when the key is taken (412). A race (409) is decided by asking again."""
        conflicts = 0
        while True:
            upload.source.seek(0)
            try:
                put(key, upload)
            except ClientError as error:
                if _status(error) == HTTPStatus.PRECONDITION_FAILED:
                    return False
                conflicts += 1
                if _code(error) != "ConditionalRequestConflict" or conflicts == _CONFLICT_TRIES:
                    raise
                time.sleep(0.1 * 2**conflicts)
            else:
                return True

    def _put_whole(self, key: str, upload: Upload) -> None:
        self._client.put_object(
            **self._object(key),
            **self._described(upload),
            Body=upload.source,
            ContentLength=upload.size,
            ChecksumSHA256=base64.b64encode(bytes.fromhex(upload.sha256)).decode(),
            IfNoneMatch="*",
        )

    def _put_parts(self, key: str, upload: Upload) -> None:
        put_in_parts(
            self._client,
            self._object(key),
            self._described(upload),
            upload,
            part_bytes=self._part_bytes,
        )

    def _described(self, upload: Upload) -> dict[str, Any]:
        encryption = {"ServerSideEncryption": self._encryption} if self._encryption else {}
        return {
            "ContentType": upload.media_type,
            "ContentDisposition": attachment(upload.download_name),
            "Metadata": {"sha256": upload.sha256},
            **encryption,
        }

    def _checksum(self, key: str) -> str:
        """The server's own SHA-256 where it keeps one, else that of the content read back.

        The `sha256` metadata is only a label that any writer can set, so it is no evidence.
        """
        head = self._client.head_object(**self._object(key), ChecksumMode="ENABLED")
        kept = str(head.get("ChecksumSHA256", ""))
        if kept and "-" not in kept:  # with a dash it is a checksum of part checksums
            return base64.b64decode(kept).hex()
        body = self._client.get_object(**self._object(key))["Body"]
        value = hashlib.sha256()
        for chunk in body.iter_chunks(CHUNK_BYTES):
            value.update(chunk)
        return value.hexdigest()

    def _object(self, key: str) -> dict[str, Any]:
        check_key(key)
        return {"Bucket": self.bucket, "Key": f"{self.prefix}/{key}" if self.prefix else key}

    @contextmanager
    def _explained(self) -> Generator[None]:
        try:
            yield
        except ClientError as error:
            raise _explain(error, self.bucket) from None
        except (BotoConnectionError, HTTPClientError) as error:
            raise StoreRefused(
                f"The S3 service didn't answer ({type(error).__name__})",
                next_step=f"Check the network and AWS_ENDPOINT_URL_S3. {_RETRY}",
            ) from None
        except BotoCoreError as error:
            raise _misconfigured(error) from None


def open_s3_store(
    *,
    bucket: str,
    prefix: str = "",
    endpoint_url: str | None = None,
    access_key_id: str | None = None,
    secret_access_key: SecretStr | None = None,
    region: str | None = None,
    server_side_encryption: ServerSideEncryption | None = None,
    parts_from: int = PARTS_FROM_BYTES,
    part_bytes: int = PART_BYTES,
) -> S3Store:
    """A store on boto3; what is not given comes from boto3's own chain (AWS_*, profiles, roles).

    Opens no connection.

    Args:
        bucket: its name.
        prefix: the folder in it.
        endpoint_url: of a service that is not Amazon's.
        access_key_id: in place of the one boto3 finds.
        secret_access_key: its secret.
        region: of the bucket.
        server_side_encryption: asked for with each file.
        parts_from: files of so many bytes go up in parts.
        part_bytes: size of a part; S3 takes no less than 5 MiB but for the last.

    Raises:
        FixConfiguration: boto3 can't make a client of this.
        FixInput: the prefix has unsafe characters.
    """
    secret = secret_access_key.get_secret_value() if secret_access_key else None

    # Of its own: boto3's shared session would keep the credentials of an earlier environment.
    session = cast("Any", boto3.Session())

    def client(**s3: str) -> Any:
        return session.client(
            "s3",
            endpoint_url=endpoint_url,
            aws_access_key_id=access_key_id,
            aws_secret_access_key=secret,
            region_name=region,
            config=Config(s3=s3, **_CALLS),
        )

    try:
        # The endpoint may come from the environment, so ask a client for it.
        style = _addressing_style(bucket, str(client().meta.endpoint_url))
        made = client(addressing_style=style)
    except (BotoCoreError, ValueError) as error:
        raise _misconfigured(error) from None
    return S3Store(
        bucket, prefix, made, server_side_encryption=server_side_encryption,
        parts_from=parts_from, part_bytes=part_bytes,
    )  # fmt: skip


def _addressing_style(bucket: str, endpoint_url: str) -> str:
    """`bucket.host` at Amazon, `host/bucket` elsewhere, where such names seldom resolve.

    Left to itself, botocore signs links for Amazon's global host, which a new bucket in another
    region redirects; and a dot in the bucket's name doesn't match Amazon's certificate.
    """
    host = urlsplit(endpoint_url).hostname or ""
    amazon = host.endswith((".amazonaws.com", ".amazonaws.com.cn"))
    return "virtual" if amazon and "." not in bucket else "path"


def _answer(error: ClientError) -> dict[str, Any]:
    return cast("dict[str, Any]", error.response)


def _status(error: ClientError) -> int:
    return int(_answer(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _code(error: ClientError) -> str:
    return str(_answer(error).get("Error", {}).get("Code", ""))


def _explain(error: ClientError, bucket: str) -> AicmoError:
    """Codes only: a body can repeat the access key and the signed request."""
    code, status = _code(error), _status(error)
    said = f"HTTP {status}" if code == str(status) else f"{code}, HTTP {status}"
    return _wrong_settings(code, status, bucket, said) or _refusal(code, status, bucket, said)


def _wrong_settings(code: str, status: int, bucket: str, said: str) -> FixConfiguration | None:
    if code == "NoSuchBucket":
        return FixConfiguration(
            f"The bucket {bucket} doesn't exist", next_step="Create it, or name another one."
        )
    if "Redirect" in code or code.startswith(("AuthorizationHeader", "IllegalLocation")):
        return FixConfiguration(
            f"The bucket {bucket} is in another region ({said})",
            next_step="Set AWS_DEFAULT_REGION, or the block's region, to the bucket's own region.",
        )
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return FixConfiguration(
            f"The S3 service refused these credentials for the bucket {bucket} ({said})",
            next_step="Check the access key, its secret and the bucket policy (docs/stores.md).",
        )
    if status == HTTPStatus.NOT_IMPLEMENTED:
        return FixConfiguration(
            f"The S3 service doesn't offer something that was asked for ({said})",
            next_step="Switch server-side encryption off for this store.",
        )
    return None


def _refusal(code: str, status: int, bucket: str, said: str) -> StoreRefused:
    if code in _DAMAGED:
        return StoreRefused(
            f"The content changed on its way to the bucket {bucket} ({said})",
            next_step="Nothing was stored; build the package again.",
        )
    if status == HTTPStatus.NOT_FOUND:
        return StoreRefused(f"The bucket {bucket} has no such object ({said})")
    return StoreRefused(f"The S3 service refused the request ({said})", next_step=_RETRY)


def _misconfigured(error: Exception) -> FixConfiguration:
    return FixConfiguration(
        f"The S3 configuration can't be used ({type(error).__name__})",
        next_step="Set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_DEFAULT_REGION and, for a store that "
        "is not Amazon's, AWS_ENDPOINT_URL_S3 as a full https:// address.",
    )
