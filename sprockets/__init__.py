"""Sprockets, and what they import: `sprockets.kit`.

Where an author's folder `sprockets` is found, too, the modules of both are.
"""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
