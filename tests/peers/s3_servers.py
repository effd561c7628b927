"""Real S3 servers on loopback: OpenStack Swift and ministack.

Swift is production storage and tells the truth about signatures, checksums and conditions.
Ministack checks signatures of links only, but knows what Swift doesn't (server-side encryption).
Start each once per test session; every test may use keys of its own in the one bucket.
"""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from tests.peers.children import running
from tests.peers.install import install_peer

BUCKET = "packages"
REGION = "us-east-1"


@dataclass(frozen=True)
class S3Server:
    """A running server with an empty bucket."""

    name: str
    endpoint_url: str
    access_key_id: str
    secret_access_key: str
    bucket: str = BUCKET
    region: str = REGION

    def client(self) -> Any:
        """A plain boto3 client, to look at what the product left in the bucket."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint_url,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            region_name=self.region,
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )


@contextmanager
def running_swift() -> Iterator[S3Server]:
    """OpenStack Swift behind its S3 interface."""
    program = Path(__file__).with_name("swift_process.py")
    with tempfile.TemporaryDirectory(prefix="aicmo-swift-") as folder:
        log = Path(folder, "stderr.log")
        command = [install_peer("swift"), program, folder]
        with log.open("w") as stderr, running(command, stdout=-1, stderr=stderr) as process:
            assert process.stdout
            port = process.stdout.readline().strip()
            assert port, f"Swift didn't start:\n{log.read_text()}"
            server = S3Server("swift", f"http://127.0.0.1:{port}", "test:tester", "testing")
            server.client().create_bucket(Bucket=BUCKET)
            yield server


@contextmanager
def running_ministack() -> Iterator[S3Server]:
    """Ministack; it is handed a bound socket, so there is no race for a free port."""
    with (
        tempfile.TemporaryDirectory(prefix="aicmo-ministack-") as folder,
        socket.create_server(("127.0.0.1", 0), backlog=64) as listener,
        Path(folder, "output.log").open("w") as log,
    ):
        port, number = listener.getsockname()[1], listener.fileno()
        command = [install_peer("ministack"), "-m", "hypercorn", "ministack.app:app"]
        command += ["--workers", "0", "--bind", f"fd://{number}"]
        environment = {
            "PATH": os.environ["PATH"],
            "TMPDIR": folder,
            "HOME": folder,
            "SERVICES": "s3",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
        }
        started = running(
            command, cwd=folder, env=environment, pass_fds=[number], stdout=log, stderr=log
        )
        with started:
            server = S3Server("ministack", f"http://127.0.0.1:{port}", "test", "test")
            server.client().create_bucket(Bucket=BUCKET)
            yield server
