"""Build the probes that the data allow."""

from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.class_weight import compute_sample_weight

from cxrclf.audit._lung_regions import LungRegions
from cxrclf.audit._pixel_features import (
    border_features,
    corner_features,
    histogram_features,
    outside_features,
    shape_features,
    show_border,
    show_corners,
    show_histogram,
    show_thumbnail,
    thumbnail_features,
)
from cxrclf.audit._probe import PROBES, Probe
from cxrclf.audit._shuffle_pixels import shuffle_pixels
from cxrclf.audit._thumbnails import SIDE, make_thumbnails
from cxrclf.images import ImageInput, read_image_metadata, resize

_TREES = 100
_SMALLEST_LEAF = 3
_FEATURES = 0.3  # share of the features that compete for a split
_LEAVES = 16  # of the tree that sees one column
_CHUNK = 256  # images that are converted at once
_DEFAULT_SIZE = (224, 224)


class _BalancedForest(ExtraTreesClassifier):
    """Trees that weight classes equally, for all labels.

    With `class_weight`, forests of scikit-learn refuse text that is a number, such as
    "1".
    """

    def fit(self, X, y):
        """Fit the trees with a weight for each sample."""
        return super().fit(X, y, compute_sample_weight("balanced", y))


class ProbeFactory:
    """Build the probes that the data allow.

    Parameters
    ----------
    estimator : classifier or None
        Estimator of the report.
    images : ImageInput
        Images.
    segmenter : segmenter, array-like or None
        Lungs, as :class:`LungRegions` accepts them.
    source : ndarray of shape (n,) or None
        Source of each image.
    random_state : int
        Seed of the forests and of the shuffled pixels.
    cache_dir : path-like, default=None
        Folder of decoded files.
    verbose : int, default=0
        Whether to show progress.

    Attributes
    ----------
    skipped : dict of str to str
        Reason for each probe that is not possible, by its name.
    regions : LungRegions or None
        Lungs of the images, once a probe needed them.
    shown_row : int, default=0
        Row of the image in the pictures.
    """

    def __init__(
        self,
        estimator,
        images,
        segmenter,
        source,
        *,
        random_state,
        cache_dir=None,
        verbose=0,
    ):
        self._estimator = estimator
        self._images: ImageInput = images
        self._segmenter = segmenter
        self._source = source
        self._seed = random_state
        self._opening = {"cache_dir": cache_dir, "verbose": verbose}
        self.shown_row = 0
        self._gray = self._working = self._metadata = None
        self.regions = None
        self.skipped: dict[str, str] = {}

    def choose(self, probes: Any) -> list[str]:
        """Return the names of the probes, and note which are not possible.

        Parameters
        ----------
        probes : "auto" or sequence of str
            Names of probes.

        Raises
        ------
        ValueError
            If there is no name or an unknown one, or if a probe that was named is not
            possible.
        """
        automatic = isinstance(probes, str) and probes == "auto"
        names = list(PROBES) if automatic else list(probes)
        if not names:
            raise ValueError(f'probes is empty. Pass "auto" or some of {list(PROBES)}.')
        unknown = [name for name in names if name not in PROBES]
        if unknown or (isinstance(probes, str) and not automatic):
            raise ValueError(
                f'probes must be "auto" or a list of {list(PROBES)}, got {probes!r}.'
            )
        missing = {name: reason for name in names if (reason := self._lacks(name))}
        if missing and not automatic:
            name, reason = next(iter(missing.items()))
            raise ValueError(f"The probe {name!r} is not possible: {reason}.")
        self.skipped |= missing
        return [name for name in PROBES if name in names and name not in missing]

    def _lacks(self, name: str) -> str:
        """Return why a probe is not possible, or an empty text."""
        if name in ("metadata", "file_size") and self._images.paths is None:
            return "X holds pixels and no files"
        if name == "source" and self._source is None:
            return "it needs the source of each image"
        if "lung" in name and self._segmenter is None:
            return "it needs a segmenter of the lungs"
        if name.startswith("estimator") and self._estimator is None:
            return "it needs an estimator"
        if name == "metadata" and not self._describe_files():
            return "the headers of all files are the same"
        if name == "source" and len(np.unique(self._source)) < 2:
            return "all images have the same source"
        return ""

    def make(self, name: str) -> Probe:
        """Build one probe."""
        if name.startswith("estimator"):
            pixels, picture = self._change_images(name)
            return Probe(name, pixels, clone(self._estimator), picture)
        if name in ("metadata", "file_size"):
            return self._make_file_probe(name)
        if name == "source":
            source = self._source.astype(str).reshape(-1, 1)
            encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
            return Probe(name, source, make_pipeline(encoder, self._make_forest()))
        features, picture = self._see(name)
        return Probe(name, features, self._make_forest(), picture)

    def make_column_estimator(self):
        """Return the classifier of a single column of metadata."""
        return DecisionTreeClassifier(
            max_leaf_nodes=_LEAVES,
            min_samples_leaf=_SMALLEST_LEAF,
            class_weight="balanced",
            random_state=self._seed,
        )

    def _make_forest(self):
        return _BalancedForest(
            _TREES,
            min_samples_leaf=_SMALLEST_LEAF,
            max_features=_FEATURES,
            random_state=self._seed,
        )

    def _make_file_probe(self, name):
        columns = self._describe_files()
        if name == "file_size":
            size = self._read_metadata()
            columns = {
                "bytes": size["bytes"],
                "bytes_per_pixel": size["bytes"] / (size["width"] * size["height"]),
            }
        X = np.column_stack(list(columns.values()))
        return Probe(name, X, self._make_forest(), columns=columns)

    def _read_metadata(self):
        if self._metadata is None:
            self._metadata = read_image_metadata(self._images.paths)
        return self._metadata

    def _describe_files(self) -> dict[str, np.ndarray]:
        """Return the columns of metadata that vary, as numbers.

        The size of the file is no such column, because it depends on the pixels.
        """
        columns = {}
        for name, values in self._read_metadata().items():
            if name == "bytes":
                continue
            if values.dtype.kind == "U":
                values = OrdinalEncoder().fit_transform(values[:, None])[:, 0]
            values = np.where(np.isnan(values), -1, values)
            if len(np.unique(values)) > 1:
                columns[name] = values
        return columns

    def _see(self, name):
        """Return the features of a forest, and a picture."""
        gray = self._read_gray()
        image = gray[self.shown_row]
        if name == "border":
            return border_features(gray), show_border(image)
        if name == "corners":
            return corner_features(gray), show_corners(image)
        if name == "thumbnail":
            return thumbnail_features(gray), show_thumbnail(image)
        if name == "histogram":
            return histogram_features(gray), show_histogram(image)
        regions = self._find_lungs()
        if name == "lung_shape":
            shapes = np.stack(
                [resize(np.uint8(255) * mask, (SIDE, SIDE)) for mask in regions.masks]
            )
            return shape_features(shapes), shapes[self.shown_row]
        erased = regions.erase_boxes(gray)
        boxes = regions.fill_boxes((SIDE, SIDE))
        return outside_features(erased, boxes), erased[self.shown_row]

    def _change_images(self, name):
        """Return changed images for the estimator, and a picture."""
        pixels = self._open_working()
        if name == "estimator_shuffled":
            changed = shuffle_pixels(pixels, self._seed)
        elif name == "estimator_lungs":
            changed = self._find_lungs().keep_lungs(pixels)
        else:
            changed = self._find_lungs().erase_boxes(pixels)
        picture = read_gray(ImageInput.from_X(changed[[self.shown_row]]))[0]
        values = self._images.values
        if values is not None:
            changed = changed.reshape(values.shape)
        return changed, picture

    def show_image(self) -> np.ndarray:
        """Return the image in the pictures, as the estimator sees it."""
        return self._read_gray()[self.shown_row]

    def count_lungs(self) -> tuple[int, int]:
        """Return the number of images without lungs, and with lungs in the border."""
        if self.regions is None:
            return 0, 0
        return int((~self.regions.found).sum()), self.regions.count_in_border()

    def _read_gray(self):
        if self._gray is None:
            self._gray = read_gray(self._images, **self._opening)
        return self._gray

    def _open_working(self):
        """Return all images at the size at which the estimator reads files."""
        if self._images.pixels is not None:
            return self._images.pixels
        if self._working is None:
            opened = self._images.open(
                find_image_size(self._estimator), **self._opening
            )
            self._working = opened.gather(np.arange(len(opened)))
        return self._working

    def _find_lungs(self):
        if self.regions is None:
            self.regions = LungRegions(self._segmenter, self._images, **self._opening)
        return self.regions


def read_gray(
    images: ImageInput, *, cache_dir: Any = None, verbose: int = 0
) -> np.ndarray:
    """Return all images in gray, (n, 128, 128) of uint8."""
    opened = images.open((SIDE, SIDE), cache_dir=cache_dir, verbose=verbose)
    thumbnails = make_thumbnails(opened)
    result = np.empty_like(thumbnails.pixels)
    for start in range(0, len(result), _CHUNK):
        rows = slice(start, start + _CHUNK)
        result[rows] = np.rint(255 * thumbnails.get_gray(rows))
    return result


def find_image_size(estimator) -> tuple[int, int]:
    """Return the height and width at which an estimator reads files.

    The estimator, or a step of a pipeline, has a parameter `image_size`. If there is
    none, the size is 224 × 224 pixels.
    """
    for name, value in estimator.get_params(deep=True).items():
        if name.split("__")[-1] == "image_size" and value is not None:
            return (value, value) if np.ndim(value) == 0 else tuple(value)
    return _DEFAULT_SIZE
