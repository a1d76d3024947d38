"""Function signatures with other default values."""

import functools
import types
from collections.abc import Callable
from typing import Any


def with_defaults(function: Callable, **defaults: Any) -> Callable:
    """Copy a function, and replace default values of its parameters.

    Use it for the ``__init__`` of a subclass that differs from its base class only by
    default values. scikit-learn reads the parameters of an estimator from the signature
    of ``__init__``, which would otherwise be repeated.

    Parameters
    ----------
    function : function
        Function with the named parameters, which must have default values.
    **defaults
        The new default values, by parameter name.

    Returns
    -------
    function
        The copy, with its own signature.

    Raises
    ------
    TypeError
        If a parameter does not exist or has no default value.
    """
    copy = types.FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    functools.update_wrapper(copy, function)
    # inspect.signature would follow __wrapped__ to the old default values.
    del copy.__wrapped__  # type: ignore[attr-defined]
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    first = len(names) - len(function.__defaults__ or ())
    copy.__defaults__ = tuple(
        defaults.pop(name, value)
        for name, value in zip(names[first:], function.__defaults__ or (), strict=True)
    )
    keywords = function.__kwdefaults__ or {}
    if unknown := sorted(defaults.keys() - keywords.keys()):
        raise TypeError(
            f"{function.__name__} has no defaults of {unknown}. Name parameters with "
            "default values."
        )
    copy.__kwdefaults__ = keywords | defaults
    return copy
