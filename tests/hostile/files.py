"""Files that were made to hurt whoever reads them: long, deep, many, endless, and what is no text at all."""

from __future__ import annotations

import random
from collections.abc import Callable

SIZE = 512 * 1024


def calendar(events: str, zones: str = "") -> bytes:
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{zones}{events}END:VCALENDAR\n".encode()


def event(*lines: str) -> str:
    return "\n".join(["BEGIN:VEVENT", "SUMMARY:x", *lines, "END:VEVENT", ""])


def zone(name: str, rule: str, start: str = "19700101T020000") -> str:
    parts = "".join(
        f"BEGIN:{kind}\nDTSTART:{start}\nTZOFFSETFROM:{before}\nTZOFFSETTO:{after}\nRRULE:{rule}\nEND:{kind}\n"
        for kind, before, after in (("STANDARD", "+0200", "+0100"), ("DAYLIGHT", "+0100", "+0200"))
    )
    return f"BEGIN:VTIMEZONE\nTZID:{name}\n{parts}END:VTIMEZONE\n"


def jobs(*lines: str) -> bytes:
    return ("jobs:\n" + "".join(f"- {line}\n" for line in lines)).encode("utf-8", "surrogatepass")


def many_days(first: int, last: int) -> list[str]:
    return [
        f"{year}{month:02}{day:02}T000000Z"
        for year in range(first, last)
        for month in range(1, 13)
        for day in range(1, 29)
    ]


_WEEKLY = "FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU"
_FROM = "DTSTART:20270131T000000Z"
_MINUTES = ",".join(map(str, range(60)))
_HOURS = ",".join(map(str, range(24)))

# Read as: what it is, and what makes it (at most as large as an upload may be).
FILES: dict[str, Callable[[], bytes]] = {
    "a million commas": lambda: b"," * SIZE,
    "commas in YAML": lambda: b"jobs: [" + b"a," * (SIZE // 2 - 10) + b"]",
    "one long line": lambda: b"x" * SIZE,
    "many lines": lambda: b"\n" * SIZE + b"x",
    "many old lines": lambda: b"\r" * SIZE + b"x",
    "spaces": lambda: b" " * SIZE,
    "comments": lambda: b"#\n" * (SIZE // 2),
    "lists in lists": lambda: b"[" * SIZE,
    "objects in objects": lambda: b'{"a":' * (SIZE // 5),
    "dashes": lambda: b'"x": ' + b"- " * 200_000,
    "questions": lambda: b"? " * 200_000,
    "levels by lines": lambda: "\n".join(" " * level + "-" for level in range(900)).encode(),
    "aliases": lambda: b"a: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]\n",
    "merged aliases": lambda: b"a: &a {x: y}\njobs:\n- <<: [*a, *a]\n",
    "merges": lambda: jobs("{<<: " * 90 + "{}" + "}" * 90),
    "a huge number": lambda: jobs("{do: a, when: " + "9" * 500_000 + "}"),
    "a large number": lambda: jobs("{do: a, when: every day, with: {x: " + "9" * 90 + "}}"),
    "a number of hexadecimals": lambda: jobs("{do: a, when: every day, with: {x: 0x" + "f" * 400_000 + "}}"),
    "a number by sixties": lambda: jobs("{do: a, when: every day, with: {x: 1" + ":59" * 150_000 + "}}"),
    "infinity": lambda: jobs("{do: a, when: every day, with: {x: .inf, y: .nan}}"),
    "long texts of time": lambda: jobs(*[f'{{do: a, when: "{"tomorrow " * 50}"}}'] * 500),
    "numbers as times": lambda: jobs(*[f'{{do: a, when: "{f"{n} " * 120}"}}' for n in range(500)]),
    "surrogates": lambda: jobs("{do: a, when: every day, with: {message: \ud800}}"),
    "a surrogate escaped": lambda: jobs(r'{do: a, when: every day, with: {message: "\ud800"}}'),
    "a billion times": lambda: calendar(event(_FROM, "RRULE:FREQ=DAILY;COUNT=1000000000")),
    "each second": lambda: calendar(event(_FROM, "RRULE:FREQ=SECONDLY")),
    "until 9999": lambda: calendar(event(_FROM, "RRULE:FREQ=DAILY;UNTIL=99991231T235959Z") * 400),
    "since the year 1": lambda: calendar(event("DTSTART:00010101T000000Z", "RRULE:FREQ=DAILY") * 500),
    "rare days": lambda: calendar(
        event("DTSTART:20280229T000000Z", "RRULE:FREQ=YEARLY;INTERVAL=1000;BYMONTHDAY=29;COUNT=1000") * 500
    ),
    "all minutes of days": lambda: calendar(
        event(_FROM, f"RRULE:FREQ=DAILY;COUNT=1000;BYHOUR={_HOURS};BYMINUTE={_MINUTES}") * 500
    ),
    "a zone that changes each second": lambda: calendar(
        event("DTSTART;TZID=X:20270101T000000"), zone("X", "FREQ=SECONDLY")
    ),
    "a zone since the year 1": lambda: calendar(
        event("DTSTART;TZID=X:20270101T000000", "RRULE:FREQ=DAILY") * 500,
        zone("X", _WEEKLY, "00010101T000000"),
    ),
    "thousands of zones": lambda: calendar(
        "".join(event(f"DTSTART;TZID=X{n}:20270101T000000") for n in range(500)),
        "".join(zone(f"X{n}", _WEEKLY) for n in range(1300)),
    ),
    "thousands of days left out": lambda: calendar(
        event(_FROM, "RRULE:FREQ=DAILY", f"EXDATE:{','.join(many_days(2027, 2090))}")
    ),
    "days left out by lines": lambda: calendar(
        event(_FROM, "RRULE:FREQ=DAILY", *(f"EXDATE:{day}" for day in many_days(2027, 2055)))
    ),
    "folded without end": lambda: b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:x\n" + b" x\n" * 170_000,
    "a folded rule": lambda: calendar(event(_FROM, "RRULE:FREQ=DAILY;BYHOUR=" + "\n 1," * 100_000)),
    "events that do not end": lambda: b"BEGIN:VCALENDAR\n" + b"BEGIN:VEVENT\n" * 39_000,
    "empty events": lambda: b"BEGIN:VCALENDAR\n" + b"BEGIN:VEVENT\nEND:VEVENT\n" * 20_000,
    "NUL": lambda: b"\x00" * SIZE,
    "NUL in a crontab": lambda: b"0 9 * * * x\x00y\n",
    "bytes by chance": lambda: random.Random(1).randbytes(SIZE),
    "a zip file": lambda: b"PK\x03\x04" + b"\x00" * 100_000,
    "a gzip file": lambda: b"\x1f\x8b\x08" + b"\x00" * 100_000,
    "a pickle": lambda: b"\x80\x04\x95" + b"\x00" * 100,
    "an SQLite file": lambda: b"SQLite format 3\x00" + b"\x00" * 100_000,
    "APScheduler's export": lambda: b'{"version": 1, "jobs": [{"__apscheduler_pickle__": "gASVAAAA"}]}',
    "a crontab field": lambda: b"*/1," * 120_000 + b"* * * * x",
    "crontab fields": lambda: (" ".join(["*/1," * 24 + "*"] * 5) + " x\n").encode() * 900,
    "digits in a crontab": lambda: b"0 9 * * * x\n" + b"9" * 500_000 + b" * * * * x",
    "spaces in a crontab": lambda: b"0 9 * * * x\n* *" + b" " * 500_000,
    "equals in a crontab": lambda: b"0 9 * * * x\n" + b"A" * 500_000 + b"=",
    "a crontab that never comes": lambda: b"0 0 30 2 * x\n" * 600,
    "a crontab that seldom comes": lambda: b"0 0 29 2 1#5 x\n" * 600,
    "a million quotes": lambda: b"utc_time,content\n" + b'"' * 500_000,
    "quoted lines": lambda: b"utc_time,content\n" + b'"\n' * 250_000,
    "a row of columns": lambda: b"utc_time,content\n" + b"," * 500_000,
    "intervals in a CSV": lambda: (
        b"utc_time,content,interval_days\n" + b"2027-01-01T00:00:00,x," + b"9" * 100_000 + b"\n"
    ),
    "channels in a CSV": lambda: (
        b"utc_time,content,channel\n" + b"2027-01-01T00:00:00,x," + b"1" * 100_000 + b"\n"
    ),
}
