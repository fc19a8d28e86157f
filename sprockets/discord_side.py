"""Split into modules of `sprockets.kit`; for sprockets, import from `sprockets.kit`."""

from schedulezero.moved import warn_moved
from sprockets.kit.asking import *  # noqa: F403
from sprockets.kit.lookups import *  # noqa: F403
from sprockets.kit.messages import *  # noqa: F403
from sprockets.kit.posting import *  # noqa: F403
from sprockets.kit.several import *  # noqa: F403

warn_moved(__name__, "sprockets.kit")
