"""Prefect as people write it: a flow that maps one task over the recipients, with `retries=3`.

Better than most: results are persisted and cached by input (docs.prefect.io: "Caching", the INPUTS
policy with `persist_result`), so that a run after a crash doesn't send the whole list again.
Subscribers and texts are in the application's SQLite file; the flow asks it for whom to write to,
the task for what. A task run's state is the report.
"""

from __future__ import annotations

import json
import os
import smtplib
import sqlite3
import sys
from contextlib import closing
from email.message import EmailMessage
from pathlib import Path

from benchmarks.safety.campaign import read_campaign

NONE = 3
WORKERS = 8
FLOW = f"campaign-{Path.cwd().name}"


def connect() -> sqlite3.Connection:
    return sqlite3.connect("application.db", timeout=10)


def queue() -> None:
    with closing(connect()) as database, database:
        database.execute(
            "CREATE TABLE subscriber (number INTEGER PRIMARY KEY, email TEXT, first_name TEXT,"
            " text TEXT, opted_out BOOLEAN DEFAULT 0)"
        )
        database.execute("CREATE TABLE text (name TEXT PRIMARY KEY, subject TEXT, body TEXT)")
        rows = [(e.number, e.email, e.first_name, e.text) for e in read_campaign().recipients]
        database.executemany(
            "INSERT INTO subscriber (number, email, first_name, text) VALUES (?, ?, ?, ?)", rows
        )
    edit()


def edit() -> None:
    texts = read_campaign().texts.items()
    rows = [(name, text["subject"], text["body"]) for name, text in texts]
    with closing(connect()) as database, database:
        database.executemany("INSERT OR REPLACE INTO text VALUES (?, ?, ?)", rows)


def opt_out(numbers: list[int]) -> None:
    rows = [(number,) for number in numbers]
    with closing(connect()) as database, database:
        database.executemany("UPDATE subscriber SET opted_out = 1 WHERE number = ?", rows)


def compose(number: int) -> EmailMessage:
    query = (
        "SELECT email, first_name, subject, body FROM subscriber JOIN text ON text.name = text"
        " WHERE number = ?"
    )
    with closing(connect()) as database:
        email, name, subject, body = database.execute(query, (number,)).fetchone()
    message = EmailMessage()
    message["From"], message["To"] = "studio@example.com", email
    message["Subject"] = subject.replace("{name}", name)
    message.set_content(body.replace("{name}", name))
    return message


def send() -> None:
    from prefect import flow, task, unmapped  # noqa: PLC0415  (takes seconds; the other words don't need it)
    from prefect.cache_policies import INPUTS  # noqa: PLC0415
    from prefect.task_runners import ThreadPoolTaskRunner  # noqa: PLC0415

    @task(retries=3, retry_delay_seconds=0.5, persist_result=True, cache_policy=INPUTS,
          task_run_name="mail-{number}")  # fmt: skip
    def send_email(campaign_name: str, number: int) -> str:
        port, seconds = int(os.environ["SAFETY_SMTP_PORT"]), float(os.environ["SAFETY_TIMEOUT"])
        with smtplib.SMTP("127.0.0.1", port, timeout=seconds) as relay:
            relay.send_message(compose(number))
        return f"{campaign_name}: {number}"

    @flow(name=FLOW, task_runner=ThreadPoolTaskRunner(max_workers=WORKERS))
    def campaign() -> None:
        with closing(connect()) as database:
            rows = database.execute("SELECT number FROM subscriber WHERE NOT opted_out")
            numbers = [number for (number,) in rows]
        send_email.map(unmapped(FLOW), numbers).wait()

    campaign()


def report() -> dict[int, str]:
    """The best state of each message's task runs; one that never ended is a doubt.

    A task run that was killed before it started has no name of ours yet, and sent nothing.
    """
    from benchmarks.safety.prefect_server import read_task_runs  # noqa: PLC0415  (needs httpx)

    said = dict.fromkeys((each.number for each in read_campaign().recipients), "open")
    for name, state in read_task_runs(FLOW):
        if not name.startswith("mail-"):
            continue
        number = int(name.removeprefix("mail-"))
        if said.get(number) != "sent":
            said[number] = {"COMPLETED": "sent", "FAILED": "failed"}.get(state, "doubt")
    return said


def main() -> int:
    match sys.argv[1:]:
        case ["queue"]:
            queue()
        case ["send"]:
            send()
        case ["opt-out", file]:
            opt_out([int(number) for number in Path(file).read_text().split()])
        case ["edit"]:
            edit()
        case ["report"]:
            print(json.dumps(report()))
        case _:  # pause, resume
            return NONE
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
