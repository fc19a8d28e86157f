"""The names of methods as people read them. Pure."""

from __future__ import annotations


def spoken(method: str) -> str:
    """Return a method's name as words, for want of a sentence: ``give_role`` → *Give role*."""
    words = " ".join(method.replace("_", " ").split())
    return words[:1].upper() + words[1:]
