"""The settings, which `cogs.config` reads: a bot of one's own, without this package, has them too."""

from cogs.config.config import (
    DEFAULT_PATH,
    DEFAULT_SPROCKETS,
    PREFIX,
    ConfigError,
    Settings,
    load_settings,
    source_of,
    wants_json,
)

__all__ = [
    "DEFAULT_PATH", "DEFAULT_SPROCKETS", "PREFIX", "ConfigError", "Settings", "load_settings", "source_of",
    "wants_json",
]  # fmt: skip
