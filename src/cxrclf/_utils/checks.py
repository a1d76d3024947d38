"""Check parameters that are numbers."""

from numbers import Integral, Real
from typing import Any


def check_int(value: Any, name: str, lowest: int) -> None:
    """Raise a ValueError if a value is no int, or less than `lowest`."""
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or value < lowest:
        raise ValueError(f"{name} must be an int, {lowest} or more, got {value!r}.")


def check_level(value: Any) -> None:
    """Raise a ValueError unless a value is a confidence level, in (0, 1)."""
    if not isinstance(value, Real) or not 0 < float(value) < 1:
        raise ValueError(
            f"confidence_level must lie in (0, 1), got {value!r}. For intervals of "
            "95 %, pass 0.95."
        )


def check_fraction(value: Any, name: str) -> None:
    """Raise a ValueError unless a value is a number in [0, 1]."""
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not number or not 0 <= value <= 1:
        raise ValueError(f"{name} must be a number in [0, 1], got {value!r}.")
