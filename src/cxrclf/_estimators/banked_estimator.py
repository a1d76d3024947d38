"""Estimators whose frozen body is computed once: the feature bank at their service."""

from numbers import Integral
from pathlib import Path

from sklearn.utils._param_validation import Interval, StrOptions

from cxrclf._estimators.image_estimator import ImageEstimator
from cxrclf._training.batches import FeatureSet, PixelSet
from cxrclf._training.feature_cache import DiskBank, MemoryBank
from cxrclf._training.forward import FeatureExtractor
from cxrclf._utils.session import session_folder
from cxrclf.augmentation._augmentation import Augmentation


class BankedEstimator(ImageEstimator):
    """Base of estimators over an ``ImageClassifier``.

    Its frozen part is a fixed function of an image: what it gives is kept in the
    feature bank, and the rest trained on that.
    """

    _parameter_constraints = {
        **ImageEstimator._parameter_constraints,
        "n_views": [None, Interval(Integral, 1, None, closed="left")],
        "feature_bank": [None, StrOptions({"disk", "memory"})],
        "feature_bank_bytes": [Interval(Integral, 0, None, closed="left")],
    }

    def _data_sets(self, images, rows, validation, seed):
        extractor = self._training_extractor(rows)
        if extractor is None:
            return super()._data_sets(images, rows, validation, seed)
        train_set = PixelSet(
            self._pixels(images),
            rows,
            augmentation=self.augmentation,
            n_views=self.n_views,
            seed=seed,
        )
        train_set = FeatureSet(train_set, extractor, verbose=self.verbose)
        if validation is None:
            return train_set, None
        others, all_rows = validation
        valid_set = PixelSet(self._pixels(others), all_rows, seed=seed)
        return train_set, FeatureSet(valid_set, extractor, verbose=self.verbose)

    def _prediction_sets(self, several_batches):
        # To look a single batch up takes as long as to compute it.
        if not (self.net_.module_.frozen_body and several_batches):
            return super()._prediction_sets(several_batches)
        extractor = self._extractor()
        return lambda pixel_set: FeatureSet(pixel_set, extractor)

    def _n_training_threads(self):
        # The head alone is too small for more than one.
        return 1 if self.trainable in ("head", 0) else super()._n_training_threads()

    def _extractor(self):
        """Return what computes and keeps the features of the frozen part."""
        bank = None
        if self.feature_bank == "memory":
            bank = MemoryBank(self.feature_bank_bytes)
        elif self.feature_bank == "disk":
            root = session_folder() if self.cache_dir is None else Path(self.cache_dir)
            bank = DiskBank(root / "features", self.feature_bank_bytes)
        return FeatureExtractor(
            self.net_.module_,
            bank,
            autocast_dtype=self.net_.autocast_dtype,
            n_threads=self._n_forward_threads(),
        )

    def _training_extractor(self, rows):
        """Return the extractor if training on the rows' features is the faster way."""
        self.banked_ = None
        if self.trainable == "all":
            return None
        extractor = self._extractor()
        frozen_body = self.net_.module_.frozen_body
        reason = self._why_not_kept(rows, extractor)
        if reason is None:
            self.banked_ = "features" if frozen_body else "maps"
        else:
            extractor.bank = None
        if self.verbose:
            what = "features of the frozen body" if frozen_body else "frozen maps"
            kept = "not kept, because " + reason if reason else "kept in the bank"
            print(f"The {what} are {kept}.")
        return extractor if frozen_body or reason is None else None

    def _why_not_kept(self, rows, extractor):
        """Return why no other epoch or fit would find features of this one, or None."""
        if self.feature_bank is None:
            return "feature_bank is None"
        n = len(rows.ever())
        if self.augmentation is not None:
            if type(self.augmentation) is not Augmentation:
                return "a subclass of Augmentation may do anything"
            if not isinstance(self.random_state, Integral) and self.n_views is None:
                return "no other fit has the same views: random_state is not an int"
            shown = self.max_epochs * sum(len(phase) for phase, _ in rows.phases)
            n = shown if self.n_views is None else min(shown, n * self.n_views)
        if not self.net_.module_.frozen_body:
            if self.head_epochs:
                return "the body is frozen to another depth in the head_epochs"
            if self.compile:
                return "the backbone is compiled whole"
        return extractor.why_not_kept(self._pixels(None), n, self.feature_bank_bytes)
