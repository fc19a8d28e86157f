"""Tells what to install for a command that needs more than the bot itself."""

from __future__ import annotations

from importlib.util import find_spec

from bot.cli.exit_status import Unusable

_PACKAGES = {
    "demo": ("simcord", "linkify_it", "markdown_it", "regex"),
    "testing": ("watchfiles",),
}
"""Extra of ``pyproject.toml`` → what it brings that can be imported."""


def expect_extra(command: str, *extras: str) -> None:
    """Raise Unusable, with what to install, if a command's extras are missing.

    Parameters:
        command: How the command is named in the sentence.
        extras: The extras it needs.
    """
    for extra in extras:
        missing = [name for name in _PACKAGES[extra] if find_spec(name) is None]
        if missing:
            raise Unusable(
                f"{command} needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not "
                f"installed: pip install 'schedulezero-discord[{extra}]'."
            )
