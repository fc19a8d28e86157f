"""PostgreSQL connection strings: whether one is unambiguous, and how to display it. Pure.

A password that contains ``@ / : ? # %`` or a space should be percent-encoded
(https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS). Otherwise it may be split
in the wrong place, and parts of it would appear as a host, a port or a database in error messages. So an
ambiguous string is refused before any connection attempt, in a message without the string. (An @, a colon or
a space does no harm: the last @ before the host counts.)
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from schedulezero.errors import DatabaseUnusable

EXAMPLE = "postgresql://user:p%40ss%2Fword@host/name"
_FORM = "`database` must look like postgresql://user:password@host:5432/name"
_ENCODE = (
    "It cannot be told where the password of `database` ends. Write each of @ / : ? # % [ ] and spaces in it "
    f"percent-encoded, as in {EXAMPLE}, where the password is p@ss/word."
)
_ALMOST = re.compile(r"\s*postgres\w*(\+\w+)?:", re.IGNORECASE)
_KEYWORDS = re.compile(r"(?:^|[\s;])(?:password|passwd|pwd)\s*=", re.IGNORECASE)
_PASSING_A_SECRET = re.compile(r"[?&](?:password|sslpassword)=([^&#]*)", re.IGNORECASE)
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.%]+\]|[^\[\]:,@\s]*)(?::\d{1,5})?")
_MAY_HOLD_AT = ("user=", "password=", "options=")
_LEAST_HIDDEN = 4
"""Shorter secrets are common words in any text; they are hidden only inside a connection string."""


def check_url(url: str) -> None:
    """Raise DatabaseUnusable, without the string, if it is ambiguous or invalid."""
    scheme, _, rest = url.partition("://")
    if scheme not in ("postgresql", "postgres") or not rest:
        raise DatabaseUnusable(f"{_FORM}.")
    authority, path, query = _split(rest)
    account, _, hosts = authority.rpartition("@")
    doubtful = (
        "#" in rest
        or "@" in path
        or re.search(r"[^\S ]|[\x00-\x1f\x7f]", rest) is not None
        or re.search(r"[\[\]]", account) is not None
        or any("=" not in part for part in query.split("&") if part)
        or any("@" in part and not part.startswith(_MAY_HOLD_AT) for part in query.split("&"))
        or ("@" in query and not path)
        or any(_HOST.fullmatch(host) is None for host in hosts.split(","))
    )
    if doubtful:
        raise DatabaseUnusable(_ENCODE if "@" in rest else f"{_FORM}.")
    try:
        urlsplit(url)
    except ValueError as error:
        raise DatabaseUnusable(_ENCODE) from error


def is_almost_a_url(setting: str) -> bool:
    """Return whether a setting is a misspelled PostgreSQL URL, which would be taken for a file name."""
    return _ALMOST.match(setting) is not None or _KEYWORDS.search(setting) is not None


def without_password(url: str) -> str:
    """Return a connection string that is safe to display."""
    scheme, _, rest = url.partition("://")
    try:
        check_url(url)
    except DatabaseUnusable:
        return f"{scheme}://…" if re.fullmatch(r"[a-z]+", scheme) else "…"
    authority, path, _ = _split(rest)
    account, at, hosts = authority.rpartition("@")
    return f"{scheme}://{account.partition(':')[0]}{at}{hosts}{path}"


def secrets_of(setting: str) -> set[str]:
    """Return the passwords in a setting, in every form in which they might appear, whatever its notation."""
    found = set(_PASSING_A_SECRET.findall(setting))
    rest = setting.partition("://")[2] or setting
    account, at, _ = rest.rpartition("@")
    if at and ":" in account:
        found.add(account.partition(":")[2])
    found |= {unquote(item) for item in found}
    return {item for item in found if len(item) >= _LEAST_HIDDEN}


def _split(rest: str) -> tuple[str, str, str]:
    """Split what follows the scheme into user and host, path, and query."""
    end = next((index for index, char in enumerate(rest) if char in "/?#"), len(rest))
    path, _, query = rest[end:].partition("?")
    return rest[:end], path, query
