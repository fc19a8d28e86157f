"""Every way in which a text may quote a secret, so that it can be taken out. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

LEAST_HIDEABLE = 6
"""Characters of a secret that can be taken out of a sentence. A shorter one is part of common words, and what
is missing would tell it."""


def forms_of(secret: str) -> frozenset[str]:
    """Return how a secret is written in texts: as it is, in URLs, and quoted by Python or as JSON."""
    quoted = {repr(secret), ascii(secret), json.dumps(secret), json.dumps(secret, ensure_ascii=False)}
    in_urls = {quote(secret), quote(secret, safe=""), quote_plus(secret)}
    return frozenset({secret, *in_urls, *(text[1:-1] for text in quoted)})


def without_secrets(text: str, secrets: Iterable[str]) -> str | None:
    """Return a text with ``…`` in place of the secrets that it quotes; None if one is too short for that."""
    known = [secret for secret in secrets if secret]
    if any(len(secret) < LEAST_HIDEABLE for secret in known):
        return None
    forms = sorted({form for secret in known for form in forms_of(secret)}, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, forms)), "…", text, flags=re.IGNORECASE) if forms else text
