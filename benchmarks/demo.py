"""`make demo` from an installed environment: wall time, and how much of it is imports.

The first run renders the package, the others find nothing changed. Imports are what `python -X importtime` says of the modules that a run
loaded, as a share of the run's CPU time; the anchor is an interpreter that imports nothing.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.measuring import options, show

_TOP_LEVEL = re.compile(r"^import time:\s+\d+ \|\s+(\d+) \| (\S.*)$", re.MULTILINE)


def main() -> None:
    chosen = options(__doc__ or "")
    with tempfile.TemporaryDirectory(prefix="aicmo-benchmark-") as folder:
        floor = _run([sys.executable, "-c", "pass"], Path(folder))
        runs = [_demo(Path(folder)) for _ in range(2 if chosen.quick else 3)]
        imports = _import_seconds(Path(folder))
    for run in runs:
        run["imports_share"] = imports / run["cpu"]
        run["ratio_to_bare_python"] = run["wall"] / floor["wall"]
    if chosen.json:
        print(json.dumps({"runs": runs, "imports_seconds": imports, "bare_python": floor}))
        return
    show(
        "aicmo demo",
        ["run", "wall s", "CPU s", "imports, share of CPU", "× bare python"],
        [
            [str(n), run["wall"], run["cpu"], run["imports_share"], run["ratio_to_bare_python"]]
            for n, run in enumerate(runs, start=1)
        ],
    )


def _demo(folder: Path) -> dict[str, float]:
    return _run([sys.executable, "-m", "aicmo.cli.main", "demo"], folder)


def _run(command: list[str], folder: Path) -> dict[str, Any]:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall": wall, "cpu": cpu}


def _import_seconds(folder: Path) -> float:
    """Seconds of top-level imports of the demo's own process in one more run."""
    command = [sys.executable, "-X", "importtime", "-m", "aicmo.cli.main", "demo"]
    done = subprocess.run(
        command, cwd=folder, check=True, capture_output=True, text=True, env=os.environ
    )
    return sum(int(found) for found, _ in _TOP_LEVEL.findall(done.stderr)) / 1e6


if __name__ == "__main__":
    main()
