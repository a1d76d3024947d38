"""Whether a training sees pixels, or features that are computed once.

An estimator has one of these two policies. :class:`PixelPolicy` is right for any
network; :class:`FeaturePolicy` for those whose frozen part can be computed apart.
"""

from cxrclf._training.feature_extractor import FeatureExtractor
from cxrclf._training.feature_samples import FeatureSamples
from cxrclf._training.samples import PixelSamples
from cxrclf.augmentation import Augmentation


class PixelPolicy:
    """Train on pixels, and predict from pixels.

    Attributes
    ----------
    kept : {"features", "maps"} or None
        What the training keeps in the feature cache.
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
            The second one is None without a validation set.
        """
        train, valid = _pixel_samples(net, data, validation, settings)
        train.source.keep_on_device()
        if valid is not None:
            if validation.images is data.images:
                valid.source = train.source
            else:
                valid.source.keep_on_device()
        return train, valid

    def prediction_samples(self, net, several_batches):
        """Return a function of samples as pixels to the samples to predict.

        Parameters
        ----------
        net : TrainingNet
        several_batches : bool
            Whether the images of a call take more than one batch.
        """
        return lambda samples: samples


class FeaturePolicy(PixelPolicy):
    """Compute what a frozen part gives once, and train the rest on that.

    Parameters
    ----------
    cache : DiskCache, MemoryCache or None
        Where features are kept for other epochs, folds and processes.
    n_threads : int
        Number of batches that are computed at once on a CPU.
    verbose : int
        Whether to show progress.
    """

    def __init__(self, cache, *, n_threads, verbose):
        self.cache = cache
        self.n_threads = n_threads
        self.verbose = verbose

    def training_samples(self, net, data, validation, settings):
        """Return the samples of a training and of its validation set."""
        extractor = self._training_extractor(net, data.schedule, settings)
        if extractor is None:
            return super().training_samples(net, data, validation, settings)
        return tuple(
            None
            if samples is None
            else FeatureSamples(samples, extractor, verbose=self.verbose)
            for samples in _pixel_samples(net, data, validation, settings)
        )

    def prediction_samples(self, net, several_batches):
        """Return a function of samples as pixels to the samples to predict."""
        # To look a single batch up takes as long as to compute it.
        if not (net.module_.frozen_body and several_batches):
            return super().prediction_samples(net, several_batches)
        extractor = FeatureExtractor(net, self.cache, n_threads=self.n_threads)
        return lambda samples: FeatureSamples(samples, extractor)

    def _training_extractor(self, net, schedule, settings):
        """Return the extractor if training on features is the faster way."""
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
            what = "features of the frozen body" if frozen_body else "frozen maps"
            kept = "not cached, because " + reason if reason else "cached"
            print(f"The {what} are {kept}.")
        return extractor if frozen_body or reason is None else None

    def _why_not_kept(self, extractor, schedule, settings):
        """Return why no other epoch or fit would find features of this one, or None."""
        if self.cache is None:
            return "feature_cache is None"
        n = len(schedule.all_rows())
        if settings.augmentation is not None:
            if type(settings.augmentation) is not Augmentation:
                return "a subclass of Augmentation may do anything"
            if not settings.repeatable and settings.n_views is None:
                return "no other fit has the same views: random_state is not an int"
            shown = settings.max_epochs * sum(len(rows) for rows, _ in schedule.phases)
            n = shown if settings.n_views is None else min(shown, n * settings.n_views)
        if not extractor.module.frozen_body:
            if settings.head_epochs:
                return "the body is frozen to another depth in the head_epochs"
            if settings.compiled:
                return "the backbone is compiled whole"
        return extractor.why_not_kept(n, self.cache.max_bytes)


def _pixel_samples(net, data, validation, settings):
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
