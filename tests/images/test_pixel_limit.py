"""Files of too many pixels."""

import PIL.Image
import pytest

from cxrclf.images._pixel_limit import check_pixel_count


@pytest.mark.parametrize("size", [(20, 10), (1, 200)])
def test_the_limit_is_twice_that_of_pillow(size, monkeypatch):
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 100)
    check_pixel_count(*size)
    with pytest.raises(PIL.Image.DecompressionBombError, match="limit of 200 pixels"):
        check_pixel_count(size[0], size[1] + 1)


def test_no_limit(monkeypatch):
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", None)
    check_pixel_count(2**16, 2**16)
