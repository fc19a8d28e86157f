"""A service on this machine that answers each request with the same bytes, and keeps what it heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Heard:
    """What arrived at a service: how many connections, and all of their bytes."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self.data = b""

    @property
    def headers(self) -> dict[str, str]:
        lines = self.data.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        assert len({line.partition(":")[0].lower() for line in lines}) == len(lines), "a header came twice"
        return {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in lines}


@asynccontextmanager
async def a_service(*answer: bytes, hold: bool = False, host: str = "127.0.0.1") -> AsyncIterator[Heard]:
    """Something that listens on loopback, answers each request with the same bytes, and keeps what it heard.

    Parameters:
        answer: what it says, piece by piece.
        hold: it says the last piece again and again until the connection breaks.
    """
    heard = Heard()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.connections += 1
        try:
            while not heard.data.partition(b"\r\n\r\n")[1]:
                piece = await reader.read(65536)
                heard.data += piece
                if not piece:
                    return
            for piece in answer:
                writer.write(piece)
                await writer.drain()
            while hold:
                writer.write(answer[-1])
                await writer.drain()
                await asyncio.sleep(0)
        except ConnectionError:
            return  # the sender has had enough
        finally:
            writer.close()

    server = await asyncio.start_server(serve, host, 0)
    heard.port = server.sockets[0].getsockname()[1]
    try:
        yield heard
    finally:
        server.close()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
