"""``python -m bot``, and the program ``schedulezero-bot``."""

import sys


def main() -> int:
    """Runs the command line; Ctrl-C while it is still being imported ends it quietly."""
    try:
        from bot.cli import main as command_line
    except KeyboardInterrupt:
        return 130
    return command_line()


if __name__ == "__main__":
    sys.exit(main())
