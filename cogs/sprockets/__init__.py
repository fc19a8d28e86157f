"""Another name of the package `sprockets`, for bots that keep their sprockets in ``cogs/sprockets``.

``cogs.sprockets.announcement_sprocket`` is found in any folder ``cogs/sprockets`` on the path, or else in
this project's `sprockets`.
"""

from pathlib import Path
from pkgutil import extend_path

__path__ = [*extend_path(__path__, __name__), str(Path(__file__).parent.parent.parent / "sprockets")]
