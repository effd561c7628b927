"""A render worker stays warm, can't reach anybody, and takes nothing with it when it fails."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from aicmo.errors import AicmoError, FixInput
from aicmo.packaging import fonts
from aicmo.packaging.pdf_html import Assets
from aicmo.packaging.workers import Limits, WorkerPool
from tests.documents.canary import listening

JOBS = "tests.documents.worker_jobs"
LAYOUT = "aicmo.packaging.pdf_layout:lay_out"


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(1) as made:
        yield made


def test_a_worker_is_kept_warm(pool: WorkerPool) -> None:
    first, second = (pool.run(f"{JOBS}:process_and", "pid") for _ in range(2))
    assert first == second


def test_two_workers_work_at_once_and_two_jobs_wait_for_one() -> None:
    with WorkerPool(2) as two, ThreadPoolExecutor(4) as threads:
        told = set(threads.map(two.run, [f"{JOBS}:process_and"] * 4, ["pid"] * 4))
    assert 1 <= len(told) <= 2


def test_what_a_library_prints_spoils_no_answer(pool: WorkerPool) -> None:
    assert pool.run(f"{JOBS}:print_much") == "the answer"
    assert pool.run(f"{JOBS}:print_much") == "the answer"


def test_a_worker_inherits_no_secret(pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICMO_SMTP_URL", "smtp://user:password@relay")
    with WorkerPool(1) as fresh:
        told = fresh.run(f"{JOBS}:environment")
    assert "password" not in str(told)
    assert set(told) <= {
        "PATH", "LD_LIBRARY_PATH", "FONTCONFIG_FILE", "HOME", "LC_ALL", "PYTHONPATH",
        "PYTHONDONTWRITEBYTECODE", "OMP_NUM_THREADS", "LC_CTYPE",
    }  # fmt: skip


@pytest.mark.parametrize("job", ["connect", "look_up", "start_a_program"])
def test_a_worker_reaches_nobody(job: str, pool: WorkerPool) -> None:
    with listening() as canary:
        arguments = (canary.port,) if job == "connect" else ()
        with pytest.raises(AicmoError, match="A render worker may not use"):
            pool.run(f"{JOBS}:{job}", *arguments)
    assert canary.hits == []


def test_not_even_the_c_library_reaches_the_network(pool: WorkerPool) -> None:
    pool.run(f"{JOBS}:process_and", "started")
    if "namespace" not in pool.isolation:
        pytest.skip("this kernel lets nobody leave the network's namespace")
    with listening() as canary:
        assert pool.run(f"{JOBS}:connect_without_python", canary.port) != 0
    assert canary.hits == []


def test_an_error_keeps_its_kind_and_its_remedy(pool: WorkerPool) -> None:
    with pytest.raises(FixInput, match="The template is wrong") as caught:
        pool.run(f"{JOBS}:refuse")
    assert caught.value.next_step == "Correct it."


def test_another_error_is_told_with_its_text(pool: WorkerPool) -> None:
    with pytest.raises(AicmoError, match="ValueError: nobody expected this"):
        pool.run(f"{JOBS}:fail")


def test_a_worker_that_dies_is_named_and_replaced(pool: WorkerPool) -> None:
    with pytest.raises(
        AicmoError, match=r"die ended with signal SIGSEGV: the last words"
    ) as caught:
        pool.run(f"{JOBS}:die")
    assert caught.value.next_step
    assert pool.run(f"{JOBS}:process_and", "alive").startswith("alive")


def test_a_worker_that_hangs_is_stopped_and_replaced() -> None:
    with WorkerPool(1, Limits(seconds=3)) as impatient:
        with pytest.raises(AicmoError, match="hang was stopped after 3 seconds"):
            impatient.run(f"{JOBS}:hang")
        assert impatient.run(f"{JOBS}:process_and", "alive").startswith("alive")


def test_a_worker_can_not_take_all_memory(pool: WorkerPool) -> None:
    with pytest.raises(AicmoError, match="more memory than it may use"):
        pool.run(f"{JOBS}:hog")


def test_a_failed_job_leaves_the_others_alone(tmp_path: Path) -> None:
    with WorkerPool(2) as two, ThreadPoolExecutor(2) as threads:
        bad = threads.submit(two.run, f"{JOBS}:die")
        good = threads.submit(two.run, f"{JOBS}:write_file", str(tmp_path / "file"))
        good.result()
        with pytest.raises(AicmoError):
            bad.result()
    assert (tmp_path / "file").read_text() == "done"


def laid_out(pool: WorkerPool, body: str, path: Path, assets: Assets | None = None) -> Any:
    html = f"<html lang=en><title>t</title><body><h1>t</h1>{body}</body></html>"
    return pool.run(LAYOUT, html, assets or {}, "part-0", str(path))


@pytest.mark.parametrize(
    "markup",
    [
        "<img src='{url}'>",
        "<style>@import '{url}';</style>",
        "<link rel=attachment href='file://{file}'>",
        "<img src='data:image/svg+xml,<svg/>'>",
    ],
)
def test_the_renderer_refuses_every_address(markup: str, pool: WorkerPool, tmp_path: Path) -> None:
    canary_file = tmp_path / "canary.txt"
    canary_file.write_text("the-secret-of-the-canary", encoding="utf-8")
    with listening() as canary:
        html = markup.format(url=f"http://127.0.0.1:{canary.port}/x", file=canary_file)
        with pytest.raises(AicmoError, match="refused the address"):
            laid_out(pool, html, tmp_path / "out.pdf")
    assert canary.hits == []
    assert not (tmp_path / "out.pdf").exists()


def test_the_renderer_refuses_an_address_inside_a_drawing(pool: WorkerPool, tmp_path: Path) -> None:
    with listening() as canary:
        url = f"http://127.0.0.1:{canary.port}/x"
        html = f"<svg><title>t</title><image href='{url}' width='9' height='9'/></svg>"
        laid_out(pool, html, tmp_path / "out.pdf")
    assert canary.hits == []


def test_a_renderer_without_a_font_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def no_fonts(folder: Path) -> Path:
        path = folder / "none.conf"
        path.write_text("<fontconfig></fontconfig>", encoding="utf-8")
        return path

    # Without a single font Pango ends the process with SIGSEGV.
    monkeypatch.setattr(fonts, "write_fontconfig", no_fonts)
    with WorkerPool(1) as bare, pytest.raises(AicmoError, match=r"lay_out ended with") as caught:
        laid_out(bare, "<p>text</p>", tmp_path / "out.pdf")
    assert caught.value.next_step
    assert not (tmp_path / "out.pdf").exists()
