"""``python -m bot``, and the program ``schedulezero-bot``."""

import sys
from types import TracebackType


def _quietly(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _quietly  # before anything takes long


def main() -> int:
    """Runs the command line; Ctrl-C while it is still being imported ends it quietly."""
    try:
        from bot.cli.main import main as command_line
    except KeyboardInterrupt:
        return 130
    return command_line()


if __name__ == "__main__":
    sys.exit(main())
