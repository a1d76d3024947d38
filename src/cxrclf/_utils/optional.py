"""Optional dependencies, with errors that name the extra that provides them."""

import importlib
from types import ModuleType

from cxrclf.exceptions import MissingDependencyError


def import_optional(module: str, *, extra: str, purpose: str) -> ModuleType:
    """Import an optional dependency.

    Parameters
    ----------
    module : str
        Dotted name of the module to import.
    extra : str
        The extra of cxrclf that installs it.
    purpose : str
        What needs it; opens the error message.

    Returns
    -------
    module
        The imported module.

    Raises
    ------
    MissingDependencyError
        If the module is not installed; the message names the install command.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and not module.startswith(error.name):
            raise  # the module is there, one of its own imports is not
        raise MissingDependencyError(
            f"{purpose} needs {module.partition('.')[0]}, which is not installed. "
            f'Install it with: pip install "cxrclf[{extra}]"'
        ) from error
