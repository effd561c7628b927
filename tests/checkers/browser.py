"""Chromium, axe and html-validate as one process, so that looking at a page costs no start-up."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from aicmo.packaging.fonts import write_fontconfig
from tests.peers.children import running
from tests.peers.install import install_checkers
from tests.peers.missing import skip_or_fail

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Look:
    """What one look at a page found.

    violations: axe's, one line each; requests: addresses asked for besides the page itself;
    errors: the console's errors and warnings, dialogs, further pages; overflow: pixels by which the
    page is wider than its window; visible: shown elements per selector; tops: pixels from the window's
    top to the first element of each selector; styles: computed values.
    """

    violations: list[str]
    requests: list[str]
    errors: list[str]
    overflow: int
    visible: Mapping[str, int]
    tops: Mapping[str, float]
    styles: list[str]


class Browser:
    """Looks at files on disk."""

    def __init__(self, process: subprocess.Popen[str], log: IO[str]) -> None:
        self._process, self._log = process, log

    def look(
        self,
        page: Path,
        *,
        width: int = 1280,
        height: int = 900,
        scheme: Literal["light", "dark"] = "light",
        media: Literal["screen", "print"] = "screen",
        fragment: str = "",
        clicks: Sequence[str] = (),
        keys: Sequence[str] = (),
        axe: bool = False,
        visible: Sequence[str] = (),
        tops: Sequence[str] = (),
        styles: Sequence[tuple[str, str]] = (),
        picture: Path | None = None,
        whole: bool = False,
    ) -> Look:
        """Opens the page, clicks, presses keys, and says what is seen then."""
        job = {
            "page": str(page), "width": width, "height": height, "scheme": scheme, "media": media,
            "fragment": fragment, "clicks": clicks, "keys": keys, "axe": axe, "visible": visible,
            "tops": tops, "styles": styles, "picture": str(picture) if picture else None, "whole": whole,
        }  # fmt: skip
        return Look(**self._ask(job))

    def validate(self, page: Path) -> list[str]:
        """What html-validate says against the file, one line each."""
        return self._ask({"validate": str(page)})["messages"]

    def _ask(self, job: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        self._log.seek(0)
        assert answer, f"the browser is gone:\n{self._log.read()}"
        read = json.loads(answer)
        assert "failed" not in read, read["failed"]
        return read


@contextmanager
def running_browser() -> Iterator[Browser]:
    """A browser for as long as the block runs; without Node or Chromium the test is skipped.

    It sees our fonts alone, so that a picture of a page is the same on every machine.
    """
    chromium = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if not (chromium and shutil.which("node") and shutil.which("npm")):
        skip_or_fail("Looking at pages needs chromium, node and npm.")
    program = Path(__file__).with_name("browser.mjs")
    modules = install_checkers()
    with tempfile.TemporaryFile("w+") as log, tempfile.TemporaryDirectory() as home:
        env = os.environ | {"CHROMIUM": chromium, "CHECKERS": str(modules), "HOME": home}
        env["FONTCONFIG_FILE"] = str(write_fontconfig(Path(home)))
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": log}
        with running(["node", program], env=env, **pipes) as process:
            yield Browser(process, log)
            process.communicate(timeout=30)  # its input ends, and it closes the browser itself
