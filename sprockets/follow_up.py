"""Moved to `sprockets.kit.follow_up`; for sprockets, import from `sprockets.kit`."""

from schedulezero.moved import warn_moved
from sprockets.kit.follow_up import *  # noqa: F403

warn_moved(__name__, "sprockets.kit.follow_up")
