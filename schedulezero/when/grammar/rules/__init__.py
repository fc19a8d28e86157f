"""The rules of the grammar, by what they build."""

from schedulezero.when.grammar.rules import bounds, clock, days, faults, numbers, recurring, spans, zones

RULES = numbers.RULES + clock.RULES + spans.RULES + days.RULES + recurring.RULES + bounds.RULES + zones.RULES
WITH_FAULTS = RULES + faults.RULES
"""For a text that was refused, to tell what is wrong with it."""
