"""Import optional dependencies, or name the extra that installs them."""

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
        Name of the extra of cxrclf that installs the module.
    purpose : str
        Feature that needs the module. The error message starts with this text.

    Returns
    -------
    module
        The imported module.

    Raises
    ------
    MissingDependencyError
        If the module is not installed. The message contains the install command.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and not module.startswith(error.name):
            raise  # the module is installed, but one of its own imports is missing
        raise MissingDependencyError(
            f"{purpose} needs {module.partition('.')[0]}, which is not installed. "
            f'Install it with: pip install "cxrclf[{extra}]"'
        ) from error
