# ruff: noqa: E501 - the values stand close together, to be read as one
"""The corpus: values that have broken programs, kept here and mutated by `tests.hostile.test_hostile`.

Each is a Python value that can stand where a text, a number or an object is expected. One that broke us
is added with the change that mended it.
"""

from __future__ import annotations

from typing import Any


def _nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"a": value}
    return value


VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**400, 1e308, -0.0, 1e-320,
    "", " ", "\x00", "a\x00b", "\n", "\r\n", "\u2028", "\ud800", "\u202e\u200f", "\ufeff", "\x1b[31m", "🚀" * 60,
    "é" * 5000, "A" * 100_000, "%s%s%n", "{0.__class__}", "{run.__class__.__mro__}", "${jndi:ldap://x}",
    "$(touch /tmp/owned)", "`id`", "; rm -rf /", "| cat /etc/passwd", "' OR 1=1 --", '"; DROP TABLE jobs; --',
    "../../etc/passwd", "..\\..\\windows", "/dev/zero", "file:///etc/passwd", "http://169.254.169.254/",
    "__import__('os').system('id')", "os", "sprockets.custom", "\\u0000", "NaN", "Infinity", "-Infinity",
    "0x10", "1e3", "١٢٣", "²", "1_000", "+5", "٢٠٢٦-٠١-٠١", "2026-13-45", "2026-02-30T25:61:61Z",
    "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "-0001-01-01", "2026-01-01T00:00:00+99:99",
    "* * * * *", "*/0 * * * *", "99 99 99 99 99", "@every 1s", "every -1 seconds", "every 0 days",
    "every 999999999999 years", "in 1e400 seconds", "tomorrow " * 500, "(" * 3000, "[" * 3000, "{" * 3000,
    "Europe/../../etc/localtime", "Europe/Berlin\x00", "posixrules", "UTC+99", "<@&1>", "@everyone", "<@!1>",
    "<#0>", "<t:99999999999999999999:R>", "https://" + "a" * 3000, "javascript:alert(1)", "data:text/html,x",
    [], [[]], [None], ["x"] * 3000, [[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]],
    {}, {"": ""}, {"__proto__": {}}, {"$ref": "#"}, {"a": {"b": {"c": {}}}}, _nested(15), _nested(60),
    {"type": "cron", "args": {"second": "*/0"}}, {"type": "interval", "args": {"seconds": -1}},
    {"type": "date", "args": {"run_date": 10**30}}, {"type": "date", "args": {"run_date": True}},
    {"type": "x" * 1000, "args": {}}, {"type": "cron", "args": {"hour": "1-" * 500}},
)  # fmt: skip

RAW: tuple[bytes, ...] = (
    b"", b"\x00", b"\xff\xfe", b"{", b"}", b"[", b"nul", b'{"a":', b'{"a":1,}', b"{'a':1}", b'{"a":NaN}', b'"\\ud800"',
    b'{"a":1}{"b":2}', b"\xef\xbb\xbf{}", b"\x1f\x8b\x08\x00", b"\x80\x04\x95", b"<xml/>", b"GET / HTTP/1.1\r\n\r\n",
    b"[" * 100_000, b'{"a":' * 50_000, b"1" * 10_000, b'{"method":"ping","method":"x"}', b"\x00" * 70_000,
    b'{"method": 1}', b'{"method": ""}', b'{"method": "ping", "params": []}', b'{"method": null, "params": null}',
)  # fmt: skip

YAML: tuple[str, ...] = (
    "!!python/object/apply:os.system ['id']", "!!python/name:os.system", "jobs: !!python/object/new:os.system [id]",
    "a: &a [*a]", "a: &a {b: *a}", "&a [*a, *a]", "- - - - - -", "jobs: {}", "jobs: 5", "jobs: [1, 2, null]",
    "jobs:\n- {name: x}\n- 7\n- []", "? [a]\n: b", "jobs: [{do: x, when: '", "\t- x", "%YAML 9.9\n---\n", "---\n---\n",
    "jobs: [{do: {a: b}, when: [1]}]", "jobs: [{name: !!binary xx}]", "a: " + "[" * 500, "? " * 500, "\x00", "\x85",
    "jobs:\n" + "- {do: x, when: daily at 9, with: {a: b}}\n" * 300, "<<: *x", "jobs: [<<: {a: b}]", "!<!x> y",
    "\n".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" if n else "a0: &a0 [x]" for n in range(25)),
)  # fmt: skip

ICS: tuple[str, ...] = (
    "", "BEGIN:VCALENDAR", "END:VCALENDAR", "BEGIN:VEVENT\nEND:VEVENT", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR",
    *(
        f"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:x\n{line}\nEND:VEVENT\nEND:VCALENDAR"
        for line in (
            "DTSTART:", "DTSTART:x", "DTSTART:99999999T999999Z", "DTSTART;TZID=Mars/Base:20990101T090000",
            "DTSTART;VALUE=DATE:20991301", "DTSTART:20990101T090000Z\nRRULE:", "DTSTART:20990101T090000Z\nRRULE:FREQ=X",
            "DTSTART:20990101T090000Z\nRRULE:FREQ=DAILY;COUNT=-1", "DTSTART:20990101T090000Z\nRRULE:FREQ=DAILY;INTERVAL=0",
            "DTSTART:20990101T090000Z\nRRULE:FREQ=YEARLY;BYMONTHDAY=31;BYMONTH=2", "DTSTART:20990101T090000Z\nEXDATE:x",
            "DTSTART:20990101T090000Z\nRRULE:FREQ=DAILY;UNTIL=x", "DTSTART:00010101T000000Z", "DTSTART:20990101T090000Z\nUID",
            "DTSTART:20990101T090000Z\nATTACH;ENCODING=BASE64;VALUE=BINARY:@@@", "DTSTART:20990101T090000Z\n" + "X" * 70_000,
        )
    ),
    "\x00\x01\x02", "BEGIN:VCALENDAR\r" * 2000,
)  # fmt: skip
