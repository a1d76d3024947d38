"""What every estimator of the library shares: from validated rows to a trained net."""

import contextlib
import copy
import dataclasses
from functools import partial

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted

from cxrclf._estimators.checked_estimator import CheckedEstimator
from cxrclf._torch.device import resolve_device
from cxrclf._torch.threads import limited_threads, usable_threads
from cxrclf._training.allocator import kept_memory
from cxrclf._training.batches import Pixels, PixelSet, resident_images
from cxrclf._training.epoch_schedule import EpochRows
from cxrclf._training.forward import forward_batches, progress_bar
from cxrclf._training.images import stream_files
from cxrclf._training.initial_weights import InitialWeights
from cxrclf._training.net import count_right, make_net
from cxrclf._training.optimizer import make_optimizer
from cxrclf._training.precision import inference_batch_size, resolve_precision
from cxrclf._training.run_record import RunRecord, fingerprint
from cxrclf._training.trainer import Plan, run_epochs
from cxrclf._utils.keyed_random import draw_seed
from cxrclf._utils.splitting import joined, split_validation

# Parameters that change how a training runs and not what comes out of it, or (the
# weights) that the state of the network stands for.
_NOT_IN_FINGERPRINT = {
    "cache_dir",
    "checkpoint_dir",
    "device",
    "feature_bank",
    "feature_bank_bytes",
    "log_dir",
    "verbose",
    "weights",
}
# Parameters by which an optimiser and its batches are made.
_TRAINING_SETUP = {
    "trainable",
    "optimizer",
    "learning_rate",
    "body_learning_rate",
    "weight_decay",
    "decay_bias_and_norm",
    "momentum",
    "batch_size",
    "compile",
    "device",
    "precision",
}


class ImageEstimator(CheckedEstimator):
    """Base of the estimators: X in, a trained net in ``net_`` out.

    A subclass has the parameters of ``_parameter_constraints``, turns labels into
    codes and logits into predictions, names the parameters that make the network in
    ``_network_parameters``, and implements ``_make_module(weights)`` and
    ``_criterion()``, the class of its loss. What an epoch is judged by besides the loss
    is its ``_score``.
    """

    _score = "accuracy", count_right

    def _train(
        self,
        X,
        codes,
        phases,
        weigh,
        *,
        fresh,
        groups=None,
        X_val=None,
        codes_val=None,
        restart_schedule=False,
    ):
        """Train a new net, or go on with ``net_``, for ``max_epochs`` epochs a phase.

        Parameters
        ----------
        X, X_val
            What :meth:`_open` takes; X_val may be None.
        codes, codes_val : ndarray of shape (n,)
        phases : list of ndarray of int
            Rows of X that are trained on one phase after another.
        weigh : callable
            Takes rows that are trained on together, returns their factors on the loss.
        fresh : {"net", "optimizer", None}
            What is made anew: everything, the optimiser, or nothing.
        groups : ndarray of shape (n,) or None
        restart_schedule : bool, default=False
            Whether the learning-rate schedule begins anew in each phase.
        """
        seed = draw_seed(self.random_state)
        resolve_device(self.device)  # before any work
        going_on = contextlib.nullcontext() if fresh == "net" else self._same_net()
        with going_on, limited_threads(self._n_training_threads()):
            # The net first: a wrong name or wrong weights cost no decoding.
            if fresh == "net":
                with InitialWeights(seed):
                    module = self._make_module(self.weights)
                self.net_ = self._compose(module)
                self.history_ = {}
                self.n_epochs_ = 0
            elif fresh == "optimizer" or self._changed(_TRAINING_SETUP):
                self.net_ = self._compose(self.net_.module_)
            self._made_with = self.get_params(deep=False)
            if self.weights not in (None, "imagenet"):
                del self._made_with["weights"]  # files or tensors, now in the net
            vars(self).pop("best_epoch_", None)
            images = self._open(X)
            validation = None
            if self.validation_fraction is not None:
                phases, held_out = self._hold_out(images, codes, phases, groups, seed)
                validation = images, _once(codes, held_out)
            elif X_val is not None:
                every = np.arange(len(codes_val))
                validation = self._open(X_val), _once(codes_val, every)
            plan = EpochRows(
                codes,
                tuple((rows, weigh(rows)) for rows in phases),
                epochs=self.max_epochs,
                first_epoch=self.n_epochs_,
                balanced=self.balanced_batches,
                seed=seed,
            )
            self._run(images, plan, validation, seed, restart_schedule)

    def _hold_out(self, images, codes, phases, groups, seed):
        """Return the phases without a validation set, and the rows of that."""
        rows = np.unique(np.concatenate(phases))
        kept = images.keys if groups is None else joined(groups, images.keys)
        train, valid = split_validation(
            codes[rows], kept[rows], self.validation_fraction, seed
        )
        phases = [phase[np.isin(phase, rows[train])] for phase in phases]
        if not all(len(phase) for phase in phases):
            raise ValueError(
                f"validation_fraction={self.validation_fraction} holds all rows of a "
                "phase out. Hold a validation set out before the rows are cut into "
                "phases: with PhasedClassifier(validation_fraction=...), or as X_val "
                "and y_val."
            )
        held_out = rows[valid]
        if images.copies is not None:
            held_out = held_out[~images.copies.is_copy[held_out]]
        return phases, held_out

    @contextlib.contextmanager
    def _all_or_nothing(self):
        """Take back what a call has changed of the estimator if it fails."""
        before = dict(vars(self))
        try:
            yield
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    @contextlib.contextmanager
    def _same_net(self):
        """Give the net its weights and optimiser's state back if the block fails."""
        net = self.net_
        trainable = net.module_.trainable
        module = copy.deepcopy(net.module_.state_dict())
        optimizer = copy.deepcopy(net.optimizer_.state_dict())
        try:
            yield
        except BaseException:
            net.module_.set_trainable(trainable)
            net.module_.load_state_dict(module)
            net.optimizer_.load_state_dict(optimizer)
            raise

    def _changed(self, names):
        """Return which of these parameters differ from those of the net."""
        return sorted(
            name
            for name in names
            if _as_tuple(getattr(self, name)) != _as_tuple(self._made_with[name])
        )

    def _run(self, images, rows, validation, seed, restart_schedule):
        """Train on the rows of each epoch, beside a validation set if there is one."""
        # Not a number of NumPy, which the reader of resume files refuses.
        n_epochs = int(self.max_epochs) * len(rows.phases)
        schedule_epochs = int(self.max_epochs) if restart_schedule else n_epochs
        settings = {
            name: value
            for name, value in self.get_params().items()
            if name not in _NOT_IN_FINGERPRINT
        }
        run = None
        if self.checkpoint_dir is not None or self.log_dir is not None:
            settings |= {
                "epoch": self.n_epochs_,
                "n_epochs": n_epochs,
                "schedule_epochs": schedule_epochs,
                "validated": validation is not None,
            }
            parts = _parts(images, rows)
            if validation is not None:
                parts += _parts(*validation)
            run = fingerprint(self.net_.module_, settings, parts)
        train_set, valid_set = self._data_sets(images, rows, validation, seed)
        plan = Plan(
            max_epochs=n_epochs,
            first_epoch=self.n_epochs_,
            trainable=self.trainable,
            head_epochs=self.head_epochs,
            schedule=self.learning_rate_schedule,
            schedule_epochs=schedule_epochs,
            monitor=self.monitor,
            keep_best=self.keep_best,
            patience=self.n_iter_no_change if self.early_stopping else None,
            tol=self.tol,
            seed=seed,
            verbose=self.verbose,
        )
        record = RunRecord(self.checkpoint_dir, self.log_dir, run, n_epochs)
        with record, kept_memory():
            progress = record.resume(self.net_)
            run_epochs(
                self.net_, train_set, valid_set, plan, progress, on_epoch_end=record.add
            )
        self._take_note(progress, len(rows.phases) > 1)

    def _take_note(self, progress, phased):
        for number, row in enumerate(progress.history):
            phase = {"phase": 1 + number // self.max_epochs} if phased else {}
            for name, value in (row | phase).items():
                self.history_.setdefault(name, []).append(value)
        self.n_epochs_ += len(progress.history)
        if progress.best_epoch >= 0:
            self.best_epoch_ = progress.history[progress.best_epoch]["epoch"]

    def _n_training_threads(self):
        """Return how many threads share a layer in a training."""
        return usable_threads(self.n_threads)

    def _n_forward_threads(self):
        """Return how many threads compute a batch each."""
        return usable_threads(None) if self.n_threads is None else self.n_threads

    @property
    def precision_(self):
        """Precision in which the body computes."""
        if not hasattr(self, "net_"):
            raise AttributeError(
                f"This {type(self).__name__} has no precision_ before fit."
            )
        net = self.net_
        dtype = net.autocast_dtype or next(net.module_.parameters()).dtype
        return str(dtype).removeprefix("torch.")

    def _pixels(self, images):
        parameter = next(self.net_.module_.parameters())
        return Pixels(images, self.image_size_, parameter.device, parameter.dtype)

    def _data_sets(self, images, rows, validation, seed):
        """Return what is trained on, and what is validated with or None."""
        pixels = self._resident_pixels(images)
        train_set = PixelSet(
            pixels,
            rows,
            augmentation=self.augmentation,
            n_views=self.n_views,
            seed=seed,
        )
        if validation is None:
            return train_set, None
        others, all_rows = validation
        if others is not images:
            pixels = self._resident_pixels(others)
        return train_set, PixelSet(pixels, all_rows, seed=seed)

    def _resident_pixels(self, images):
        """Return pixels: on a GPU, where they are read in each epoch, if they fit."""
        pixels = self._pixels(images)
        resident = resident_images(images, pixels.device)
        return dataclasses.replace(pixels, resident=resident)

    def _compose(self, module):
        """Put a module into a skorch net on the device, in the precision asked for."""
        device = resolve_device(self.device)
        dtype, autocast_dtype = resolve_precision(self.precision, device)
        module.to(device, dtype, memory_format=torch.channels_last)
        module.set_trainable(self.trainable)
        module.backbone._compiled_call_impl = None  # of an earlier compile=True
        if self.compile:
            module.backbone.compile()
        rate = self.learning_rate
        body_rate = self.body_learning_rate
        factory = partial(
            make_optimizer,
            self.optimizer,
            learning_rate=rate,
            body_learning_rate=(
                rate * self._body_factor() if body_rate is None else body_rate
            ),
            weight_decay=self.weight_decay,
            momentum=self.momentum,
            decay_bias_and_norm=self.decay_bias_and_norm,
        )
        return make_net(
            module,
            factory,
            device=device,
            dtype=dtype,
            autocast_dtype=autocast_dtype,
            batch_size=self.batch_size,
            criterion=self._criterion(),
            score=self._score,
        )

    def _body_factor(self):
        """Return the body's learning rate as a multiple of the head's, by default."""
        return 0.1

    def _outputs(self, X):
        """Yield the network's raw outputs for X, batch by batch, as float64."""
        check_is_fitted(self)
        checked = self._check_images(X, reset=False)
        module = self.net_.module_.eval()
        device = next(module.parameters()).device
        batch = inference_batch_size(device, self.image_size_)
        alone = len(checked) == 1  # not the last one of many
        wrap = self._prediction_sets(len(checked) > batch)
        with (
            # Else the caller only passes on what its threads compute.
            limited_threads(usable_threads(self.n_threads) if alone else 1),
            kept_memory() if len(checked) > batch else contextlib.nullcontext(),
            progress_bar(len(checked), "prediction", self.verbose) as bar,
        ):
            for images in self._stream(checked, 16 * batch):
                yield from self._outputs_of(images, wrap, batch, alone, bar)

    def _prediction_sets(self, several_batches):
        """Return what makes of a set of pixels the one that is predicted from."""
        return lambda pixel_set: pixel_set

    def _stream(self, checked, chunk):
        """Yield the images of what :meth:`_check_images` returned, bit by bit."""
        if isinstance(checked, np.ndarray):
            yield from stream_files(
                checked,
                self.image_size_,
                keep_aspect_ratio=self.keep_aspect_ratio,
                cache_dir=self.cache_dir,
                chunk=chunk,
            )
        else:
            yield checked

    def _outputs_of(self, images, wrap, batch, alone, bar):
        """Yield the outputs for some images, batch by batch."""
        module, rows = self.net_.module_, np.arange(len(images))
        data_set = wrap(PixelSet(self._pixels(images), _once(rows, rows)))
        data_set.begin_epoch(0)
        for values in forward_batches(
            lambda chosen: module(**data_set.inputs(chosen)),
            len(images),
            batch,
            device=self._pixels(images).device,
            autocast_dtype=self.net_.autocast_dtype,
            n_threads=self._n_forward_threads(),
            alone=alone,
        ):
            bar.update(len(values))
            yield values.double().numpy()


def _as_tuple(value):
    """Return a list as a tuple, which it becomes when it is saved."""
    return tuple(value) if isinstance(value, list) else value


def _once(codes, rows):
    """Return the plan of epochs that take some rows as they are."""
    return EpochRows(codes, ((rows, np.ones(len(rows))),))


def _parts(images, rows):
    """Return the arrays that identify what is trained on, or validated with."""
    return [
        part
        for chosen, weights in rows.phases
        for part in (images.sample_keys[chosen], rows.codes[chosen], weights)
    ]
