"""Moved to `sprockets.kit.discord_side`; for sprockets, import from `sprockets.kit`."""

from schedulezero.moved import warn_moved
from sprockets.kit.discord_side import *  # noqa: F403

warn_moved(__name__, "sprockets.kit.discord_side")
