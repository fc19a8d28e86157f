"""Moved to `sprockets.kit.cog`; for sprockets, import from `sprockets.kit`."""

from schedulezero.moved import warn_moved
from sprockets.kit.cog import *  # noqa: F403

warn_moved(__name__, "sprockets.kit.cog")
