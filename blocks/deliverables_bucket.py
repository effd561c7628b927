"""The bucket that finished packages are kept in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from prefect.blocks.core import Block
from pydantic import Field, HttpUrl, SecretStr

if TYPE_CHECKING:
    from aicmo.storage.contract import PackageStore


class DeliverablesBucket(Block):
    """Bucket for finished packages, on Amazon S3 or anything that speaks its protocol.

    Example:
        Store packages in the bucket:
        ```python
        from blocks import DeliverablesBucket

        bucket = DeliverablesBucket.load("BLOCK_NAME")
        store = bucket.open_store()
        ```
    """

    _block_type_name = "Deliverables Bucket"
    _block_type_slug = "deliverables-bucket"
    _description = "Bucket for finished packages, on S3 or anything that speaks its protocol."
    _documentation_url = HttpUrl("https://docs.prefect.io/v3/concepts/blocks")

    bucket: str = Field(min_length=1, title="Bucket", description="Name of the bucket.")
    prefix: str = Field(
        default="",
        title="Prefix",
        description="Folder inside the bucket, such as clients/2026; empty for none.",
    )
    endpoint_url: str = Field(
        default="",
        title="Endpoint",
        description="Full address of a store that is not Amazon's; empty for Amazon S3.",
    )
    region: str = Field(
        default="",
        title="Region",
        description="Region of the bucket, such as eu-west-1; empty takes it from AWS_REGION.",
    )
    access_key_id: str = Field(
        default="",
        title="Access key ID",
        description="Public half of the access key; empty uses the worker's own AWS identity.",
    )
    secret_access_key: SecretStr = Field(
        default=SecretStr(""),
        title="Secret access key",
        description="Secret half of the access key; kept encrypted.",
    )
    server_side_encryption: Literal["", "AES256", "aws:kms"] = Field(
        default="",
        title="Server-side encryption",
        description="Encryption asked for with each file; empty leaves it to the bucket's rule.",
    )

    def open_store(self) -> PackageStore:
        """The store behind this bucket; opens no connection.

        Raises:
            FixConfiguration: boto3 can't make a client of this.
            FixInput: the prefix has unsafe characters.
        """
        from aicmo.storage.s3 import open_s3_store  # noqa: PLC0415  (boto3 costs 0.2 s)

        return open_s3_store(
            bucket=self.bucket,
            prefix=self.prefix.strip("/"),
            endpoint_url=self.endpoint_url or None,
            access_key_id=self.access_key_id or None,
            secret_access_key=self.secret_access_key if self.access_key_id else None,
            region=self.region or None,
            server_side_encryption=self.server_side_encryption or None,
        )
