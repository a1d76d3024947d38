"""CycleGANGenerator: images of a rare class, made from images of another class."""

from numbers import Integral, Real
from pathlib import Path

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from cxrclf._estimators.parameters import PARAMETER_CONSTRAINTS
from cxrclf._torch.device import resolve_device
from cxrclf._torch.threads import usable_threads
from cxrclf._training.initial_weights import InitialWeights
from cxrclf._utils.image_size import check_image_size
from cxrclf._utils.keyed_random import derived_seed, draw_seed
from cxrclf._utils.labels import check_label_count, check_labels
from cxrclf._utils.optional import import_optional
from cxrclf._utils.user_warnings import warn_user
from cxrclf.exceptions import UselessImagesError, UselessImagesWarning
from cxrclf.generation._class_choice import choose_classes
from cxrclf.generation._cyclegan import CycleGAN
from cxrclf.generation._cyclegan_net import CycleGANNet
from cxrclf.generation._generation_quality import generation_quality
from cxrclf.generation._presets import preset_parameters
from cxrclf.generation._train_cyclegan import CycleGANSettings, train_cyclegan
from cxrclf.generation._translating_generator import TranslatingGenerator
from cxrclf.generation._unpaired_images import UnpairedImages
from cxrclf.masks import resize_masks
from cxrclf.nets import make_backbone

_FILE_SIZE = 128, 128
_SMALLEST_SIDE = 24
_ROUNDING = 1e-6
_N_ASSESSED = 200
# Parameters that do not change the trained networks.
_NOT_IN_IDENTITY = {
    "cache_dir",
    "checkpoint_dir",
    "device",
    "log_dir",
    "max_distance",
    "on_useless",
    "quality_backbone",
    "quality_weights",
    "verbose",
}


class CycleGANGenerator(TranslatingGenerator):
    """Generate images of a rare class from images of another class by a CycleGAN.

    A CycleGAN [1]_ learns to translate images of a source class to a target class, for
    example normal radiographs to radiographs of COVID-19. It needs no pairs of images.
    A second generator translates them back, and the losses compare the result with the
    original. Use the generator in a
    :class:`~cxrclf.sampling.GenerativeOverSampler`, so that it learns from the training
    fold alone.

    Read more in the :ref:`User Guide <generation>`.

    Parameters
    ----------
    source : label or None, default=None
        Label of the class whose images are translated. None chooses the largest class.
    image_size : int, (int, int) or None, default=None
        Height and width at which the networks work, in pixels: multiples of 4, at
        least 24. None stands for 128 × 128 for files, and for the size of the images
        in arrays. Images in arrays of another size are resized, and their translations
        are resized back, which blurs them.
    keep_aspect_ratio : bool, default=False
        Whether files are padded to `image_size` instead of being stretched to it.
    bits_stored : int or None, default=None
        Number of bits that pixels of more than 8 bits use, from 2 to 16. For example,
        12 for radiographs of 12 bits that were saved as 16-bit files. The generated
        images use the same number. By default they use all bits.
    image_shape : (int, int), (int, int, int) or None, default=None
        Shape (H, W) or (H, W, C) of the image in each flat row of X. It is needed only
        if X has the shape (n, F).
    width : int, default=16
        Number of channels of the first convolution of a generator. The paper uses 64,
        which takes about 16 times as long.
    n_blocks : int or None, default=None
        Number of residual blocks of a generator. None stands for 6 if no side is
        longer than 128 px, and for 9 otherwise, as in the paper.
    skip : bool, default=True
        Whether the generators compute the change of an image, which is added to the
        image, instead of the whole image. The paper has no such connection. With it,
        narrow networks and short trainings keep the detail of the image.
    discriminator_width : int, default=32
        Number of channels of the first convolution of a discriminator. The paper uses
        64.
    cycle_weight : float, default=3.0
        Weight of the loss that compares an image with its translation there and back.
        The paper uses 10.
    identity_weight : float, default=1.0
        Weight of the loss that compares an image of the target class with its
        translation to the target class. The paper uses 5.
    pool_size : int, default=50
        Number of earlier generated images that a discriminator sees beside new ones.
    augmentation : Augmentation or None, default=None
        Random transformations of the training images, and of the source images that
        `sample` translates. With None, `sample` translates each source image
        unchanged, and repeats images if it needs more than the source class has.
    learning_rate : float, default=5e-4
        Learning rate of Adam. It is constant in the first half of the epochs, and falls
        linearly towards 0 in the second half. The paper uses 2e-4.
    ema_decay : float, default=0.995
        Decay of the exponential moving average of the weights of the generators, in
        [0, 1). The averages translate images. 0 uses the weights of the last step, as
        in the paper, whose images depend more on the last steps.
    max_iter : int or None, default=2000
        Number of optimizer steps.
    max_epochs : int or None, default=None
        Number of passes over the larger class. If it is not None, it replaces
        `max_iter`.
    batch_size : int, default=1
        Number of images of each class per optimizer step.
    quality_backbone : str or None, default="tf_efficientnet_lite0"
        Name of the network of timm that computes the features for ``quality_``. None
        omits the check of the quality.
    quality_weights : None, "imagenet", path-like or mapping, default="imagenet"
        Weights of `quality_backbone`, as in :class:`~cxrclf.CXRClassifier`.
    segmenter : object or None, default=None
        Fitted segmenter of lungs with a ``predict`` that returns masks of shape
        (n, h, w), such as a ``FrozenEstimator`` of a :class:`~cxrclf.UNetSegmenter`.
        With a segmenter, ``quality_`` compares the changes inside and outside the
        lungs.
    max_distance : float or None, default=None
        Largest `distance_ratio` in ``quality_`` of images that count as useful. For
        example, 1 demands that translation brings images nearer to the real images of
        the class. None sets no limit.
    on_useless : {"warn", "raise"}, default="warn"
        Whether `fit` warns or raises an error if ``quality_`` finds that the generated
        images are of no use. With an error, a sampler adds no image.
    random_state : int, RandomState instance or None, default=None
        Seed of the initial weights, the order, the views and the pools.
    n_threads : int or None, default=None
        Number of CPU threads. If None, torch chooses the number, and joblib reduces it
        in its workers. With 1, 2 or 3 threads the result is the same.
    device : str or torch.device, default="auto"
        Device of the networks. ``"auto"`` uses CUDA if it is available, and the CPU
        otherwise.
    precision : {"auto", "float32", "bfloat16", "float64"}, default="auto"
        Floating-point type in which the convolutions compute, as in
        :class:`~cxrclf.CXRClassifier`.
    cache_dir : path-like or None, default=None
        Folder of decoded files for later runs. None shares them between the folds and
        workers of this process, and removes them at its end.
    checkpoint_dir : path-like or None, default=None
        Folder of checkpoints. Each epoch writes one. If a training was killed or
        interrupted, the same `fit` on the same data continues from the checkpoint, and
        ends with the same weights. It needs an int `random_state`.
    log_dir : path-like or None, default=None
        Folder of TensorBoard logs: the losses of each epoch, and a sample sheet with
        images, their translations and their reconstructions, which is also written as
        a PNG file.
    verbose : int, default=0
        Whether to show progress bars. 0 shows none.

    Attributes
    ----------
    source_ : label
        Class whose images are translated.
    translators_ : dict
        The two trained generators of each generated class.
    quality_ : dict of GenerationQuality
        Quality of the translated training images of each generated class. It is empty
        if `quality_backbone` is None. See :func:`generation_quality`.
    history_ : dict of str to list
        One value per epoch: ``target`` (the generated class), ``epoch``,
        ``adversarial_loss``, ``cycle_loss``, ``identity_loss``, ``discriminator_loss``,
        ``learning_rate``, ``duration`` (seconds). The losses are averages over both
        directions, without their weights.
    image_size_ : (int, int)
        Height and width at which the networks work.
    input_shape_ : tuple of int or None
        Shape of a sample in pixels; None for files.
    dtype_ : numpy.dtype
        Type of the generated pixels.

    See Also
    --------
    cxrclf.sampling.GenerativeOverSampler : Sampler that uses a generator.
    MixupGenerator : Mixtures of images of a class, without training.
    generation_quality : Measures of the quality of generated images.

    Notes
    -----
    A generator can only show what it has learned from the images of the target class,
    and it copies their artifacts too, such as letters and borders of a hospital. Check
    whether generated images improve the score on real test images of other patients.

    One Adam updates all networks in each optimizer step. This equals the published
    order: generators first, and then the discriminators with the images from before.

    References
    ----------
    .. [1] J.-Y. Zhu, T. Park, P. Isola, A. A. Efros, "Unpaired image-to-image
       translation using cycle-consistent adversarial networks", ICCV 2017,
       arXiv:1703.10593.

    Examples
    --------
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> from cxrclf.generation import CycleGANGenerator
    >>> data = make_chest_radiographs(12, image_size=32, random_state=0)
    >>> generator = CycleGANGenerator(
    ...     source="normal", width=4, discriminator_width=4, max_iter=4,
    ...     quality_backbone=None, random_state=0,
    ... ).fit(data.images, data.target, labels=["covid"])
    >>> images = generator.sample(3, "covid", random_state=0)
    >>> images.shape, images.dtype
    ((3, 32, 32), dtype('uint8'))
    """

    _parameter_constraints = {
        "source": "no_validation",
        **{
            name: PARAMETER_CONSTRAINTS[name]
            for name in (
                "image_size",
                "keep_aspect_ratio",
                "bits_stored",
                "augmentation",
                "learning_rate",
                "batch_size",
                "random_state",
                "n_threads",
                "device",
                "precision",
                "cache_dir",
                "checkpoint_dir",
                "log_dir",
                "verbose",
            )
        },
        "image_shape": [None, tuple, list],
        "width": [Interval(Integral, 1, None, closed="left")],
        "n_blocks": [None, Interval(Integral, 0, None, closed="left")],
        "skip": ["boolean"],
        "discriminator_width": [Interval(Integral, 1, None, closed="left")],
        "cycle_weight": [Interval(Real, 0, None, closed="left")],
        "identity_weight": [Interval(Real, 0, None, closed="left")],
        "pool_size": [Interval(Integral, 0, None, closed="left")],
        "ema_decay": [Interval(Real, 0, 1, closed="left")],
        "max_iter": [None, Interval(Integral, 1, None, closed="left")],
        "max_epochs": [None, Interval(Integral, 1, None, closed="left")],
        "quality_backbone": [None, str],
        "quality_weights": "no_validation",
        "segmenter": [None, HasMethods(["predict"])],
        "max_distance": [None, Interval(Real, 0, None, closed="neither")],
        "on_useless": [StrOptions({"warn", "raise"})],
    }

    def __init__(
        self,
        source=None,
        *,
        image_size=None,
        keep_aspect_ratio=False,
        bits_stored=None,
        image_shape=None,
        width=16,
        n_blocks=None,
        skip=True,
        discriminator_width=32,
        cycle_weight=3.0,
        identity_weight=1.0,
        pool_size=50,
        augmentation=None,
        learning_rate=5e-4,
        ema_decay=0.995,
        max_iter=2000,
        max_epochs=None,
        batch_size=1,
        quality_backbone="tf_efficientnet_lite0",
        quality_weights="imagenet",
        segmenter=None,
        max_distance=None,
        on_useless="warn",
        random_state=None,
        n_threads=None,
        device="auto",
        precision="auto",
        cache_dir=None,
        checkpoint_dir=None,
        log_dir=None,
        verbose=0,
    ):
        self.source = source
        self.image_size = image_size
        self.keep_aspect_ratio = keep_aspect_ratio
        self.bits_stored = bits_stored
        self.image_shape = image_shape
        self.width = width
        self.n_blocks = n_blocks
        self.skip = skip
        self.discriminator_width = discriminator_width
        self.cycle_weight = cycle_weight
        self.identity_weight = identity_weight
        self.pool_size = pool_size
        self.augmentation = augmentation
        self.learning_rate = learning_rate
        self.ema_decay = ema_decay
        self.max_iter = max_iter
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.quality_backbone = quality_backbone
        self.quality_weights = quality_weights
        self.segmenter = segmenter
        self.max_distance = max_distance
        self.on_useless = on_useless
        self.random_state = random_state
        self.n_threads = n_threads
        self.device = device
        self.precision = precision
        self.cache_dir = cache_dir
        self.checkpoint_dir = checkpoint_dir
        self.log_dir = log_dir
        self.verbose = verbose

    @classmethod
    def preset(cls, name, **parameters):
        """Make a generator with the parameters of a preset.

        Parameters
        ----------
        name : {"cpu", "paper"}
            Name of the preset. ``"cpu"`` has narrow networks at 96 px and 2,000
            optimizer steps, for a processor of a few cores. ``"paper"`` has the
            published networks at 256 px and 200 epochs, for a GPU.
        **parameters
            Parameters of the class. They replace parameters of the preset.

        Returns
        -------
        CycleGANGenerator

        Raises
        ------
        ValueError
            If there is no preset with this name.
        """
        preset = preset_parameters(name)
        if "max_iter" in parameters:
            preset.pop("max_epochs", None)
        return cls(**preset | parameters)

    def fit(self, X, y, labels=None):
        """Train a CycleGAN from the source class to each generated class.

        Parameters
        ----------
        X : array-like of length n
            Images of all classes: paths, images of shape (n, H, W) or (n, H, W, C), or
            flat rows with `image_shape`.
        y : array-like of shape (n,)
            Labels of the images.
        labels : array-like of labels, default=None
            Classes to generate. A :class:`~cxrclf.sampling.GenerativeOverSampler`
            passes the classes with missing images. None stands for the smallest class.

        Returns
        -------
        self : CycleGANGenerator

        Raises
        ------
        ImageReadError
            If files cannot be read. The error names all of them.
        UselessImagesError
            If the generated images are of no use, and `on_useless` is "raise". The
            generator is fitted nevertheless, so that ``quality_`` can be read.
        ValueError
            If a parameter, X or y is invalid, if a class has fewer than two images, or
            if the training diverged.

        Warns
        -----
        UselessImagesWarning
            If the generated images are of no use, and `on_useless` is "warn".
        """
        self._check_parameters()
        resolve_device(self.device)  # before any work
        images = self._check_images(X)
        y = check_labels(y, owner="CycleGANGenerator")
        check_label_count("y", len(y), len(images))
        source, targets = choose_classes(y, self.source, labels)
        if self.quality_backbone is not None:
            # Missing weights are found before the training.
            with InitialWeights(0):
                make_backbone(self.quality_backbone, weights=self.quality_weights)
        rows_of = {label: np.flatnonzero(y == label) for label in (source, *targets)}
        parts = {
            label: self._check_images(images.take(rows))
            for label, rows in rows_of.items()
        }
        before = dict(vars(self))
        try:
            self._set_format(images)
            self.source_, self._source_rows = source, rows_of[source]
            self._source_images = parts[source]
            self.translators_, self.quality_, self.history_ = {}, {}, {}
            assessed = self._choose_assessed()
            masks = self._predict_masks(assessed)  # errors come before the training
            seed = draw_seed(self.random_state)
            for number, target in enumerate(targets):
                self._train(target, parts[target], derived_seed(seed, number))
            if self.quality_backbone is not None:
                for target in targets:
                    self.quality_[target] = self._assess(
                        parts[target], assessed, masks, self.translators_[target]
                    )
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise
        self._report_useless()
        return self

    # Checks

    def _check_parameters(self):
        self._validate_params()
        if self.max_iter is None and self.max_epochs is None:
            raise ValueError("max_iter and max_epochs are None. Set one of them.")
        if self.quality_backbone is None and (
            self.max_distance is not None
            or self.on_useless == "raise"
            or self.segmenter is not None
        ):
            raise ValueError(
                "max_distance, on_useless and segmenter need a quality_backbone, which "
                "is None. Set quality_backbone."
            )
        if self.image_size is not None:
            _check_size(check_image_size(self.image_size))
        if self.augmentation is not None:
            self.augmentation.check_params()
        if self.checkpoint_dir is not None and not isinstance(
            self.random_state, Integral
        ):
            raise ValueError(
                "checkpoint_dir needs an int random_state: otherwise a restarted run "
                "cannot find its checkpoint."
            )
        for name in ("cache_dir", "checkpoint_dir", "log_dir"):
            folder = getattr(self, name)
            if folder is not None and Path(folder).is_file():
                raise ValueError(f"{name} must be a folder, and {folder} is a file.")
        if self.log_dir is not None:
            import_optional("tensorboard", extra="tensorboard", purpose="log_dir")

    def _set_format(self, images):
        """Set the size, shape and type of the images."""
        pixels = images.pixels
        if pixels is not None and pixels.dtype.kind == "f":
            low, high = float(pixels.min()), float(pixels.max())
            if low < -_ROUNDING or high > 1 + _ROUNDING:
                raise ValueError(
                    f"Float pixels must be in [0, 1], but X has values from {low:.4g} "
                    f"to {high:.4g}. Divide them by their largest possible value."
                )
        images.warn_of_range()
        shape = images.sample_shape
        if self.image_size is not None:
            size = check_image_size(self.image_size)
        else:
            size = _FILE_SIZE if shape is None else tuple(shape[:2])
            _check_size(size)
        self.image_size_ = size
        self.input_shape_ = None if shape is None else tuple(shape)

    # Training

    def _train(self, target, target_images, seed):
        """Train the CycleGAN of a class, and store its generators."""
        translator = self._make_translator()
        with InitialWeights(seed):
            module = CycleGAN(
                self._n_channels(),
                self.image_size_,
                **self._architecture(),
                discriminator_width=self.discriminator_width,
                pool_size=self.pool_size,
            )
        net = CycleGANNet(
            module,
            translator.input_format,
            translator.autocast_dtype,
            learning_rate=float(self.learning_rate),
            cycle_weight=self.cycle_weight,
            identity_weight=self.identity_weight,
            ema_decay=self.ema_decay,
            seed=seed,
            n_threads=usable_threads(self.n_threads),
        )
        data = UnpairedImages(
            (self._source_images, target_images),
            net.input_format,
            reading=self._reading() | {"verbose": self.verbose},
            batch_size=self.batch_size,
            augmentation=self.augmentation,
            seed=seed,
        )
        self.dtype_ = data.dtype
        rows = train_cyclegan(net, data, self._settings(target))
        translator.module_.load_state_dict(module.averages.state_dict())
        self.translators_[target] = translator
        for row in rows:
            for name, value in {"target": target, **row}.items():
                self.history_.setdefault(name, []).append(value)

    def _settings(self, target):
        return CycleGANSettings(
            max_epochs=self.max_epochs,
            max_iter=None if self.max_epochs is not None else self.max_iter,
            checkpoint_dir=self.checkpoint_dir,
            log_dir=self.log_dir,
            verbose=self.verbose,
            description=f"{self.source_} to {target}",
            identity={
                name: value
                for name, value in self.get_params().items()
                if name not in _NOT_IN_IDENTITY and not name.startswith("segmenter")
            },
        )

    def _choose_assessed(self):
        """Return the images of the source class whose translations are assessed."""
        rng = np.random.default_rng(0)
        chosen = np.sort(rng.permutation(len(self._source_rows))[:_N_ASSESSED])
        return self._check_images(self._source_images.take(chosen))

    def _predict_masks(self, sources):
        """Return the lungs of the sources, or None without a segmenter."""
        if self.segmenter is None or self.quality_backbone is None:
            return None
        size = self.image_size_ if sources.pixels is None else sources.sample_shape
        try:
            masks = np.asarray(self.segmenter.predict(sources.X))
        except NotFittedError as error:
            raise ValueError(
                "The segmenter is not fitted. Samplers clone it: pass a fitted one as "
                "sklearn.frozen.FrozenEstimator(segmenter)."
            ) from error
        if masks.ndim != 3 or len(masks) != len(sources):
            raise ValueError(
                f"segmenter.predict must return masks of shape ({len(sources)}, h, w), "
                f"got {masks.shape}."
            )
        masks = resize_masks(masks, size[:2]).astype(bool)
        if not masks.any() or masks.all():
            raise ValueError(
                "The segmenter finds no lungs in the images of the source class. Fit "
                "it on such images, or set segmenter=None."
            )
        return masks

    def _assess(self, target_images, sources, masks, translator):
        """Return the quality of the translated images of the source class."""
        return generation_quality(
            self._as_images(self._translate(translator, sources, 0)),
            self._read(target_images),
            sources=self._read(sources),
            # The generator of the other direction keeps images of the source class.
            controls=self._as_images(self._translate(translator, sources, 1)),
            masks=masks,
            max_distance=self.max_distance,
            backbone=self.quality_backbone,
            weights=self.quality_weights,
            n_threads=self.n_threads,
            device=self.device,
            verbose=self.verbose,
        )

    def _report_useless(self):
        """Warn of useless images, or raise an error."""
        texts = [
            f"The generated images of {target!r} are of no use: "
            f"{' '.join(quality.reasons)}"
            for target, quality in self.quality_.items()
            if not quality.useful
        ]
        if texts and self.on_useless == "raise":
            raise UselessImagesError(" ".join(texts))
        for text in texts:
            warn_user(text, UselessImagesWarning)


def _check_size(size):
    """Check that the networks accept a size."""
    if min(size) < _SMALLEST_SIDE or any(side % 4 for side in size):
        raise ValueError(
            f"The networks need sides that are multiples of 4, at least "
            f"{_SMALLEST_SIDE} px, but the images have {size[0]} x {size[1]} px. Set "
            f"image_size, for example to {_nearest(size)}."
        )


def _nearest(size):
    return tuple(max(4 * round(side / 4), _SMALLEST_SIDE) for side in size)
