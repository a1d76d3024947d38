"""ImageEstimator, the base of the estimators: X, the net, training, predictions."""

import contextlib
import copy
import math
from functools import partial
from numbers import Integral

import numpy as np
import torch
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from cxrclf._estimators import saving
from cxrclf._estimators.channels import check_channels, count_channels, has_color
from cxrclf._estimators.engine import check_engine, make_graph
from cxrclf._estimators.parameters import (
    NET_PARAMETERS,
    NOT_IN_IDENTITY,
    PARAMETER_CONSTRAINTS,
    check_together,
)
from cxrclf._torch.device import resolve_device
from cxrclf._torch.threads import limit_threads, usable_threads
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
from cxrclf.augmentation import Augmentation
from cxrclf.images import ImageInput
from cxrclf.optimizers import Optimizer


class ImageEstimator(UsesSession, BaseEstimator):
    """Base of the estimators: train a net on images, and predict with it.

    A subclass has the parameters of ``_parameter_constraints``. In
    ``_network_parameters`` it lists the parameters that decide its network. It
    implements

    - ``_task()``, which returns the loss, the score, and the meaning of the outputs;
    - ``_make_module(weights)``, which makes the network;
    - ``_default_image_size()``, which returns the default size of files;
    - `fit`, which converts y to targets and calls :meth:`_train`.
    """

    _parameter_constraints = PARAMETER_CONSTRAINTS
    _network_parameters = ()

    # Defaults of parameters that some estimators lack.
    _flat_rows = True  # whether X may be a 2-D array of numbers
    image_shape = None
    bits_stored = None
    n_views = None
    balanced_batches = False
    engine = "auto"

    @property
    def precision_(self):
        """Type of the numbers in which the body computes."""
        if not hasattr(self, "net_"):
            raise AttributeError(
                f"This {type(self).__name__} has no precision_ before fit."
            )
        if self.net_.graph is not None and self.net_.graph.quantized:
            return "int8"
        dtype = self.net_.autocast_dtype or self.net_.input_format.dtype
        return str(dtype).removeprefix("torch.")

    @property
    def engine_(self):
        """Library that computes predictions and the features of a frozen body."""
        if not hasattr(self, "net_"):
            raise AttributeError(
                f"This {type(self).__name__} has no engine_ before fit."
            )
        return "torch" if self.net_.graph is None else "onnxruntime"

    def set_params(self, **params):
        """Set the parameters of this estimator.

        Parameters
        ----------
        **params
            Parameters by name. ``optimizer__weight_decay`` sets a parameter of
            ``optimizer``, also where that is the name of an optimizer.
            ``augmentation__rotation`` sets a parameter of ``augmentation``, also where
            that is None.

        Returns
        -------
        self : object
            The estimator.
        """
        optimizer = params.get("optimizer", self.optimizer)
        if isinstance(optimizer, str) and _has_nested(params, "optimizer"):
            params = {**params, "optimizer": Optimizer(optimizer)}
        augmentation = params.get("augmentation", self.augmentation)
        if augmentation is None and _has_nested(params, "augmentation"):
            params = {**params, "augmentation": Augmentation()}
        return super().set_params(**params)

    def save(self, folder):
        """Save the fitted estimator as safetensors and JSON, without pickle.

        ``weights-<number>.safetensors`` has the tensors of the network. ``model.json``
        has the parameters, the fitted attributes, the preprocessing and the versions of
        the libraries. The state of the optimizer is not saved. The parameters
        ``callbacks``, ``cache_dir``, ``checkpoint_dir``, ``log_dir``, and ``weights``
        that are files or tensors, are not saved either.

        Parameters
        ----------
        folder : path-like
            Folder of the model. It is made if it is missing. An earlier model in it is
            replaced in a single step: if the process is killed, the folder has either
            the whole earlier model or the whole new one.

        Raises
        ------
        ValueError
            If a parameter cannot be written as JSON.
        OSError
            If the folder cannot be written to, or its disk is full. An earlier model
            in it then remains.
        """
        check_is_fitted(self)
        saving.save_estimator(self, folder)

    @classmethod
    def load(cls, folder, *, device="auto"):
        """Load an estimator that :meth:`save` wrote.

        Parameters
        ----------
        folder : path-like
            Folder that was passed to :meth:`save`.
        device : str or torch.device, default="auto"
            Device of the loaded network. It may differ from the device of the training.

        Returns
        -------
        estimator
            The fitted estimator. If its training is continued, it starts with a new
            optimizer. Parameters that :meth:`save` does not save have their defaults:
            set ``cache_dir`` and similar parameters for this machine.

        Raises
        ------
        WeightsError
            If the model in the folder is damaged, or belongs to another estimator.
        OSError
            If a file cannot be read, for example PermissionError.
        """
        return saving.load_estimator(cls, folder, device)

    def __getstate__(self):
        return saving.pickle_state(self, super().__getstate__())

    def __setstate__(self, state):
        net, state = saving.split_state(state)
        super().__setstate__(state)
        if net is not None:
            saving.restore_net(self, net)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "net_")

    # Checks

    def _check_parameters(self, has_validation):
        """Check each parameter, and parameters that depend on each other."""
        self._validate_params()
        check_together(self, has_validation)

    def _check_same_network(self, what):
        """Raise an error if the parameters of the network have changed."""
        changed = self._find_changed(self._network_parameters)
        if changed:
            raise ValueError(
                f"{what} continues with the network of the earlier fit, but {changed} "
                "changed since. Use fit with warm_start=False for a new network."
            )

    def _check_images(self, X, *, reset):
        """Return X as an ImageInput. No file is decoded yet.

        With `reset`, the shape and size of the images are stored as attributes.
        Otherwise they are compared with the attributes.
        """
        images = ImageInput.from_X(
            X,
            estimator=self,
            reset=reset,
            image_shape=self.image_shape,
            bits_stored=self.bits_stored,
            flat_rows=self._flat_rows,
        )
        # At predict, X may be a single image, which is dark more often.
        images.warn_of_range(1 / 4 if reset else 1 / 16)
        shape = images.sample_shape
        if reset:
            images.warn_of_flat_rows()
            images.warn_of_opacity()
            self.input_shape_ = shape
            if self.image_size is not None:
                self.image_size_ = check_image_size(self.image_size)
            else:
                default = self._default_image_size() if shape is None else shape[:2]
                self.image_size_ = tuple(default)
            return images
        check_channels(shape, self._in_channels(), type(self).__name__)
        if has_color(shape) and not has_color(self.input_shape_):
            self._check_color(images)
        return images

    def _check_color(self, images):
        """Check color images for an estimator that was fitted on gray images."""
        images.warn_of_color()

    def _in_channels(self):
        """Return the number of channels of the images that the network gets."""
        return count_channels(self.input_shape_)

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
            Whether the training starts with a new network, starts with a new optimizer,
            or continues with both.
        phases : list of ndarray of int, default=None
            Rows of each phase. The phases follow one another. None stands for a single
            phase of all rows.
        groups : ndarray of shape (n,), default=None
            Patient ids. `validation_fraction` does not divide a patient.
        restart_schedule : bool, default=False
            Whether the learning-rate schedule starts again in each phase.
        """
        seed = draw_seed(self.random_state)
        resolve_device(self.device)  # before any work
        phases = train.phases(phases)
        undo = contextlib.nullcontext() if start == "network" else self._undo_on_error()
        with undo, limit_threads(self._n_training_threads()):
            # The net is made before files are decoded, because a wrong name or wrong
            # weights are then found at once.
            self._start(start, seed)
            self._begin_graph(train.images)
            policy = self._policy()
            trainer = Trainer(self.net_, self._settings(seed, restart_schedule), policy)
            progress = trainer.run(train, validation, phases, groups)
        self._record(progress, policy, n_phases=len(phases))
        if self.net_.graph is not None:
            self.net_.graph.end()

    def _start(self, start, seed):
        """Make the net of a training, with a new module or optimizer if needed."""
        if start == "network":
            with InitialWeights(seed):
                module = self._make_module(self.weights)
            self.history_ = {}
            self.n_epochs_ = 0
            self.net_ = self._compose(module)
        elif start == "optimizer" or self._find_changed(NET_PARAMETERS):
            self.net_ = self._compose(self.net_.module_)
        self._made_with = {
            # set_params changes such objects in place.
            name: clone(value) if isinstance(value, BaseEstimator) else value
            for name, value in self.get_params(deep=False).items()
        }
        if self.weights not in (None, "imagenet"):
            # Files or tensors, which are in the net by now.
            del self._made_with["weights"]
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
        """Store the history and the best epoch of a training."""
        rows = progress.history
        if n_phases > 1:
            rows = [
                row | {"phase": 1 + number // self.max_epochs}
                for number, row in enumerate(rows)
            ]
        earlier = self.history_
        names = dict.fromkeys(name for part in (earlier, *rows) for name in part)
        # All columns have a value per epoch, also those that some epochs lack.
        self.history_ = {
            name: [
                *earlier.get(name, [math.nan] * self.n_epochs_),
                *(row.get(name, math.nan) for row in rows),
            ]
            for name in names
        }
        self.n_epochs_ += len(rows)
        if progress.best_epoch >= 0:
            self.best_epoch_ = progress.history[progress.best_epoch]["epoch"]

    def _compose(self, module, recorded=None):
        """Put a module into a skorch net, on the device and in its precision.

        `recorded` is the engine of an earlier net around the same weights.
        """
        device = resolve_device(self.device)
        dtype, autocast_dtype = resolve_precision(self.precision, device)
        module.to(device, dtype, memory_format=torch.channels_last)
        module.set_trainable(self.trainable)
        graph = make_graph(self, module, device, recorded)
        if graph is not None and module.frozen_body:
            autocast_dtype = None
        # torch has no public way to undo an earlier compile=True.
        module.backbone._compiled_call_impl = None
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
            graph=graph,
        )
        net.append_history(_history_rows(self.history_))
        return net

    def _begin_graph(self, images):
        """Begin to make the graph of a frozen body while files are decoded."""
        net = self.net_
        decodes = images.paths is not None
        if net.graph is not None and net.module_.frozen_body and decodes:
            net.graph.begin(images.n_channels)

    def _find_changed(self, names):
        """Return the names of parameters that changed since the net was made."""
        return sorted(
            name
            for name, value in self._made_with.items()
            if name in names and _as_plain(getattr(self, name)) != _as_plain(value)
        )

    @contextlib.contextmanager
    def _all_or_nothing(self):
        """Restore all attributes if a call fails."""
        before = dict(vars(self))
        try:
            yield
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    @contextlib.contextmanager
    def _undo_on_error(self):
        """Restore the net if a training fails.

        The training may use another net around the same module, see :meth:`_start`.
        """
        net = self.net_
        trainable = net.module_.trainable
        compiled = net.module_.backbone._compiled_call_impl
        module = copy.deepcopy(net.module_.state_dict())
        optimizer = copy.deepcopy(net.optimizer_.state_dict())
        n_epochs = len(net.history)
        try:
            yield
        except BaseException:
            net.module_.to(net.input_format.device, net.input_format.dtype)
            net.module_.backbone._compiled_call_impl = compiled
            net.module_.set_trainable(trainable)
            net.module_.load_state_dict(module)
            net.optimizer_.load_state_dict(optimizer)
            net.remove_history(n_epochs)
            raise

    def _policy(self):
        """Return the policy: whether pixels or features are used."""
        return PixelPolicy()

    def _body_factor(self):
        """Return the default learning rate of the body relative to the head's."""
        return 0.1

    def _n_training_threads(self):
        """Return the number of threads that share a layer in a training."""
        return usable_threads(self.n_threads)

    def _n_forward_threads(self):
        """Return the number of threads that compute one batch each."""
        return usable_threads(None) if self.n_threads is None else self.n_threads

    def _reading(self):
        """Return parameters of ``ImageInput.open``."""
        return {
            "image_size": self.image_size_,
            "keep_aspect_ratio": self._pads_files(),
            "cache_dir": self.cache_dir,
        }

    def _pads_files(self):
        """Return `keep_aspect_ratio` at the time of the last fit."""
        return self._made_with.get("keep_aspect_ratio", self.keep_aspect_ratio)

    # Prediction

    def _images_to_predict(self, X):
        """Check that the estimator is fitted, and return X as an ImageInput."""
        check_is_fitted(self)
        self._apply_device()
        return self._check_images(X, reset=False)

    def _apply_device(self):
        """Apply a change of `device`, `engine` or `precision` after fit."""
        names = {"device", "engine", "precision"}
        if self._find_changed(names):
            self._validate_params()
            check_engine(self)
            self.net_ = self._compose(self.net_.module_)
            # A new dict, because a shallow copy of the estimator shares the old one.
            values = {name: getattr(self, name) for name in names}
            self._made_with = {**self._made_with, **values}

    def _probabilities(self, images):
        """Yield the probabilities of an ImageInput, batch by batch."""
        for outputs in predict_outputs(
            self.net_,
            images,
            self._policy(),
            reading=self._reading(),
            n_threads=self._n_forward_threads(),
            verbose=self.verbose,
        ):
            if not np.isfinite(outputs).all():
                raise ValueError(
                    f"The network of this {type(self).__name__} returns NaN or "
                    "infinity, because its training diverged. Fit it with a smaller "
                    "learning_rate."
                )
            yield self._task().activation(outputs)


def _has_nested(params, name):
    return any(param.startswith(f"{name}__") for param in params)


def _as_plain(value):
    """Return a value of a parameter that can be compared by ``==``."""
    if isinstance(value, list):
        return tuple(value)  # loading returns a tuple for a saved list
    if isinstance(value, BaseEstimator):
        return type(value), sorted(value.get_params().items())
    return value


def _history_rows(history):
    """Return the rows of a history, each with the columns that its epoch has."""
    columns = {name: column for name, column in history.items() if name != "phase"}
    return [
        {
            name: value
            for name, value in zip(columns, row, strict=True)
            if value == value  # not NaN
        }
        for row in zip(*columns.values(), strict=True)
    ]
