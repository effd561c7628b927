"""An SMTP sink that takes its time for every answer, as a relay far away does. Offers PIPELINING.

`python -m benchmarks.throughput.slow_sink SECONDS` prints its port and serves until it is ended.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress


class _Session:
    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float
    ) -> None:
        self._reader, self._writer, self._seconds = reader, writer, seconds
        self._due: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()

    async def serve(self) -> None:
        answering = asyncio.create_task(self._answer_in_time())
        self._say(b"220 sink")
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._listen()
        await self._due.put(None)
        await answering
        self._writer.close()

    async def _listen(self) -> None:
        while line := (await self._reader.readline()).upper():
            if line.startswith(b"EHLO"):
                self._say(b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME")
            elif line.startswith(b"DATA"):
                self._say(b"354 go on")
                await self._reader.readuntil(b"\r\n.\r\n")
                self._say(b"250 2.0.0 taken")
            elif line.startswith(b"QUIT"):
                self._say(b"221 bye")
                return
            else:
                self._say(b"250 2.0.0 ok")

    def _say(self, answer: bytes) -> None:
        at = asyncio.get_running_loop().time() + self._seconds
        self._due.put_nowait((at, answer + b"\r\n"))

    async def _answer_in_time(self) -> None:
        """Each answer that much after its command: a distance, not a queue."""
        while due := await self._due.get():
            at, answer = due
            await asyncio.sleep(max(0.0, at - asyncio.get_running_loop().time()))
            self._writer.write(answer)


async def main(seconds: float) -> None:
    server = await asyncio.start_server(
        lambda reader, writer: _Session(reader, writer, seconds).serve(), "127.0.0.1", 0
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))
