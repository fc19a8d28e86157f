"""The languages that times are read and told in."""

from __future__ import annotations

from schedulezero.when.grammar.tables import languages

LANGUAGES = languages()
