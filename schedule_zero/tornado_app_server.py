"""Says what to run instead of ``python -m schedule_zero.tornado_app_server``, which other instructions name.

This folder has no ``__init__.py``, so that a package `schedule_zero` that is installed comes before it.
"""

import sys

if __name__ == "__main__":
    print(
        "The server starts with `schedulezero-bot server`. `schedulezero-bot run` starts it with the bot.",
        file=sys.stderr,
    )
    sys.exit(2)
