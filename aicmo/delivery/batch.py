"""Packages of many projects: whole projects side by side, each in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

from aicmo.delivery.output_packager import ProjectPackageResult, build_project_package
from aicmo.packaging.workers import shared_pool


def package_all(
    project_ids: Sequence[str],
    *,
    actor: str,
    workers: int | None = None,
    on_done: Callable[[ProjectPackageResult], None] = lambda _: None,
) -> list[ProjectPackageResult]:
    """Builds, verifies and stores each project's package; one that goes wrong leaves the others.

    Steps that a program has replaced in `output_packager` are not replaced here: the processes are
    new ones.

    Args:
        project_ids: the projects; one that is named twice is built once.
        actor: who asks for it, for the audit log.
        workers: projects at a time; by default as many as there are cores.
        on_done: told of every finished project, as it finishes.

    Returns:
        The results in the order of `project_ids`.
    """
    wanted = list(dict.fromkeys(project_ids))
    cores = len(os.sched_getaffinity(0))
    side_by_side = max(1, min(workers or cores, len(wanted)))
    done: dict[str, ProjectPackageResult] = {}
    with _processes(side_by_side, max(1, cores // side_by_side)) as processes:
        started = {
            processes.submit(build_project_package, each, actor=actor): each for each in wanted
        }
        for future in as_completed(started):
            name = started[future]
            done[name] = _result(future) or _alone(name, actor, cores)
            on_done(done[name])
    return [done[each] for each in wanted]


def _processes(count: int, render_workers: int) -> ProcessPoolExecutor:
    # A fork would share the parent's render workers and the locks of its threads.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(count, context, shared_pool, (render_workers,))


def _result(future: Future[ProjectPackageResult]) -> ProjectPackageResult | None:
    """None if a process died: then every unfinished project is without a result."""
    try:
        return future.result()
    except BrokenProcessPool:
        return None


def _alone(project_id: str, actor: str, render_workers: int) -> ProjectPackageResult:
    with _processes(1, render_workers) as process:
        result = _result(process.submit(build_project_package, project_id, actor=actor))
    if result is None:
        result = ProjectPackageResult(project_id, metadata={"requested_by": actor})
        result.add_error("The process that built the package died, twice")
        result.finish()
    return result
