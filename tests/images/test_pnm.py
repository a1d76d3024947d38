"""PBM, PGM, PPM and PFM files with any maximum, compared with their stored values."""

import numpy as np
import pytest

from cxrclf.images import read_image, read_values
from image_files import why

LUMA = [0.299, 0.587, 0.114]


def write(tmp_path, kind, values, top):
    head = f"{kind} {values.shape[1]} {values.shape[0]} {top}\n".encode()
    if kind in ("P5", "P6"):
        body = values.astype("u1" if top < 256 else ">u2").tobytes()
    else:
        body = " ".join(map(str, values.ravel().tolist())).encode()
    path = tmp_path / "image.pnm"
    path.write_bytes(head + body)
    return path


@pytest.mark.parametrize("top", [1, 3, 100, 254, 255, 256, 1000, 4095, 65534, 65535])
@pytest.mark.parametrize("kind", ["P2", "P5", "P6"])
def test_any_maximum(tmp_path, kind, top):
    channels = (3,) if kind == "P6" else ()
    values = np.random.default_rng(0).integers(0, top + 1, (5, 7, *channels))
    pixels = read_image(write(tmp_path, kind, values, top))
    full = 255 if top < 256 else 65535
    assert pixels.dtype == (np.uint8 if top < 256 else np.uint16)
    expected = values * (full / top)
    if channels:
        expected = expected @ LUMA
    # Colors are rounded before and after the conversion.
    np.testing.assert_allclose(pixels, expected, atol=1.01 if channels else 0.51)


@pytest.mark.parametrize("top", [100, 1000])
def test_pixels_above_the_maximum_are_refused(tmp_path, top):
    path = write(tmp_path, "P5", np.array([[0, top, top + 1]]), top)
    assert why(path) == f"has a pixel of {top + 1}, above its maximum {top}"


@pytest.mark.parametrize("kind", ["P5", "P6"])
@pytest.mark.parametrize("top", [100, 255, 4095, 65535])
def test_cut_short(tmp_path, kind, top):
    channels = (3,) if kind == "P6" else ()
    path = write(tmp_path, kind, np.zeros((5, 7, *channels), int), top)
    path.write_bytes(path.read_bytes()[:-1])
    assert why(path) == "is cut short (truncated)"


def test_bits_stored_apply_to_the_maximum_of_16_bits_only(tmp_path):
    values = np.array([[0, 2048, 4095]])
    for kind, stored in [("P5", values), ("P6", values[..., None].repeat(3, axis=2))]:
        path = write(tmp_path, kind, stored, 65535)
        assert read_image(path, bits_stored=12).tolist() == [[0, 32776, 65535]]
        path = write(tmp_path, kind, stored, 4095)
        assert read_image(path, bits_stored=10).tolist() == [[0, 32776, 65535]]


def test_bitmap(tmp_path):
    path = tmp_path / "image.pbm"
    path.write_bytes(b"P4 9 2\n\xf0\x80\x0f\x00")  # 1 is black
    bits = np.unpackbits(np.array([[0xF0, 0x80], [0x0F, 0]], np.uint8), axis=1)[:, :9]
    np.testing.assert_array_equal(read_image(path), 255 * (1 - bits))


@pytest.mark.parametrize(("scale", "order"), [(-1.0, "<"), (1.0, ">")])
def test_float_map(tmp_path, scale, order):
    values = np.array([[0, 0.25], [1, 0.5], [0.125, 0.75]])
    path = tmp_path / "image.pfm"
    rows = values[::-1].astype(f"{order}f4")  # the last row is stored first
    path.write_bytes(f"Pf\n2 3\n{scale}\n".encode() + rows.tobytes())
    np.testing.assert_array_equal(read_image(path), np.rint(values * 65535))


@pytest.mark.parametrize("top", [3, 255, 1000, 65535])
def test_stored_values(tmp_path, top):
    values = np.random.default_rng(0).integers(0, top + 1, (5, 7))
    stored = read_values(write(tmp_path, "P5", values, top))
    np.testing.assert_array_equal(stored, values)


def test_scaled_texts_hold_no_labels(tmp_path):
    path = write(tmp_path, "P2", np.array([[0, 1, 3]]), 3)
    with pytest.raises(ValueError, match="is a text of the maximum 3"):
        read_values(path)
