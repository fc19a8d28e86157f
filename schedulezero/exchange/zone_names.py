"""The IANA zone that a calendar program means by the name of a zone.

Programs write IANA names, with a prefix of their vendor (RFC 5545, 3.2.19) or other letters; Windows' names
(https://github.com/unicode-org/cldr/blob/main/common/supplemental/windowsZones.xml); what it shows for them
(https://learn.microsoft.com/windows-hardware/manufacture/desktop/default-time-zones); and offsets. A name
that may mean several zones, such as ``IST``, means none here.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from schedulezero.when.calendar.triggers import CITY_AREAS, known_zones

_LONGEST = 200
_OFFSET = re.compile(r"(?:UTC|GMT)\s?([+-])([0-9]{1,2})(?::?([0-9]{2}))?", re.IGNORECASE)
_SHOWN = re.compile(r"\((?:UTC|GMT)(?:([+-])([0-9]{1,2})[:.]?([0-9]{2}))?\)\s*(.{2,120})", re.IGNORECASE)
_MICROSOFT = "tzone://microsoft/"
# Read as: what Windows shows that names no city, and the zone. Its cities are found among the names of zones.
_WITHOUT_CITIES = {
    "coordinated universal time": "UTC", "universal time": "UTC", "greenwich mean time": "Europe/London",
    "hawaii": "Pacific/Honolulu", "alaska": "America/Anchorage",
    "aleutian islands": "America/Adak", "marquesas islands": "Pacific/Marquesas",
    "pacific time (us & canada)": "America/Los_Angeles", "baja california": "America/Tijuana",
    "arizona": "America/Phoenix", "mountain time (us & canada)": "America/Denver",
    "central time (us & canada)": "America/Chicago", "central america": "America/Guatemala",
    "saskatchewan": "America/Regina", "easter island": "Pacific/Easter",
    "eastern time (us & canada)": "America/New_York", "indiana (east)": "America/Indiana/Indianapolis",
    "turks and caicos": "America/Grand_Turk", "chetumal": "America/Cancun",
    "atlantic time (canada)": "America/Halifax", "newfoundland": "America/St_Johns",
    "greenland": "America/Nuuk", "city of buenos aires": "America/Argentina/Buenos_Aires",
    "salvador": "America/Bahia", "brasilia": "America/Sao_Paulo",
    "saint pierre and miquelon": "America/Miquelon", "azores": "Atlantic/Azores",
    "cabo verde is.": "Atlantic/Cape_Verde", "west central africa": "Africa/Lagos",
    "e. europe": "Europe/Chisinau", "chennai": "Asia/Kolkata", "mumbai": "Asia/Kolkata",
    "new delhi": "Asia/Kolkata", "beijing": "Asia/Shanghai", "osaka": "Asia/Tokyo", "abu dhabi": "Asia/Dubai",
    "pretoria": "Africa/Johannesburg", "islamabad": "Asia/Karachi", "astana": "Asia/Almaty",
    "hanoi": "Asia/Bangkok", "canberra": "Australia/Sydney", "wellington": "Pacific/Auckland",
    "bern": "Europe/Zurich", "edinburgh": "Europe/London", "st. petersburg": "Europe/Moscow",
    "solomon is.": "Pacific/Guadalcanal", "new caledonia": "Pacific/Noumea",
    "georgetown": "America/Guyana", "nuku'alofa": "Pacific/Tongatapu", "samoa": "Pacific/Apia",
    "kiritimati island": "Pacific/Kiritimati",
}  # fmt: skip


def iana_of(name: str) -> str | None:
    """Return the IANA zone that a name means, or None if it isn't clear."""
    name = " ".join(name.split()).strip("\"' ").replace("\\,", ",")
    if not name or len(name) > _LONGEST:
        return None
    if name.casefold().startswith(_MICROSOFT):
        name = name[len(_MICROSOFT) :]
    return _by_name(name) or _by_path(name) or _by_offset(name) or _as_shown(name)


def _by_name(name: str) -> str | None:
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

    if name in known_zones():
        return name
    found = WINDOWS_TO_OLSON.get(name) or _folded().get(name.casefold())
    return found if found in known_zones() else None


def _by_path(name: str) -> str | None:
    """``/citadel.org/20210210_1/Europe/Berlin``: a vendor's prefix."""
    parts = name.strip("/").split("/")
    ends = ("/".join(parts[start:]) for start in range(min(len(parts) - 1, 6)))
    return next((end for end in ends if end in known_zones()), None)


def _by_offset(name: str) -> str | None:
    match = _OFFSET.fullmatch(name)
    if match is None or match[3] not in (None, "00"):
        return None
    hours = int(match[2])
    # POSIX counts westwards.
    found = f"Etc/GMT{'-' if match[1] == '+' else '+'}{hours}" if hours else "UTC"
    return found if found in known_zones() else None


def _as_shown(name: str) -> str | None:
    """``(UTC+01:00) Amsterdam, Berlin, Bern``: the first of its cities that has such an offset."""
    match = _SHOWN.fullmatch(name)
    offset = None
    if match is not None:
        minutes = int(match[2] or 0) * 60 + int(match[3] or 0)
        offset = timedelta(minutes=-minutes if match[1] == "-" else minutes)
    said = _plain(match[4] if match is not None else name)
    for part in (said, *said.split(", ")):
        found = _WITHOUT_CITIES.get(part) or _cities().get(part)
        if found is not None and (offset is None or _standard(found) == offset):
            return found
    return None


def _standard(zone: str) -> timedelta:
    """The offset of a zone in its winter."""
    where = ZoneInfo(zone)
    found = (datetime(2026, month, 1, tzinfo=UTC).astimezone(where).utcoffset() for month in (1, 7))
    return min(offset for offset in found if offset is not None)


@cache
def _folded() -> dict[str, str]:
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

    windows = {name.casefold(): zone for name, zone in WINDOWS_TO_OLSON.items()}
    return {**windows, **{name.casefold(): name for name in sorted(known_zones())}}


@cache
def _cities() -> dict[str, str]:
    """Cities by their plain names; a name that two areas have is left out."""
    found: dict[str, str | None] = {}
    for name in sorted(known_zones()):
        area, _, rest = name.partition("/")
        if area in CITY_AREAS and rest:
            city = _plain(rest.rpartition("/")[2].replace("_", " "))
            same = (
                city in found and found[city] is not None and _standard(found[city] or "") == _standard(name)
            )
            found[city] = found[city] if same else None if city in found else name
    return {city: name for city, name in found.items() if name is not None}


def _plain(text: str) -> str:
    """A text in small letters without accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).strip()
