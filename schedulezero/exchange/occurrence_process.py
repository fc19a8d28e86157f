"""Reads one calendar in its own process, with limits, and exits; run it with ``python -m``.

Its standard input is a line of JSON (`schedulezero.exchange.occurrences.Window`) followed by the calendar.
Its standard output is a line of JSON for each occurrence, and ``{"end": true, …}`` last, or a line that says
why the calendar can't be read. `schedulezero.exchange.limited_reading` starts it.
"""

from __future__ import annotations

import json
import sys

from schedulezero.exchange.reader_process import OUT_OF_MEMORY, limit

LARGEST = 4 * 1024 * 1024
"""The most bytes of a calendar."""


def main() -> int:
    """Read the calendar on standard input and write its occurrences."""
    limit()
    try:
        from schedulezero.exchange.calendar_checks import Unusable
        from schedulezero.exchange.occurrences import Window, agenda_of
        from schedulezero.instants import to_iso_or_none
        from schedulezero.sentences import present_fields

        window = Window.from_json(json.loads(sys.stdin.buffer.readline(10_000)))
        data = sys.stdin.buffer.read(LARGEST)
        try:
            agenda = agenda_of(data.decode("utf-8-sig", "replace"), window)
        except Unusable as error:
            print(json.dumps(present_fields("why", error.message)))
            return 0
        for item in agenda.occurrences:
            print(json.dumps(item.to_json()))
        ended = {"end": True, "unread": sorted(agenda.unread), "cut_at": to_iso_or_none(agenda.cut_at)}
        print(json.dumps(ended), flush=True)
    except MemoryError:
        return OUT_OF_MEMORY
    return 0


if __name__ == "__main__":
    sys.exit(main())
