"""The rules for days, by how a day is named."""

from schedulezero.when.grammar.rules.days import dates, figures, moments, named, numbers, positions, relative

RULES = (
    relative.RULES
    + dates.RULES
    + positions.RULES
    + figures.RULES
    + numbers.RULES
    + named.RULES
    + moments.RULES
)
