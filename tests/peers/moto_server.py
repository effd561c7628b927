"""Amazon SES on loopback, played by moto."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from tests.peers.children import running
from tests.peers.install import install_peer

REGION = "eu-west-1"
KEY_ID, SECRET = "AKIAEXAMPLE", "canary-secret-8d2a"


@dataclass(frozen=True)
class Moto:
    base_url: str
    process: subprocess.Popen[str]

    def client(self) -> Any:
        return boto3.client(
            "sesv2", region_name=REGION, endpoint_url=self.base_url,
            aws_access_key_id=KEY_ID, aws_secret_access_key=SECRET,
        )  # fmt: skip

    def sent(self) -> list[tuple[str, list[str], str]]:
        """Id, recipients and MIME text of each email that was taken."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{REGION}\n")
        self.process.stdin.flush()
        return [tuple(each) for each in json.loads(self.process.stdout.readline())]


@contextmanager
def running_moto() -> Iterator[Moto]:
    program = Path(__file__).with_name("moto_process.py")
    with tempfile.TemporaryFile("w+") as log:
        command = [install_peer("moto"), program]
        started = running(command, stdin=-1, stdout=-1, stderr=log)
        with started as process:
            assert process.stdout
            port = process.stdout.readline().strip()
            log.seek(0)
            assert port, f"moto didn't start:\n{log.read()}"
            yield Moto(f"http://127.0.0.1:{port}", process)
