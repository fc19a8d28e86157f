"""Numbers, ordinals and amounts."""

from __future__ import annotations

from fractions import Fraction

from schedulezero.when.grammar.core.chart import Rules

RULES = Rules()
rule = RULES.rule


@rule("int", "Digits", "Number")
def whole(value: str | int | Fraction) -> int | None:
    if isinstance(value, Fraction):
        return None
    if isinstance(value, int):
        return value
    # 0800 is a time, and nobody counts to 016.
    return int(value) if len(value) <= 9 and not (len(value) > 2 and value.startswith("0")) else None


@rule("number", "Tens and|dash? Ones")
def tens_and_ones(tens: int, ones: int) -> int:
    return tens + ones


@rule("dotted_numeral", "Digits ~end_dot")
def ordinal_with_full_stop(digits: str) -> int | None:
    """German *am 8.*; where no ordinals are written so, it is the end of a sentence."""
    return numeral_ordinal(digits)


@rule("numeral", "Dotted_numeral")
def by_dotted_numeral(number: int) -> int:
    return number


@rule("numeral", "Digits ~ordinal_mark")
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
    # 1,000 may be a thousand, and 1.30 a time of day.
    if len(part) == 2 and part not in ("25", "50", "75"):
        return None
    return Fraction(f"{int(whole)}.{part}") if len(whole) <= 6 and len(part) <= 2 else None


@rule("amount", "Digits ~slash ~Digits")
def in_figures(part: str, whole: str) -> Fraction | None:
    return Fraction(int(part), int(whole)) if (part, whole) in (("1", "2"), ("1", "4"), ("3", "4")) else None


@rule("amount", "Int =Digits ~slash ~Digits")
def mixed(number: int, part: str, whole: str) -> Fraction | None:
    """*1 1/2*."""
    fraction = in_figures(part, whole)
    return number + fraction if fraction is not None else None


@rule("amount", "Int and half", "Int and a half", "Int half_more")
def and_a_half(number: int) -> Fraction:
    return number + Fraction(1, 2)


@rule("amount", "half", "half a", "a half")
def one_half() -> Fraction:
    return Fraction(1, 2)


@rule("amount", "quarter", "a quarter")
def one_quarter() -> Fraction:
    return Fraction(1, 4)


@rule("amount", "couple")
def two() -> Fraction:
    return Fraction(2)


@rule("amount", "three quarters", "a? three_quarters")
def three_quarters() -> Fraction:
    return Fraction(3, 4)


@rule("amount", "a")
def one() -> Fraction:
    return Fraction(1)
