"""Explains in plain words why a web address doesn't answer; aiohttp's messages expose its internals."""

from __future__ import annotations

import os
import ssl

import aiohttp


def why_unreachable(error: Exception) -> str:
    """Return the reason why a request failed, without a full stop."""
    if isinstance(error, TimeoutError):
        return "no answer came in time"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name can't be resolved"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "its certificate is not signed by an authority that is trusted here"
    if isinstance(error, ssl.SSLError | aiohttp.ClientSSLError):
        return "it does not speak HTTPS"
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        return os.strerror(error.errno).lower()
    if isinstance(error, OSError | aiohttp.ClientError):
        return "the connection failed"
    return "its answer is not what was expected"
