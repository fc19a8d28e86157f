"""The stand-up as a package: this module is what the entry point names."""

from .standup_sprocket import setup

__all__ = ["setup"]
