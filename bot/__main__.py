"""Entry point of the program ``schedulezero-bot``."""

import sys
from types import TracebackType


def _quietly(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _quietly  # before any import that takes time


def main() -> int:
    """Run the command line; Ctrl-C during its import exits quietly."""
    try:
        from bot.cli.interruption import remember

        remember()
        from bot.cli.main import main as command_line
    except KeyboardInterrupt:
        return 130
    return command_line()


if __name__ == "__main__":
    sys.exit(main())
