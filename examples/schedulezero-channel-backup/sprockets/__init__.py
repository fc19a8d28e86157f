"""The channel backup as a package: this module is what the entry point names."""

from .channel_backup_sprocket import setup

__all__ = ["setup"]
