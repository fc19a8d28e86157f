"""PostgreSQL's connection strings: whether one can be read, and how it may be shown. Pure.

A password that holds ``@ / : ? # %`` or a space should be percent-encoded
(https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS). One that is not may be cut
at the wrong place, and its pieces would turn up as a host, a port or a database in error messages. So what
can be read in two ways is refused before anybody tries, in a sentence without the string. (An @, a colon or
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
"""Shorter ones are words in any text; they are hidden where they stand in a connection string."""


def check_url(url: str) -> None:
    """Raises DatabaseUnusable, without the string, when it can be read in more than one way or not at all."""
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
    """Whether a setting is meant for PostgreSQL and is not written so; it would be taken for a file."""
    return _ALMOST.match(setting) is not None or _KEYWORDS.search(setting) is not None


def without_password(url: str) -> str:
    """A connection string that may be shown."""
    scheme, _, rest = url.partition("://")
    try:
        check_url(url)
    except DatabaseUnusable:
        return f"{scheme}://…" if re.fullmatch(r"[a-z]+", scheme) else "…"
    authority, path, _ = _split(rest)
    account, at, hosts = authority.rpartition("@")
    return f"{scheme}://{account.partition(':')[0]}{at}{hosts}{path}"


def secrets_of(setting: str) -> set[str]:
    """The passwords in a setting, in each form in which they might turn up, however it is written."""
    found = set(_PASSING_A_SECRET.findall(setting))
    rest = setting.partition("://")[2] or setting
    account, at, _ = rest.rpartition("@")
    if at and ":" in account:
        found.add(account.partition(":")[2])
    found |= {unquote(item) for item in found}
    return {item for item in found if len(item) >= _LEAST_HIDDEN}


def _split(rest: str) -> tuple[str, str, str]:
    """What follows the scheme: who and where, the path, the query."""
    end = next((index for index, char in enumerate(rest) if char in "/?#"), len(rest))
    path, _, query = rest[end:].partition("?")
    return rest[:end], path, query
