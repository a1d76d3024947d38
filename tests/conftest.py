"""Fixtures that several rooms share."""

import itertools
import os
import shutil
import sys
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


@pytest.fixture(scope="session")
def session_folders(tmp_path_factory):
    """Yield an iterator over names of folders that are not there yet."""
    root = tmp_path_factory.mktemp("sessions")
    yield (root / str(number) for number in itertools.count())
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(autouse=True)
def own_caches(session_folders, monkeypatch):
    """Let no test find the pixels and features that another one has computed.

    Worker processes of joblib live on: they keep the folder of the test that started
    them.
    """
    folder = next(session_folders)
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("CXRCLF_SESSION_FOLDER", str(folder))
    bank = sys.modules.get("cxrclf.training._feature_bank")
    if bank is not None:  # else there are no features yet
        bank.MemoryBank._groups.clear()
