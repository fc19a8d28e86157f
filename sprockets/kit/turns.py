"""One change of a thing at a time: an ending must not undo what a run at the same moment does anew."""

from __future__ import annotations

import asyncio
import weakref

_TURNS: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()


def turn(about: str) -> asyncio.Lock:
    """Return the lock for changes of a thing.

    Parameters:
        about: What is changed, as for `sprockets.kit.follow_up`, such as ``slowmode:123``.
    """
    return _TURNS.setdefault(about, asyncio.Lock())
