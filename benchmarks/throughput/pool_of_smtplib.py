"""smtplib as people write it: a thread and a connection each, messages that are made already.

`python -m benchmarks.throughput.pool_of_smtplib PORT CONNECTIONS COUNT` prints its seconds.
"""

from __future__ import annotations

import smtplib
import sys
import threading
import time

_LETTER = b"Subject: four coffees\r\nFrom: studio@example.com\r\n\r\n" + b"Hello there.\r\n" * 350


def main(port: int, connections: int, count: int) -> None:
    numbers = iter(range(count))
    lock = threading.Lock()

    def work() -> None:
        with smtplib.SMTP("127.0.0.1", port) as session:
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                session.sendmail("studio@example.com", f"person{number}@example.com", _LETTER)

    threads = [threading.Thread(target=work) for _ in range(connections)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(time.perf_counter() - began)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
