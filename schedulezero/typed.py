"""Moved to `schedulezero.methods.typed`; for sprockets, import from `sprockets.kit`."""

from schedulezero.methods.typed import *  # noqa: F403
from schedulezero.moved import warn_moved

warn_moved(__name__, "schedulezero.methods.typed")
