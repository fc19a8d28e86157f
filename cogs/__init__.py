"""Slash commands, events and what they share.

Where a bot of one's own has a folder `cogs` too, the modules of both are found: a folder without
``__init__.py`` needs nothing, and one with it needs the two lines below.
"""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
