"""Inpainting of burnt-in text and markers."""

from numbers import Real

import numpy as np
from sklearn.utils._param_validation import Interval

from cxrclf._utils.optional import import_optional
from cxrclf.preprocessing._artifact_mask import ArtifactMask
from cxrclf.preprocessing._depth import from_uint8, to_uint8
from cxrclf.preprocessing._dilation import to_pixels
from cxrclf.preprocessing._image_transformer import ImageTransformer
from cxrclf.preprocessing._lungs import refuse_padding


class TextInpainter(ImageTransformer):
    """Inpaint burnt-in text, markers and symbols.

    Letters in an image name the side, the projection, the hospital or the device, and
    thereby often reveal the class. :class:`ArtifactMask` finds them. They are filled
    from their surroundings [1]_, as in [2]_. All other pixels stay unchanged. Nothing
    is learned from the data. Needs ``pip install "cxrclf[preprocessing]"``.

    Read more in the :ref:`User Guide <preprocessing>`.

    Parameters
    ----------
    artifact_mask : ArtifactMask, default=None
        Transformer that finds the pixels to fill. None means ``ArtifactMask()``. Its
        `image_size`, `cache_dir` and `verbose` are ignored.
    radius : float, default=0.01
        Radius of the surroundings that a pixel is filled from, as a fraction of the
        shorter side of the image, in (0, 1].
    image_size : int or (int, int), default=224
        Height and width at which files are read, in pixels, or one int for square
        images. Images in arrays keep their size.
    cache_dir : path-like, default=None
        Folder that caches decoded pixels for later runs. If None, they are cached until
        the process ends.
    verbose : int, default=0
        Whether to show a progress bar.

    See Also
    --------
    ArtifactMask : Find the pixels to fill.

    Notes
    -----
    - The fast marching method of OpenCV fills the pixels. On synthetic radiographs with
      drawn letters, its error is about the error of the Navier-Stokes method, for any
      radius from 0.003 to 0.04.
    - The filling is computed in 8 bits, also for images of 16 bits and floats.
    - Black boxes behind letters are not filled, because :class:`ArtifactMask` finds
      only bright pixels.

    References
    ----------
    .. [1] A. Telea, "An image inpainting technique based on the fast marching method",
       Journal of Graphics Tools 9(1), 23-34, 2004.
    .. [2] N. S. Punn and S. Agarwal, "Automated diagnosis of COVID-19 with limited
       posteroanterior chest X-ray images using fine-tuned deep neural networks",
       Applied Intelligence 51, 2689-2702, 2021.

    Examples
    --------
    >>> from PIL import Image, ImageDraw
    >>> import numpy as np
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> from cxrclf.preprocessing import TextInpainter
    >>> image = make_chest_radiographs(3, random_state=0).images[0]
    >>> film = Image.fromarray(image)
    >>> ImageDraw.Draw(film).text((5, 5), "PORTABLE", fill=255)
    >>> marked = np.asarray(film)
    >>> cleaned = TextInpainter().fit_transform(marked[None])[0]
    >>> letters = marked != image
    >>> [int(x[letters].mean()) for x in (image, marked, cleaned)]
    [4, 164, 5]
    """

    _parameter_constraints = {
        **ImageTransformer._parameter_constraints,
        "artifact_mask": [ArtifactMask, None],
        "radius": [Interval(Real, 0, 1, closed="right")],
    }

    def __init__(
        self,
        artifact_mask=None,
        *,
        radius=0.01,
        image_size=224,
        cache_dir=None,
        verbose=0,
    ):
        self.artifact_mask = artifact_mask
        self.radius = radius
        self.image_size = image_size
        self.cache_dir = cache_dir
        self.verbose = verbose

    def _check_parameters(self):
        super()._check_parameters()
        self._artifact_mask()._check_parameters()
        import_optional("cv2", extra="preprocessing", purpose="TextInpainter")

    def _check_images(self, X):
        images = super()._check_images(X)
        refuse_padding(self._artifact_mask().segmenter, images, type(self).__name__)
        return images

    def _artifact_mask(self):
        return ArtifactMask() if self.artifact_mask is None else self.artifact_mask

    def _transform_images(self, images):
        cv2 = import_optional("cv2", extra="preprocessing", purpose="TextInpainter")
        masks = self._artifact_mask()._transform_images(images)
        radius = max(1, to_pixels(self.radius, images.shape))
        out = images.copy()
        for image, mask in zip(out, masks, strict=True):
            if mask.any():
                filled = cv2.inpaint(
                    to_uint8(image), mask.astype(np.uint8), radius, cv2.INPAINT_TELEA
                )
                image[mask] = from_uint8(filled[mask], image.dtype)
        return out
