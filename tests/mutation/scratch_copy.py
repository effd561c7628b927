"""A copy of the product and its tests, in which one mutant after the other is tried."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.mutation.mutant import ROOT, Mutant

_PARTS = ("aicmo", "tests", "pyproject.toml")
_SECONDS, _SECONDS_TO_HANG = 180, 30
_FAILED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Ran:
    """How a selection of tests ended.

    failed: the first test that failed; '' if all passed.
    trouble: why the run proves nothing: no test was selected, or one couldn't be collected.
    """

    failed: str = ""
    trouble: str = ""


class ScratchCopy:
    """A folder with its own `aicmo`, run with this Python; for one thread.

    Raises:
        RuntimeError: Python would import another `aicmo` than the folder's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writes = 0
        outer = {name: text for name, text in os.environ.items() if not name.startswith("PYTEST")}
        # Plugins that none of these tests needs cost as much time as a short test.
        self._environment = {
            **outer, "PYTHONPATH": str(folder), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"
        }  # fmt: skip
        ignored = shutil.ignore_patterns("__pycache__", ".*")
        for part in _PARTS:
            if (ROOT / part).is_dir():
                shutil.copytree(ROOT / part, folder / part, ignore=ignored)
            else:
                shutil.copy2(ROOT / part, folder / part)
        said = self._python("-c", "import aicmo; print(aicmo.__file__)")
        if Path(said.strip()) != folder / "aicmo" / "__init__.py":
            raise RuntimeError(f"this Python imports aicmo from {said.strip()}")

    @contextmanager
    def without(self, *mutants: Mutant) -> Generator[None]:
        """While it is open, the copy lacks these rules.

        Raises:
            ValueError: a mutant's text isn't there exactly once.
        """
        before = {mutant.file: (self._folder / mutant.file).read_text() for mutant in mutants}
        try:
            for mutant in mutants:
                file = self._folder / mutant.file
                self._write(file, mutant.applied_to(file.read_text()))
            yield
        finally:
            for name, source in before.items():
                self._write(self._folder / name, source)

    def _write(self, file: Path, source: str) -> None:
        file.write_text(source)
        # Python tells a compiled file's age by whole seconds and its size; no two writes share one.
        self._writes += 1
        os.utime(file, (self._writes, self._writes))

    def run(
        self, tests: Sequence[str], *, on_postgresql: bool = False, may_hang: bool = False
    ) -> Ran:
        """Runs the tests until one fails; may_hang: not to end is to fail, too."""
        command = ["-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--tb=no", "-rfE"]
        databases = () if on_postgresql else ("-k", "not postgres")
        paths = (f"tests/{each}" for each in tests)
        seconds = _SECONDS_TO_HANG if may_hang else _SECONDS * (1 + len(tests) // 20)
        try:
            self._python(*command, *databases, *paths, seconds=seconds)
        except subprocess.TimeoutExpired as late:
            said = f"no end within {late.timeout:g} s"
            return Ran(failed=f"{tests[0]}: {said}") if may_hang else Ran(trouble=said)
        except subprocess.CalledProcessError as ended:
            found = _FAILED.search(ended.stdout)
            if ended.returncode == 1 and found:
                return Ran(failed=found[1].removeprefix("tests/"))
            return Ran(trouble=ended.stdout.strip()[-400:])
        return Ran()

    def _python(self, *arguments: str, seconds: float = _SECONDS) -> str:
        """What it prints; everything that it started has ended, too."""
        command = [sys.executable, *arguments]
        with subprocess.Popen(
            command, cwd=self._folder, env=self._environment, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True,
        ) as process:  # fmt: skip
            try:
                said, _ = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command, said)
        return said


@contextmanager
def scratch_copy() -> Generator[ScratchCopy]:
    with TemporaryDirectory(prefix="aicmo-mutation-") as folder:
        yield ScratchCopy(Path(folder).resolve())
