"""The stand-up as a package; its entry point names this module."""

from .standup_sprocket import setup

__all__ = ["setup"]
