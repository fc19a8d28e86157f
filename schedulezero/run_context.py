"""Moved to `schedulezero.handler.run_context`; for sprockets, import from `sprockets.kit`."""

from schedulezero.handler.run_context import *  # noqa: F403
from schedulezero.moved import warn_moved

warn_moved(__name__, "schedulezero.handler.run_context")
