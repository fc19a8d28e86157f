"""Reads one file in its own process, with limits, and exits; run it with ``python -m``.

Its standard input is a line of JSON (`schedulezero.exchange.reading.Asked`) followed by the file. Its
standard output is a line of JSON for each entry or fault, and ``{"end": true}`` last.
`schedulezero.exchange.limited_reading` starts it. A file that exceeds the limits ends the process.
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
"""The exit status if the file needed more memory than the limit."""

_LARGEST_INPUT = 17 * 1024 * 1024


def limit() -> None:
    """Limit this process: its processor time, its memory, and the files it may write."""
    if sys.platform == "win32":
        return  # the parent process ends it after a while
    import resource

    os.nice(5)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    else:
        # Elsewhere the system doesn't enforce the limit (macOS) or counts shared memory, so the process
        # watches itself.
        threading.Thread(target=watch_memory, args=(MEMORY,), daemon=True).start()


def watch_memory(most: int) -> None:
    """End this process once its peak memory exceeds ``most`` bytes."""
    import resource

    unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2) counts bytes on macOS, KiB elsewhere
    while resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit <= most:
        time.sleep(0.05)
    os._exit(OUT_OF_MEMORY)


def main() -> int:
    """Read the file on standard input and write its entries."""
    limit()
    try:
        from schedulezero.exchange.reading import Asked, Found, fault_json, read_file

        asked = Asked.from_json(json.loads(sys.stdin.buffer.readline(10_000)))
        data = sys.stdin.buffer.read(_LARGEST_INPUT)
        for item in read_file(data, asked):
            said = item.to_json() if isinstance(item, Found) else fault_json(item)
            sys.stdout.write(json.dumps(said, allow_nan=False) + "\n")
            sys.stdout.flush()  # finished entries count, even if the rest takes too long
        sys.stdout.write('{"end": true}\n')
        sys.stdout.flush()
    except MemoryError:
        return OUT_OF_MEMORY
    return 0


if __name__ == "__main__":
    sys.exit(main())
