"""Numbers, ordinals and amounts."""

from __future__ import annotations

from fractions import Fraction

from schedulezero.when.grammar.chart import Rules

RULES = Rules()
rule = RULES.rule


@rule("int", "Digits", "Number")
def whole(value: str | int | Fraction) -> int | None:
    if isinstance(value, Fraction):
        return None
    return int(value) if isinstance(value, int) or len(value) <= 9 else None


@rule("number", "Tens and|dash? Ones")
def tens_and_ones(tens: int, ones: int) -> int:
    return tens + ones


@rule("numeral", "Digits ~ordinal_mark", "Digits ~dot")
def numeral_ordinal(digits: str) -> int | None:
    return int(digits) if len(digits) <= 2 else None


@rule("ordinal", "Numeral")
def ordinal_in_figures(number: int) -> int:
    return number


@rule("amount", "Int")
def whole_amount(number: int) -> Fraction:
    return Fraction(number)


@rule("amount", "Number")
def named_fraction(number: int | Fraction) -> Fraction | None:
    return number if isinstance(number, Fraction) else None


@rule("amount", "Digits ~dot|comma ~Digits")
def decimal(whole: str, part: str) -> Fraction | None:
    return Fraction(f"{int(whole)}.{part}") if len(whole) <= 6 and len(part) <= 3 else None


@rule("decimal_alone", "Digits ~comma ~Digits")
def decimal_alone(whole: str, part: str) -> str:
    """*18,30* alone is neither a time nor two days of the month."""
    return f"{whole},{part}"


@rule("amount", "Int and half", "Int and a half", "Int half_more")
def and_a_half(number: int) -> Fraction:
    return number + Fraction(1, 2)


@rule("amount", "half", "half a")
def one_half() -> Fraction:
    return Fraction(1, 2)


@rule("amount", "quarter", "a quarter")
def one_quarter() -> Fraction:
    return Fraction(1, 4)


@rule("amount", "couple")
def two() -> Fraction:
    return Fraction(2)


@rule("amount", "three quarters")
def three_quarters() -> Fraction:
    return Fraction(3, 4)


@rule("amount", "a")
def one() -> Fraction:
    return Fraction(1)
