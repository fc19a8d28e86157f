"""The birthdays as a package: this module is what the entry point names."""

from .birthdays_sprocket import setup

__all__ = ["setup"]
