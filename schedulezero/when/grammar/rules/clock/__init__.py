"""The rules for times of day, by how a time is written or spoken."""

from schedulezero.when.grammar.rules.clock import figures, halves, parts, several, spoken, windows

RULES = figures.RULES + halves.RULES + spoken.RULES + parts.RULES + several.RULES + windows.RULES
