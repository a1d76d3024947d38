"""Fixtures that several rooms share."""

import os
from pathlib import Path

import pytest

# Before scipy is imported: without it scikit-learn skips one of its checks.
os.environ.setdefault("SCIPY_ARRAY_API", "1")


@pytest.fixture(scope="session")
def real_radiographs():
    """Folder of real radiographs beside the checkout; skips where it is absent."""
    folder = Path(__file__).parents[1].parent / "shared/data/covid-pneumonia-normal"
    if not folder.is_dir():
        pytest.skip("real radiographs (../shared/data) are not here")
    return folder
