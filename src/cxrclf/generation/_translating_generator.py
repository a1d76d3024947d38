"""TranslatingGenerator: translation, samples, saving."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from cxrclf._torch.threads import usable_threads
from cxrclf._training.samples import occurrence
from cxrclf._utils.keyed_random import derived_seed, keyed_state
from cxrclf._utils.session import UsesSession
from cxrclf._utils.user_warnings import warn_user
from cxrclf.generation import _cyclegan_saving as saving
from cxrclf.generation._pixel_type import count_channels, to_pixels
from cxrclf.generation._translator import Translator
from cxrclf.images import ImageInput, scale_bits
from cxrclf.sampling import ImageGenerator

_LARGEST_SMALL_SIDE = 128  # up to this side the paper uses 6 blocks, above it 9


class TranslatingGenerator(UsesSession, ImageGenerator):
    """Base class of CycleGANGenerator: what a fitted generator does.

    The subclass has the parameters, and `fit`, which sets ``source_``,
    ``translators_``, ``image_size_``, ``input_shape_``, ``dtype_``, and the images of
    the source class.
    """

    def sample(self, n_samples, label, random_state):
        """Translate random images of the source class to a generated class.

        Parameters
        ----------
        n_samples : int
            Number of images, at least 1.
        label : label
            A generated class of `fit`.
        random_state : int
            Seed of the images. The same int gives the same images.

        Returns
        -------
        ndarray of shape (n_samples, H, W), (n_samples, H, W, C) or (n_samples, F)
            Images of the type and shape of the samples in X. If X holds paths, gray
            images at the size of the networks, of uint8 or uint16.

        Raises
        ------
        ValueError
            If the class was not generated, or if the generator was loaded from a
            folder, which has no images.

        Warns
        -----
        UserWarning
            If images are repeated, because the source class has fewer images than
            `n_samples` and there is no augmentation.
        """
        translator = self._find_translator(label)
        rows = self._draw_source_positions(n_samples, label, random_state)
        repeats = occurrence(rows)
        views = None
        if self.augmentation is not None:
            states = keyed_state(derived_seed(int(random_state), 1), rows, repeats)
            views = self.augmentation, states
        elif repeats.any():
            warn_user(
                f"{n_samples} images are generated from {len(self._source_rows)} "
                f"images of {self.source_!r}, so that some are equal. Set augmentation "
                "to generate them from different views."
            )
        images = self._check_images(self._source_images.take(rows))
        return self._translate(translator, images, 0, views)

    def source_rows(self, n_samples, label, random_state):
        """Return the rows of X from which `sample` makes its images.

        Parameters
        ----------
        n_samples, label, random_state
            As in :meth:`sample`.

        Returns
        -------
        ndarray of shape (n_samples,) of int
            Row of X in `fit` for each generated image.
        """
        self._find_translator(label)
        positions = self._draw_source_positions(n_samples, label, random_state)
        return self._source_rows[positions]

    def translate(self, X, label=None, *, reverse=False):
        """Translate images, row by row.

        Parameters
        ----------
        X : array-like of length n
            Images of the source class, in any form of `fit`.
        label : label, default=None
            A generated class of `fit`. None stands for the only one.
        reverse : bool, default=False
            Whether X has images of the class `label`, which are translated to the
            source class.

        Returns
        -------
        ndarray of shape (n, H, W), (n, H, W, C) or (n, F)
            Translated images in the order of X, of the type and shape of the samples
            in X. If X holds paths, gray images at the size of the networks.

        Raises
        ------
        ImageReadError
            If files cannot be read. The error names all of them.
        ValueError
            If X has other channels than the images of `fit`, or the class was not
            generated.
        """
        translator = self._find_translator(label)
        images = self._check_images(X)
        n_channels = count_channels(images.sample_shape)
        if n_channels != self._n_channels():
            raise ValueError(
                f"X has images of {n_channels} channels, but the generator was fitted "
                f"on images of {self._n_channels()}."
            )
        return self._translate(translator, images, int(reverse))

    def save(self, folder):
        """Save the fitted generators to a folder, without pickle and without images.

        Parameters
        ----------
        folder : path-like
            Folder of the model. It is made if it is missing. An earlier model in it is
            replaced in a single step.

        Raises
        ------
        ValueError
            If a parameter cannot be written as JSON.
        OSError
            If the folder cannot be written to, or its disk is full.
        """
        check_is_fitted(self, "translators_")
        saving.save_generator(self, folder)

    @classmethod
    def load(cls, folder, *, device="auto"):
        """Load a generator that :meth:`save` wrote.

        Parameters
        ----------
        folder : path-like
            Folder that was passed to :meth:`save`.
        device : str or torch.device, default="auto"
            Device of the loaded networks.

        Returns
        -------
        TranslatingGenerator
            Generator for :meth:`translate`. It has no images to `sample` from.

        Raises
        ------
        WeightsError
            If the model in the folder is damaged, or belongs to another class.
        OSError
            If a file cannot be read.
        """
        return saving.load_generator(cls, folder, device)

    def __getstate__(self):
        return saving.pickle_state(super().__getstate__())

    def __setstate__(self, state):
        super().__setstate__(state)
        if hasattr(self, "translators_"):
            saving.restore_pickled(self)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "translators_")

    # For the subclass

    def _check_images(self, X):
        images = ImageInput.from_X(
            X, image_shape=self.image_shape, bits_stored=self.bits_stored
        )
        if images.sample_shape is not None and images.sample_shape[:2] == (1, 1):
            raise ValueError(
                "X has flat rows. Set image_shape to the shape (H, W) of their images."
            )
        return images

    def _find_translator(self, label):
        check_is_fitted(self, "translators_")
        known = list(self.translators_)
        if label is None and len(known) == 1:
            label = known[0]
        if label not in self.translators_:
            raise ValueError(
                f"The generator makes images of {known}, not of {label!r}. Call fit "
                f"with labels=[{label!r}]."
                if label is not None
                else f"The generator makes images of {known}. Pass one as label."
            )
        return self.translators_[label]

    def _make_translator(self, architecture=None):
        """Make untrained generators, with the present parameters by default."""
        return Translator(
            self._n_channels(),
            self.image_size_,
            **architecture or self._architecture(),
            device=self.device,
            precision=self.precision,
        )

    def _architecture(self):
        return {
            "width": self.width,
            "n_blocks": self._count_blocks(),
            "skip": self.skip,
        }

    def _count_blocks(self):
        if self.n_blocks is not None:
            return self.n_blocks
        return 6 if max(self.image_size_) <= _LARGEST_SMALL_SIDE else 9

    def _n_channels(self):
        return count_channels(self.input_shape_)

    def _reading(self):
        return {
            "image_size": self.image_size_,
            "keep_aspect_ratio": self.keep_aspect_ratio,
            "cache_dir": self.cache_dir,
        }

    def _translate(self, translator, images, direction, views=None):
        """Return translated images, of the type and shape of the samples in X."""
        shape, values = images.sample_shape, images.values
        if values is None:
            dtype = self.dtype_ if self.dtype_.kind == "u" else np.dtype(np.uint8)
            row_shape = self.image_size_
        else:
            dtype, row_shape = values.dtype, values.shape[1:]
        translated = np.empty((len(images), *row_shape), dtype)
        start = 0
        for outputs in translator.translate(
            images,
            direction,
            output_size=None if shape is None else tuple(shape[:2]),
            views=views,
            reading=self._reading(),
            n_threads=usable_threads(self.n_threads),
            verbose=self.verbose,
        ):
            pixels = to_pixels(outputs, dtype, self.bits_stored)
            stop = start + len(pixels)
            translated[start:stop] = pixels.reshape(-1, *row_shape)
            start = stop
        return translated

    def _draw_source_positions(self, n_samples, label, random_state):
        """Draw images of the source class: all of them, then all of them again, ..."""
        if not hasattr(self, "_source_rows"):
            raise ValueError(
                "The generator was loaded from a folder, which has no images to start "
                "from. Use translate with images of the source class."
            )
        if n_samples < 1:
            raise ValueError(f"n_samples must be at least 1, got {n_samples}.")
        n = len(self._source_rows)
        number = list(self.translators_).index(label)
        rng = np.random.default_rng(derived_seed(int(random_state), number))
        rounds = [rng.permutation(n) for _ in range(-(-n_samples // n))]
        return np.concatenate(rounds)[:n_samples]

    def _as_images(self, values):
        """Return translations as images that use the range of their type."""
        if self.image_shape is not None and self.input_shape_ is not None:
            values = values.reshape(-1, *self.input_shape_)
        if self.bits_stored is not None and values.dtype.kind == "u":
            values = scale_bits(values, self.bits_stored)
        return values

    def _read(self, images):
        """Return images as pixels: files at the size of the networks."""
        if images.pixels is not None:
            return images.pixels
        opened = images.open(**self._reading())
        return opened.gather(np.arange(len(opened)))
