"""What a power cut may leave of the journals, which nobody forces to the disk."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

_ANOTHER_BOOT = "00000000-0000-0000-0000-000000000000"


class JournalsOnDisk:
    """The journals as they were at some earlier moment, each with any number of records missing."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._written = folder, folder.with_name("written")

    def write_back(self) -> None:
        """The system writes them to the disk as they are now, of its own accord."""
        shutil.rmtree(self._written, ignore_errors=True)
        self._written.mkdir()
        for file in self._folder.glob("*"):
            try:
                shutil.copyfile(file, self._written / file.name)
            except FileNotFoundError:
                continue

    def cut_power(self, chance: random.Random) -> None:
        """Puts what was written in the place of the folder; the machine starts anew."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(mode=0o700)
        for file in sorted(self._written.glob("*")):
            text = file.read_text().splitlines(keepends=True)
            kept = text[: chance.randint(0, len(text))]
            lines = [_of_another_boot(line) for line in kept]
            (self._folder / file.name).write_text("".join(lines))


def _of_another_boot(line: str) -> str:
    if not line.startswith('["claim"'):
        return line
    *record, _ = json.loads(line)
    return json.dumps([*record, _ANOTHER_BOOT]) + "\n"
