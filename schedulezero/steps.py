"""Moved to `schedulezero.handler.steps`; for sprockets, import from `sprockets.kit`."""

from schedulezero.handler.steps import *  # noqa: F403
from schedulezero.methods.spec import resumable as resumable
from schedulezero.moved import warn_moved

warn_moved(__name__, "schedulezero.handler.steps")
