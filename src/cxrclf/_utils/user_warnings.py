"""Warnings that point to the code of the user."""

import sys
import warnings

_LIBRARIES = ("cxrclf", "sklearn", "imblearn", "skorch", "joblib")


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """Issue a warning at the line of the user's code that called the library.

    Parameters
    ----------
    message : str
        Text of the warning.
    category : type of Warning, default=UserWarning
        Class of the warning.
    """
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and _is_library(frame.f_globals):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def _is_library(module: dict) -> bool:
    return str(module.get("__name__")).partition(".")[0] in _LIBRARIES
