"""Policies: whether a training uses pixels or cached features.

An estimator has one of two policies. :class:`PixelPolicy` works with any network.
:class:`FeaturePolicy` needs a network with a frozen part that can be computed alone.
"""

import sys

from cxrclf._training.feature_extractor import FeatureExtractor
from cxrclf._training.feature_samples import FeatureSamples
from cxrclf._training.samples import PixelSamples
from cxrclf.augmentation import Augmentation


class PixelPolicy:
    """Train on pixels, and predict from pixels.

    Attributes
    ----------
    kept : {"features", "maps"} or None
        Content of the feature cache after a training.
    """

    kept = None

    def training_samples(self, net, data, validation, settings):
        """Return the samples of a training and of its validation set.

        Parameters
        ----------
        net : TrainingNet
        data : TrainingData
        validation : TrainingData or None
        settings : TrainingSettings

        Returns
        -------
        train, valid : Samples
            Samples of both sets. `valid` is None without a validation set.
        """
        train, valid = _make_pixel_samples(net, data, validation, settings)
        train.source.keep_on_device()
        if valid is not None:
            if validation.images is data.images:
                valid.source = train.source
            else:
                valid.source.keep_on_device()
        return train, valid

    def prediction_samples(self, net, several_batches):
        """Return a function from samples of pixels to the samples of a prediction.

        Parameters
        ----------
        net : TrainingNet
        several_batches : bool
            Whether the images of a call need more than one batch.
        """
        return lambda samples: samples


class FeaturePolicy(PixelPolicy):
    """Train on features of the frozen part, which are computed once.

    Parameters
    ----------
    cache : DiskCache, MemoryCache or None
        Cache of the features for other epochs, folds and processes.
    n_threads : int
        Number of batches that are computed at the same time on a CPU.
    verbose : int
        Whether to show progress.
    """

    def __init__(self, cache, *, n_threads, verbose):
        self.cache = cache
        self.n_threads = n_threads
        self.verbose = verbose

    def training_samples(self, net, data, validation, settings):
        """Return the samples of a training and of its validation set."""
        extractor = self._make_extractor(net, data.schedule, settings)
        if extractor is None:
            return super().training_samples(net, data, validation, settings)
        return tuple(
            None
            if samples is None
            else FeatureSamples(samples, extractor, verbose=self.verbose)
            for samples in _make_pixel_samples(net, data, validation, settings)
        )

    def prediction_samples(self, net, several_batches):
        """Return a function from samples of pixels to the samples of a prediction."""
        # Finding the features of a single batch takes as long as computing them.
        if not (net.module_.frozen_body and several_batches):
            return super().prediction_samples(net, several_batches)
        extractor = FeatureExtractor(net, self.cache, n_threads=self.n_threads)
        return lambda samples: FeatureSamples(samples, extractor)

    def _make_extractor(self, net, schedule, settings):
        """Return the extractor, or None if training on pixels is faster."""
        if settings.trainable == "all":
            return None
        extractor = FeatureExtractor(net, self.cache, n_threads=self.n_threads)
        frozen_body = net.module_.frozen_body
        reason = self._why_not_kept(extractor, schedule, settings)
        if reason is None:
            self.kept = "features" if frozen_body else "maps"
        else:
            extractor.cache = None
        if self.verbose:
            kept = "stored, and reused in later epochs and trainings"
            kept = kept if reason is None else f"not stored, because {reason}"
            # Progress bars are there too. Commands print results on the other output.
            print(f"The output of the frozen layers is {kept}.", file=sys.stderr)
        return extractor if frozen_body or reason is None else None

    def _why_not_kept(self, extractor, schedule, settings):
        """Return why the features of this training are not cached, or None."""
        if self.cache is None:
            return "feature_cache is None"
        n = len(schedule.all_rows())
        if settings.augmentation is not None:
            if type(settings.augmentation) is not Augmentation:
                return "a subclass of Augmentation may have any effect"
            if not settings.repeatable and settings.n_views is None:
                return "no other fit has the same views: random_state is not an int"
            shown = settings.max_epochs * sum(len(rows) for rows, _ in schedule.phases)
            n = shown if settings.n_views is None else min(shown, n * settings.n_views)
        if not extractor.module.frozen_body:
            if settings.head_epochs:
                return "another part of the body is frozen in the head_epochs"
            if settings.compiled:
                return "compile=True compiles the backbone as a whole"
        return extractor.why_not_kept(n, self.cache.max_bytes)


def _make_pixel_samples(net, data, validation, settings):
    """Return the samples of both sets as pixels; validation images have no views."""
    train = PixelSamples(
        data,
        net.input_format,
        augmentation=settings.augmentation,
        n_views=settings.n_views,
        seed=settings.seed,
    )
    if validation is None:
        return train, None
    return train, PixelSamples(validation, net.input_format, seed=settings.seed)
