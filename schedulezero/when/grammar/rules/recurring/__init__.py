"""The rules for what recurs."""

from schedulezero.when.grammar.rules.recurring import counts, month_days, periods, weekdays

RULES = periods.RULES + weekdays.RULES + month_days.RULES + counts.RULES
