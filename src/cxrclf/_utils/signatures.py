"""Signatures that several classes share."""

import functools
import types
from collections.abc import Callable
from typing import Any


def with_defaults(function: Callable, **defaults: Any) -> Callable:
    """Return the same function with other default values.

    A subclass that differs from its base by its defaults alone gets its ``__init__``
    so: scikit-learn reads the parameters of an estimator from the signature, which
    would otherwise be written down twice.

    Parameters
    ----------
    function : function
        It must have the named parameters, with defaults.
    **defaults
        The other default values.

    Returns
    -------
    function
        With a signature of its own.
    """
    same = types.FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    functools.update_wrapper(same, function)
    del same.__wrapped__  # whose signature inspect would show
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    first = len(names) - len(function.__defaults__ or ())
    same.__defaults__ = tuple(
        defaults.pop(name, value)
        for name, value in zip(names[first:], function.__defaults__ or (), strict=True)
    )
    keywords = function.__kwdefaults__ or {}
    if unknown := sorted(defaults.keys() - keywords.keys()):
        raise TypeError(f"{function.__name__} has no defaults of {unknown}.")
    same.__kwdefaults__ = keywords | defaults
    return same
