"""Reads one file in a process of its own, with limits, and ends: run with ``python -m``.

Its standard input is a line of JSON (`schedulezero.exchange.reading.Asked`) and then the file. Its standard
output is a line of JSON for each entry or fault, and ``{"end": true}`` last.
`schedulezero.exchange.limited_reading` starts it. A file that needs more than the limits allow ends the
process.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time

CPU_SECONDS = 5
MEMORY = 512 * 1024 * 1024
OUT_OF_MEMORY = 77
"""The exit status when the file needed more memory than there is for it."""

_LARGEST_INPUT = 17 * 1024 * 1024


def limit() -> None:
    """Bounds this process: processor time, memory, and the files it may write."""
    if sys.platform == "win32":
        return  # there the one who started it ends it after a while
    import resource

    os.nice(5)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    else:
        # Elsewhere the limit is not kept (macOS) or counts what is shared; so this process watches itself.
        threading.Thread(target=watch_memory, args=(MEMORY,), daemon=True).start()


def watch_memory(most: int) -> None:
    """Ends this process when it has ever held more than so many bytes."""
    import resource

    unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2) of macOS counts bytes
    while resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit <= most:
        time.sleep(0.05)
    os._exit(OUT_OF_MEMORY)


def main() -> int:
    """Reads what stands on the standard input, and writes what it holds."""
    limit()
    try:
        from schedulezero.exchange.reading import Asked, Found, fault_json, read_file

        asked = Asked.from_json(json.loads(sys.stdin.buffer.readline(10_000)))
        data = sys.stdin.buffer.read(_LARGEST_INPUT)
        for item in read_file(data, asked):
            said = item.to_json() if isinstance(item, Found) else fault_json(item)
            sys.stdout.write(json.dumps(said, allow_nan=False) + "\n")
            sys.stdout.flush()  # what is ready counts, even if the rest takes too long
        sys.stdout.write('{"end": true}\n')
        sys.stdout.flush()
    except MemoryError:
        return OUT_OF_MEMORY
    return 0


if __name__ == "__main__":
    sys.exit(main())
