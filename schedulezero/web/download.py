"""A file from the web, piece by piece, through the one door for requests (`schedulezero.web.outgoing`)."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from schedulezero.web.address import AddressUnusable, read_web_address
from schedulezero.web.outgoing import OutgoingFailed, requested

PIECE = 64 * 1024
_OK = 200


async def download(url: str, *, seconds: float, allow_private: bool = False) -> AsyncGenerator[bytes]:
    """Yield a file's content in pieces of at most 64 KiB; close the generator to stop earlier.

    Parameters:
        url: The file's address, http or https.
        seconds: How long the whole download may take.
        allow_private: Whether addresses in this machine's network are allowed.

    Raises OutgoingFailed with a reason that names nothing but the host, also if the file is not there or is
    sent compressed, which we don't ask for.
    """
    try:
        address = read_web_address(url)
    except AddressUnusable as error:
        raise OutgoingFailed(error.message, refused=True) from None
    async with requested("GET", address, seconds=seconds, allow_private=allow_private) as response:
        if response.status != _OK or response.headers.get("Content-Encoding", "identity") != "identity":
            raise OutgoingFailed(
                "{host} no longer has the file (HTTP status {status}).",
                refused=True,
                sent=True,
                code="host_lacks_file",
                host=address.host,
                status=response.status,
            )
        async for piece in response.content.iter_chunked(PIECE):
            yield piece
