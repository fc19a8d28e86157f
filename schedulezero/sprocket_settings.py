"""Moved to `schedulezero.methods.sprocket_settings`; for sprockets, import from `sprockets.kit`."""

from schedulezero.methods.sprocket_settings import *  # noqa: F403
from schedulezero.moved import warn_moved

warn_moved(__name__, "schedulezero.methods.sprocket_settings")
