"""Shared test helpers: Dying, Interrupted."""

from __future__ import annotations


class Interrupted(Exception):
    """The process dies here, so to speak."""


class Dying:
    """Let the process die at the nth time that a point is passed. ``left`` is 0 once it has died."""

    def __init__(self, point: str, times: int) -> None:
        self.point, self.left = point, times

    def __call__(self, passed: str) -> None:
        if passed == self.point and self.left:
            self.left -= 1
            if not self.left:
                raise Interrupted
