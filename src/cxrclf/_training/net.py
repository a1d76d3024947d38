"""TrainingNet: the skorch net of an estimator."""

import math
from functools import partial

import torch
from skorch import NeuralNet
from skorch.callbacks import Callback
from skorch.utils import to_tensor
from torch.nn.functional import interpolate

from cxrclf._onnx.graph import GraphError
from cxrclf._training.batches import Batches
from cxrclf._training.precision import autocast
from cxrclf._utils.user_warnings import warn_user
from cxrclf.exceptions import EngineWarning, PixelRangeWarning

_HOOKS = (
    "on_train_begin",
    "on_train_end",
    "on_epoch_begin",
    "on_epoch_end",
    "on_batch_begin",
    "on_batch_end",
    "on_grad_computed",
)


class TrainingNet(NeuralNet):
    """A skorch net that a Trainer trains.

    `predict` and `predict_proba` take images as an array or a tensor of shape
    (n, H, W), (n, C, H, W) or (n, H, W, C), as integers or as floats in [0, 1].
    `predict` returns numbers of classes. `history` has one row per epoch, and no rows
    of batches.

    Parameters
    ----------
    module : Network
    task : Task
        The score of an epoch, and the meaning of the outputs.
    input_format : InputFormat
        Format of the images that the module gets.
    autocast_dtype : torch.dtype or None
        Type in which convolutions compute. None stands for the type of the parameters.
    graph : NetworkGraph or None, default=None
        Graph that computes the module without gradients. None stands for torch.
    **kwargs
        Parameters of :class:`skorch.NeuralNet`.
    """

    stop_requested = False

    def __init__(
        self,
        module,
        *,
        task,
        input_format,
        autocast_dtype=None,
        graph=None,
        **kwargs,
    ):
        super().__init__(module, **kwargs)
        self.task = task
        self.input_format = input_format
        self.autocast_dtype = autocast_dtype
        self.graph = graph
        self._best_losses = {}

    def get_iterator(self, dataset, training=False):
        """Return batches of Samples. Other data sets get skorch's iterator."""
        if hasattr(dataset, "begin_epoch"):
            return Batches(
                dataset,
                self.batch_size,
                device=self.input_format.device,
                dtype=self.input_format.dtype,
                shuffle=training,
            )
        return super().get_iterator(dataset, training=training)

    def infer(self, x, **fit_params):
        """Run the module on one batch."""
        with autocast(self.device, self.autocast_dtype):
            if isinstance(x, dict):
                return super().infer(x, **fit_params)
            return self.module_(images=self._to_input(x))

    def prepare_graph(self, n_channels):
        """Make the session of the graph for the current weights, or return to torch.

        Parameters
        ----------
        n_channels : int
            Number of channels of the images.

        Warns
        -----
        EngineWarning
            If the module has no graph that equals torch.
        """
        if self.graph is not None:
            try:
                self.graph.refresh()
                self.graph.prepare(n_channels)
            except GraphError as error:
                self.drop_graph(error)

    def frozen_features(self, n, images):
        """Compute the input of the trained part.

        Parameters
        ----------
        n : int
            Number of images from the start that need features.
        images : Tensor of shape (b, C, H, W)
            Floats in [0, 1].

        Returns
        -------
        Tensor of shape (b, ...) or (n, ...)
        """
        graph = self.graph
        if graph is not None and self.module_.frozen_body:
            return graph.compute(images[:n])
        return self.module_.frozen_features(images)

    def outputs(self, n, images=None, features=None):
        """Compute the outputs of the module without gradients.

        Parameters
        ----------
        n : int
            Number of rows from the start that need outputs.
        images : Tensor of shape (b, C, H, W), optional
            Floats in [0, 1].
        features : Tensor of shape (b, ...), optional
            Output of :meth:`frozen_features`. It replaces `images`.

        Returns
        -------
        Tensor of shape (b, ...) or (n, ...)
        """
        graph = self.graph
        if graph is None:
            if features is None:
                return self.module_(images=images)
            return self.module_(features=features)
        if features is None:
            features = graph.compute(images[:n])
        return self._apply_head(features[:n]) if graph.needs_head else features

    def _apply_head(self, features):
        """Compute the head row by row, like the graph."""
        # The rounding of a matrix product depends on the number of rows, and on the
        # place and alignment of a row. They are the same for copies of single rows.
        rows = [self.module_.head(row[None].clone()) for row in features]
        return torch.cat(rows)

    def drop_graph(self, error):
        """Return to torch after an error of the graph.

        Parameters
        ----------
        error : GraphError

        Warns
        -----
        EngineWarning
            Names the cause.
        """
        if self.graph is None:
            return  # another thread was here
        how = (
            "in float32, with slightly different results"
            if self.graph.quantized
            else "with the same results except for rounding"
        )
        self.graph = None
        name = getattr(self.module_.backbone, "name", type(self.module_).__name__)
        warn_user(
            f"ONNX Runtime cannot compute {name}: {error}. torch computes it instead, "
            f'{how}. Set engine="torch" and precision="float32" to avoid this warning.',
            EngineWarning,
        )

    def predict_proba(self, X):
        """Predict probabilities in the shape of the outputs.

        Parameters
        ----------
        X : array or tensor of shape (n, H, W), (n, C, H, W) or (n, H, W, C)
            Images as integers, or as floats in [0, 1].

        Returns
        -------
        ndarray

        Raises
        ------
        ValueError
            If an array has another number of axes or channels.

        Warns
        -----
        PixelRangeWarning
            If floats lie outside [0, 1].
        """
        self._check_images(X)
        # detach, because a callback may pass the outputs of a training step.
        return self.task.activation(self.forward(X).detach().double().numpy())

    def predict(self, X):
        """Predict numbers of classes.

        Parameters
        ----------
        X : array or tensor of shape (n, H, W), (n, C, H, W) or (n, H, W, C)
            Images as integers, or as floats in [0, 1].

        Returns
        -------
        ndarray
        """
        return self.task.decide(self.predict_proba(X))

    def run_epoch(self, samples):
        """Train for one epoch.

        Parameters
        ----------
        samples : Samples
        """
        self.stop_requested = False
        self.fit_loop(samples, epochs=1)

    def _zero_grad_optimizer(self, set_to_none=None):
        """Remove the gradients, which skorch asks for before each step.

        ``Optimizer.zero_grad`` of torch does the same, but it also changes a global
        dict while another thread exports a graph. It can then raise a KeyError.
        """
        for group in self.optimizer_.param_groups:
            for parameter in group["params"]:
                parameter.grad = None

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """Run an epoch, of the training or of the validation set.

        Loss and score are added up on the device and read once, at the end of the
        epoch: reading them after each batch would wait for the device.
        """
        if iterator is None:
            return
        if training:
            rate = self.optimizer_.param_groups[-1]["lr"]
            self.history.record("learning_rate", rate)
        loss, total, n = 0.0, 0, 0
        for batch in iterator:
            inputs, (truth, _) = batch
            # Callbacks get (X, y), as in skorch, and no weights.
            shown = {"batch": (inputs, truth), "training": training}
            self.notify("on_batch_begin", **shown)
            step = step_fn(batch, **fit_params)
            self.notify("on_batch_end", **shown, **step)
            loss += step["loss"].detach().double() * len(truth)
            total += self.task.score(step["y_pred"].detach(), truth)
            n += len(truth)
        self._record_loss(f"{prefix}_loss", float(loss) / n)
        self.history.record(f"{prefix}_{self.task.score_name}", float(total) / n)

    def _record_loss(self, name, loss):
        """Record a loss, and whether it is the best one, for skorch's callbacks."""
        best = self._best_losses.get(name, math.inf)
        self.history.record(name, loss)
        self.history.record(f"{name}_best", loss < best)
        self._best_losses[name] = min(loss, best)

    def notify(self, method_name, **cb_kwargs):
        """Call the callbacks.

        A callback stops the training by a KeyboardInterrupt at the end of an epoch, as
        skorch's EarlyStopping does. Any other KeyboardInterrupt is raised again, and
        all of them if each callback has the attribute `never_stops`.
        """
        try:
            super().notify(method_name, **cb_kwargs)
        except KeyboardInterrupt:
            if method_name != "on_epoch_end" or all(map(_never_stops, self.callbacks)):
                raise
            self.stop_requested = True

    def history_row(self):
        """Return the row of the last epoch for ``history_`` of an estimator."""
        record, name = self.history[-1], self.task.score_name
        columns = [
            f"{part}_{what}" for part in ("train", "valid") for what in ("loss", name)
        ]
        row = {"epoch": record["epoch"]}
        row |= {column: float(record[column]) for column in columns if column in record}
        return row | {
            "duration": float(record["dur"]),
            "learning_rate": record["learning_rate"],
        }

    def append_history(self, rows):
        """Append rows of an earlier training, as :meth:`history_row` returns them."""
        for row in rows:
            self.history.new_epoch()
            for name, value in row.items():
                if name.endswith("_loss"):
                    self._record_loss(name, value)
                else:
                    self.history.record("dur" if name == "duration" else name, value)

    def remove_history(self, n_epochs):
        """Remove the rows after the first `n_epochs`, for example after an error."""
        del self.history[n_epochs:]
        self._best_losses = {
            name: min(
                (row[name] for row in self.history if name in row), default=math.inf
            )
            for name in self._best_losses
        }

    def _check_images(self, X):
        """Check an array or a tensor of images. Data sets are not checked."""
        if not hasattr(X, "ndim"):
            return
        channels = 1, self.module_.backbone.in_channels
        if X.ndim not in (3, 4) or (
            X.ndim == 4 and not {X.shape[1], X.shape[3]} & {*channels}
        ):
            raise ValueError(
                "The net takes images of shape (n, H, W), (n, C, H, W) or (n, H, W, C) "
                f"with {' or '.join(map(str, sorted({*channels})))} channels, got "
                f"{tuple(X.shape)}. Use the estimator for files and other forms."
            )
        if "float" in str(X.dtype) and math.prod(X.shape):
            low, high = float(X.min()), float(X.max())
            if low < 0 or high > 1:
                warn_user(
                    f"Float pixels must be in [0, 1], but X has values from {low:.4g} "
                    f"to {high:.4g}.",
                    PixelRangeWarning,
                )

    def _to_input(self, x):
        """Return images of any layout and size in the format of the module."""
        pixels = to_tensor(x, device=self.device)
        floats = pixels.to(self.input_format.dtype)
        if not (pixels.is_floating_point() or pixels.dtype == torch.bool):
            floats = floats / torch.iinfo(pixels.dtype).max
        if floats.ndim == 3:
            floats = floats[:, None]
        channels = 1, self.module_.backbone.in_channels
        if floats.shape[1] not in channels and floats.shape[-1] in channels:
            floats = floats.movedim(-1, 1)
        size = self.input_format.image_size
        if floats.shape[-2:] != size:
            floats = interpolate(floats, size, mode="bilinear", antialias=True)
        return floats


class _HookCallback(Callback):
    """Callback of skorch around an object that has some of a callback's methods.

    Parameters
    ----------
    hooks : object
        Object with some methods of :class:`skorch.callbacks.Callback`. The other
        methods do nothing.
    """

    def __init__(self, hooks):
        self.hooks = hooks

    def __getattribute__(self, name):
        # Not __getattr__: Callback has all hooks, so that it would never be called.
        if name in _HOOKS:
            return getattr(self.hooks, name, super().__getattribute__(name))
        return super().__getattribute__(name)


def _never_stops(item):
    """Return whether an item of ``callbacks`` of a net never stops a training."""
    callback = item[1] if isinstance(item, tuple) else item
    return getattr(getattr(callback, "hooks", callback), "never_stops", False)


def make_net(
    module,
    make_optimizer,
    *,
    task,
    input_format,
    autocast_dtype,
    batch_size,
    callbacks=None,
    graph=None,
):
    """Build an initialized skorch net around a module.

    Parameters
    ----------
    module : Network
        The module, which must be on the device of `input_format`.
    make_optimizer : callable
        Function of the module that returns the optimizer.
    task : Task
    input_format : InputFormat
    autocast_dtype : torch.dtype or None
        Type in which convolutions compute, from ``resolve_precision``.
    batch_size : int
        Number of samples per optimizer step.
    callbacks : list or None, default=None
        Callbacks of skorch, (name, callback) pairs, or objects with some methods of
        a callback.
    graph : NetworkGraph or None, default=None
        Graph that computes the module without gradients. None stands for torch.

    Returns
    -------
    TrainingNet
    """
    return TrainingNet(
        module,
        task=task,
        input_format=input_format,
        autocast_dtype=autocast_dtype,
        graph=graph,
        criterion=task.loss,
        # A partial and no lambda, so that pickle can write the net.
        optimizer=partial(_ignore_parameters, make_optimizer, module),
        train_split=None,
        batch_size=batch_size,
        callbacks=[_as_callback(item) for item in callbacks or ()],
        callbacks__print_log=None,
        callbacks__train_loss=None,
        callbacks__valid_loss=None,
        device=input_format.device,
        verbose=0,
    ).initialize()


def _ignore_parameters(make_optimizer, module, parameters, lr):
    """Make an optimizer without the parameters and the rate that skorch passes."""
    return make_optimizer(module)


def _as_callback(item):
    """Return an item of ``callbacks`` as a skorch callback or (name, callback) pair."""
    if isinstance(item, tuple) and len(item) == 2:
        name, callback = item
        return name, _as_callback(callback)
    is_class = isinstance(item, type)
    if isinstance(item, Callback) or (is_class and issubclass(item, Callback)):
        return item
    if is_class or not any(hasattr(item, hook) for hook in _HOOKS):
        raise TypeError(
            "callbacks must hold callbacks of skorch, (name, callback) pairs, or "
            f"objects with a method such as on_epoch_end, got {item!r}."
        )
    return _HookCallback(item)
