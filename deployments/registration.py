"""Puts blocks, work pool and deployments on the server that PREFECT_API_URL names; safe to repeat.

Run as `python -m deployments.registration`: one process, because each start of Prefect takes seconds.
"""

from __future__ import annotations

import sys
from pathlib import Path

from aicmo.errors import FixConfiguration

POOL = "aicmo-pool"


def prefect_file() -> Path:
    """prefect.yaml: beside the packages in a checkout, inside `deployments` in the wheel.

    Raises:
        FixConfiguration: it is in neither place.
    """
    here = Path(__file__).resolve().parent
    for place in (here.parent / "prefect.yaml", here / "prefect.yaml"):
        if place.is_file():
            return place
    raise FixConfiguration("prefect.yaml is missing", next_step="Install the package again.")


def register_blocks() -> None:
    import blocks  # noqa: PLC0415  (imports Prefect)

    for name in blocks.__all__:
        getattr(blocks, name).register_type_and_schema()


def create_work_pool() -> None:
    """Leaves a pool that is there as it is: its limits may have been set by hand."""
    from prefect.client.orchestration import get_client  # noqa: PLC0415
    from prefect.client.schemas.actions import WorkPoolCreate  # noqa: PLC0415
    from prefect.exceptions import ObjectAlreadyExists  # noqa: PLC0415
    from prefect.workers.process import ProcessWorker  # noqa: PLC0415

    template = ProcessWorker.get_default_base_job_template()
    pool = WorkPoolCreate(name=POOL, type="process", base_job_template=template)
    with get_client(sync_client=True) as client:
        try:
            client.create_work_pool(pool)
        except ObjectAlreadyExists:
            return


def deploy_all() -> None:
    """`prefect deploy --all`, in this process: its command line takes nothing but `sys.argv`."""
    from prefect.cli import app  # noqa: PLC0415

    sys.argv[1:] = ["--no-prompt", "deploy", "--all", "--prefect-file", str(prefect_file())]
    app()


if __name__ == "__main__":
    register_blocks()
    create_work_pool()
    deploy_all()
