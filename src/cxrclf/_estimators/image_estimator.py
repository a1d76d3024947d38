"""The base of every estimator: X, the net, training, predictions."""

import contextlib
import copy
from functools import partial
from numbers import Integral

import torch
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from cxrclf._estimators import saving
from cxrclf._estimators.parameters import (
    NET_PARAMETERS,
    NOT_IN_IDENTITY,
    PARAMETER_CONSTRAINTS,
    check_together,
)
from cxrclf._torch.device import resolve_device
from cxrclf._torch.threads import limited_threads, usable_threads
from cxrclf._training.feature_policy import PixelPolicy
from cxrclf._training.initial_weights import InitialWeights
from cxrclf._training.net import make_net
from cxrclf._training.pixels import InputFormat
from cxrclf._training.precision import resolve_precision
from cxrclf._training.prediction import predict_outputs
from cxrclf._training.trainer import Trainer, TrainingSettings
from cxrclf._utils.image_size import check_image_size
from cxrclf._utils.keyed_random import draw_seed
from cxrclf._utils.session import UsesSession
from cxrclf.images import ImageInput
from cxrclf.optimizers import Optimizer


class ImageEstimator(UsesSession, BaseEstimator):
    """Base of the estimators: images in, a trained net in ``net_`` out.

    A subclass has the parameters of ``_parameter_constraints``, names the parameters
    that make its network in ``_network_parameters``, and implements

    - ``_task()``, the loss, the score, and what outputs mean;
    - ``_make_module(weights)``, the network;
    - ``_default_image_size()``, the size at which files are read by default;
    - `fit`, which turns y into targets and calls :meth:`_train`.
    """

    _parameter_constraints = PARAMETER_CONSTRAINTS
    _network_parameters = ()

    # Parameters that not every estimator has, at the values that stand for none.
    _flat_rows = True  # whether X may be rows of numbers
    image_shape = None
    n_views = None
    balanced_batches = False

    @property
    def precision_(self):
        """Precision in which the body computes."""
        if not hasattr(self, "net_"):
            raise AttributeError(
                f"This {type(self).__name__} has no precision_ before fit."
            )
        dtype = self.net_.autocast_dtype or self.net_.input_format.dtype
        return str(dtype).removeprefix("torch.")

    def save(self, folder):
        """Save the trained estimator as safetensors and JSON, without pickle.

        ``weights-<number>.safetensors`` holds the network's tensors; ``model.json``
        holds the parameters, what was learnt about the data, the preprocessing and the
        versions of the libraries. Not saved are the state of the optimizer, the
        ``callbacks``, ``weights`` that were files or tensors, and what belongs to this
        machine: ``cache_dir``, ``checkpoint_dir``, ``log_dir``.

        Parameters
        ----------
        folder : path-like
            Made when missing. An earlier model in it is replaced in a single step: a
            process that is killed leaves the earlier one or the new one, whole.

        Raises
        ------
        ValueError
            If a parameter cannot be written as JSON.
        OSError
            If the folder cannot be written to, or its disk is full. An earlier model
            in it is kept.
        """
        check_is_fitted(self)
        saving.save_estimator(self, folder)

    @classmethod
    def load(cls, folder, *, device="auto"):
        """Load what :meth:`save` wrote.

        Parameters
        ----------
        folder : path-like
            The folder that was given to :meth:`save`.
        device : str or torch.device, default="auto"
            Where the network runs from now on, wherever it was trained.

        Returns
        -------
        estimator
            The fitted estimator. Training that goes on from it begins with a new
            optimizer. Parameters that :meth:`save` does not save have their defaults:
            set ``cache_dir`` and the like for this machine.

        Raises
        ------
        WeightsError
            If the folder holds a model of another estimator, or a damaged one.
        OSError
            If a file cannot be read, PermissionError among them.
        """
        return saving.load_estimator(cls, folder, device)

    def __getstate__(self):
        return saving.pickled_state(self, super().__getstate__())

    def __setstate__(self, state):
        net, state = saving.split_state(state)
        super().__setstate__(state)
        if net is not None:
            saving.restore_net(self, net)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "net_")

    # Checks

    def _check_parameters(self, has_validation):
        """Check the parameters, alone and together, before any work."""
        self._validate_params()
        check_together(self, has_validation)

    def _check_same_network(self, what):
        """Refuse to go on with a net of another architecture."""
        changed = self._changed(self._network_parameters)
        if changed:
            raise ValueError(
                f"{what} goes on with the network of the fit before, and {changed} "
                "changed since. Use fit with warm_start=False for a new network."
            )

    def _check_images(self, X, *, reset):
        """Return X as an ImageInput; nothing is decoded yet.

        With `reset`, learn what an image looks like.
        """
        images = ImageInput.from_X(
            X,
            estimator=self,
            reset=reset,
            image_shape=self.image_shape,
            flat_rows=self._flat_rows,
        )
        images.warn_of_range()
        shape = images.sample_shape
        if reset:
            self.input_shape_ = shape
            if self.image_size is not None:
                self.image_size_ = check_image_size(self.image_size)
            else:
                default = self._default_image_size() if shape is None else shape[:2]
                self.image_size_ = tuple(default)
        elif shape is not None and _count_channels(shape) != self._in_channels():
            name = type(self).__name__
            if shape[:2] == (1, 1):
                raise ValueError(
                    f"X has rows of {shape[2]} values, but this {name} was fitted on "
                    "images. Pass an (n, H, W) array, X[None] for a single image, or "
                    "set image_shape to the shape of a row's image."
                )
            raise ValueError(
                f"X has images of shape {shape}, but this {name} was fitted on images "
                f"of {self._in_channels()} channels."
            )
        return images

    def _in_channels(self):
        """Return how many channels the network gets."""
        return _count_channels(self.input_shape_)

    # Training

    def _train(
        self,
        train,
        validation=None,
        *,
        start,
        phases=None,
        groups=None,
        restart_schedule=False,
    ):
        """Train for `max_epochs` epochs per phase.

        Parameters
        ----------
        train : Examples
        validation : Examples or None, default=None
        start : {"network", "optimizer", "continue"}
            Whether to begin with a new network, with a new optimizer, or to go on.
        phases : list of ndarray of int, default=None
            Rows that are trained on one phase after another. By default all rows are
            one phase.
        groups : ndarray of shape (n,), default=None
            Patient ids, which `validation_fraction` keeps together.
        restart_schedule : bool, default=False
            Whether the learning-rate schedule begins again in each phase.
        """
        seed = draw_seed(self.random_state)
        resolve_device(self.device)  # before any work
        phases = train.phases(phases)
        undo = contextlib.nullcontext() if start == "network" else self._undo_on_error()
        with undo, limited_threads(self._n_training_threads()):
            # The net first: a wrong name or wrong weights cost no decoding.
            self._start(start, seed)
            policy = self._policy()
            trainer = Trainer(self.net_, self._settings(seed, restart_schedule), policy)
            progress = trainer.run(train, validation, phases, groups)
        self._record(progress, policy, n_phases=len(phases))

    def _start(self, start, seed):
        """Make what a training begins with."""
        if start == "network":
            with InitialWeights(seed):
                module = self._make_module(self.weights)
            self.history_ = {}
            self.n_epochs_ = 0
            self.net_ = self._compose(module)
        elif start == "optimizer" or self._changed(NET_PARAMETERS):
            self.net_ = self._compose(self.net_.module_)
        self._made_with = {
            name: clone(value) if isinstance(value, Optimizer) else value
            for name, value in self.get_params(deep=False).items()
        }
        if self.weights not in (None, "imagenet"):
            del self._made_with["weights"]  # files or tensors, now in the net
        vars(self).pop("best_epoch_", None)

    def _settings(self, seed, restart_schedule):
        return TrainingSettings(
            reading=self._reading() | {"verbose": self.verbose},
            seed=seed,
            repeatable=isinstance(self.random_state, Integral),
            max_epochs=self.max_epochs,
            first_epoch=self.n_epochs_,
            trainable=self.trainable,
            head_epochs=self.head_epochs,
            learning_rate_schedule=self.learning_rate_schedule,
            restart_schedule=restart_schedule,
            augmentation=self.augmentation,
            n_views=self.n_views,
            balanced_batches=self.balanced_batches,
            validation_fraction=self.validation_fraction,
            monitor=self.monitor,
            keep_best=self.keep_best,
            patience=self.n_iter_no_change if self.early_stopping else None,
            tol=self.tol,
            compiled=self.compile,
            checkpoint_dir=self.checkpoint_dir,
            log_dir=self.log_dir,
            verbose=self.verbose,
            identity={
                name: value
                for name, value in self.get_params().items()
                if name not in NOT_IN_IDENTITY
            },
        )

    def _record(self, progress, policy, n_phases):
        """Keep what a training has learnt besides the weights."""
        for number, row in enumerate(progress.history):
            phase = {"phase": 1 + number // self.max_epochs} if n_phases > 1 else {}
            for name, value in (row | phase).items():
                self.history_.setdefault(name, []).append(value)
        self.n_epochs_ += len(progress.history)
        if progress.best_epoch >= 0:
            self.best_epoch_ = progress.history[progress.best_epoch]["epoch"]

    def _compose(self, module):
        """Put a module into a skorch net on the device, in the precision asked for."""
        device = resolve_device(self.device)
        dtype, autocast_dtype = resolve_precision(self.precision, device)
        module.to(device, dtype, memory_format=torch.channels_last)
        module.set_trainable(self.trainable)
        module.backbone._compiled_call_impl = None  # of an earlier compile=True
        if self.compile:
            module.backbone.compile()
        rate, body_rate = self.learning_rate, self.body_learning_rate
        optimizer = self.optimizer
        if isinstance(optimizer, str):
            optimizer = Optimizer(optimizer)
        factory = partial(
            optimizer.make,
            learning_rate=rate,
            body_learning_rate=(
                rate * self._body_factor() if body_rate is None else body_rate
            ),
        )
        net = make_net(
            module,
            factory,
            task=self._task(),
            input_format=InputFormat(self.image_size_, device, dtype),
            autocast_dtype=autocast_dtype,
            batch_size=self.batch_size,
            callbacks=self.callbacks,
        )
        net.append_history(_rows(self.history_))
        return net

    def _changed(self, names):
        """Return which of these parameters differ from those of the net."""
        return sorted(
            name
            for name in names
            if _as_plain(getattr(self, name)) != _as_plain(self._made_with[name])
        )

    @contextlib.contextmanager
    def _all_or_nothing(self):
        """Restore the attributes if a call fails."""
        before = dict(vars(self))
        try:
            yield
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    @contextlib.contextmanager
    def _undo_on_error(self):
        """Restore the weights and the optimizer's state of the net on an error."""
        net = self.net_
        trainable = net.module_.trainable
        module = copy.deepcopy(net.module_.state_dict())
        optimizer = copy.deepcopy(net.optimizer_.state_dict())
        n_epochs = len(net.history)
        try:
            yield
        except BaseException:
            net.module_.set_trainable(trainable)
            net.module_.load_state_dict(module)
            net.optimizer_.load_state_dict(optimizer)
            del net.history[n_epochs:]
            raise

    def _policy(self):
        """Return whether pixels or features are trained on and predicted from."""
        return PixelPolicy()

    def _body_factor(self):
        """Return the body's learning rate as a multiple of the head's, by default."""
        return 0.1

    def _n_training_threads(self):
        """Return how many threads share a layer in a training."""
        return usable_threads(self.n_threads)

    def _n_forward_threads(self):
        """Return how many threads compute a batch each."""
        return usable_threads(None) if self.n_threads is None else self.n_threads

    def _reading(self):
        """Return how files are read, as parameters of ``ImageInput.open``."""
        return {
            "image_size": self.image_size_,
            "keep_aspect_ratio": self.keep_aspect_ratio,
            "cache_dir": self.cache_dir,
        }

    # Prediction

    def _images_to_predict(self, X):
        """Return X as an ImageInput, if the estimator is fitted."""
        check_is_fitted(self)
        return self._check_images(X, reset=False)

    def _probabilities(self, images):
        """Yield probabilities for an ImageInput, batch by batch."""
        for outputs in predict_outputs(
            self.net_,
            images,
            self._policy(),
            reading=self._reading(),
            n_threads=self._n_forward_threads(),
            verbose=self.verbose,
        ):
            yield self._task().activation(outputs)


def _count_channels(shape):
    """Return how many channels the network gets: gray is repeated to three."""
    channels = shape[2] if shape is not None and len(shape) == 3 else 1
    return 3 if channels == 1 else channels


def _as_plain(value):
    """Return a parameter as a value that is equal for equal parameters."""
    if isinstance(value, list):
        return tuple(value)  # which it becomes when it is saved
    if isinstance(value, BaseEstimator):
        return type(value), sorted(value.get_params().items())
    return value


def _rows(history):
    """Return the rows of a history, of those columns that all epochs have."""
    n = len(history.get("epoch", ()))
    columns = {
        name: column
        for name, column in history.items()
        if len(column) == n and name != "phase"
    }
    return [
        dict(zip(columns, row, strict=True))
        for row in zip(*columns.values(), strict=True)
    ]
