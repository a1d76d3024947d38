import numpy as np
import pytest
from PIL import Image

from cxrclf.datasets._file_copies import find_file_copies
from cxrclf.exceptions import ImageReadError


@pytest.fixture
def write(tmp_path):
    def write(*contents):
        paths = [str(tmp_path / f"{row}.png") for row in range(len(contents))]
        for path, content in zip(paths, contents, strict=True):
            if isinstance(content, bytes):
                (tmp_path / path).write_bytes(content)
            else:
                Image.fromarray(content).save(path, compress_level=len(paths) % 9)
        return paths

    return write


def test_bytes_agree_with_a_comparison_of_all_pairs(write):
    rng = np.random.default_rng(0)
    contents = [bytes(rng.integers(0, 2, rng.integers(1, 6))) for _ in range(60)]
    first = find_file_copies(write(*contents), "bytes")
    assert first.tolist() == [contents.index(content) for content in contents]
    assert len(set(first)) < 60


def test_empty_files_are_no_copies(write):
    paths = write(b"", b"", b"a", b"a")
    assert find_file_copies(paths, "bytes").tolist() == [0, 1, 2, 2]
    assert find_file_copies(paths, None).tolist() == [0, 1, 2, 3]


def test_pixels(write, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (3, 8, 9), dtype=np.uint8)
    color = np.repeat(pixels[0][..., None], 3, axis=2)
    paths = write(pixels[0], pixels[1], pixels[0].reshape(9, 8), color, pixels[2])
    paths.append(str(tmp_path / "copy.tif"))
    Image.fromarray(pixels[1]).save(paths[-1])
    assert find_file_copies(paths, "pixels").tolist() == [0, 1, 2, 0, 4, 1]
    assert find_file_copies(paths, "bytes").tolist() == list(range(6))


def test_files_that_cannot_be_read(write, tmp_path):
    good = np.zeros((4, 4), np.uint8)
    paths = write(good, b"no image", good, b"neither")
    with pytest.raises(ImageReadError) as caught:
        find_file_copies(paths, "pixels")
    assert list(caught.value.failures) == [paths[1], paths[3]]
    gone = [str(tmp_path / "gone.png"), *paths]
    with pytest.raises(FileNotFoundError, match=r"1 of 5 files .*gone\.png"):
        find_file_copies(gone, "bytes")


def test_progress_bar(write, capsys):
    paths = write(b"a", b"a", b"bc")
    find_file_copies(paths, "bytes", verbose=1)
    assert "comparing images: 100%" in capsys.readouterr().err
    find_file_copies(paths, "bytes")
    assert not capsys.readouterr().err
