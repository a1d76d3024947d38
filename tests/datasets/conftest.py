"""Made-up trees of files, for the readers."""

import pytest


@pytest.fixture
def plant(tmp_path):
    """Write files below a folder: empty ones, which no reader of pixels can open."""

    def write(*names, text=""):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return write
