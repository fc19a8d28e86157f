"""Moved to `schedulezero.methods.message_links`; for sprockets, import from `sprockets.kit`."""

from schedulezero.methods.message_links import *  # noqa: F403
from schedulezero.moved import warn_moved

warn_moved(__name__, "schedulezero.methods.message_links")
