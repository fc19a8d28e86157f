"""Checks before start that a server reachable from other machines uses TLS and tokens."""

from __future__ import annotations

import ssl
from pathlib import Path

from schedulezero.errors import Exposed
from schedulezero.wire.addresses import is_loopback


def check_rest(endpoint: str, *, tls: bool, behind_proxy: bool, has_token: bool) -> None:
    """Raise Exposed when REST would be in plain text despite its address, or open to other machines."""
    if endpoint.lower().startswith("https:") and not tls and not behind_proxy:
        raise Exposed(
            f"`api_endpoint` {endpoint} promises TLS, but there is no certificate. Set `tls_certificate` and "
            "`tls_key`, or `behind_proxy: true` if a proxy that does TLS stands before it, or begin it with "
            "http:// on 127.0.0.1."
        )
    if is_loopback(endpoint):
        return
    if not tls and not behind_proxy:
        raise Exposed(
            f"`api_endpoint` {endpoint} can be reached from other machines, and would send tokens in plain "
            "text. Set `tls_certificate` and `tls_key`, or `behind_proxy: true` if a proxy that does TLS "
            "stands before it, or listen on 127.0.0.1."
        )
    if not has_token:
        raise Exposed(
            f"`api_endpoint` {endpoint} can be reached from other machines, and there is no token yet that "
            "could be asked for. Make one first: schedulezero-bot token make NAME --scope write"
        )


def tls_context(certificate: str | None, key: str | None) -> ssl.SSLContext | None:
    """Return the TLS context of a server, or None without a certificate.

    Raises Exposed when the files can't be used; the message says why.
    """
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise Exposed("`tls_certificate` and `tls_key` belong together; set both, or none.")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(Path(certificate), Path(key))
    except (OSError, ssl.SSLError) as error:
        raise Exposed(
            f"The certificate {Path(certificate).absolute()} with its key cannot be used: {error}."
        ) from error
    return context
