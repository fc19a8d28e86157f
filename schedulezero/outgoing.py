"""Moved to `schedulezero.web.outgoing`; for sprockets, import from `sprockets.kit`."""

from schedulezero.moved import warn_moved
from schedulezero.web.outgoing import *  # noqa: F403

warn_moved(__name__, "schedulezero.web.outgoing")
