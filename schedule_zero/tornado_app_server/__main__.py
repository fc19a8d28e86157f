"""Says what to run instead of ``python -m schedule_zero.tornado_app_server``, which other instructions name.

Neither folder has an ``__init__.py``: a server installed as the package `schedule_zero`, with a module
`tornado_app_server`, comes before this one, and none of its files is overwritten.
"""

import sys

print(
    "The server starts with `schedulezero-bot server`. `schedulezero-bot run` starts it with the bot.",
    file=sys.stderr,
)
sys.exit(2)
