"""The rules of the grammar, by what they build."""

from schedulezero.when.grammar.rules import bounds, clock, days, numbers, recurring, spans, zones

RULES = numbers.RULES + clock.RULES + spans.RULES + days.RULES + recurring.RULES + bounds.RULES + zones.RULES
