"""Pickling, saving and loading of estimators with a net."""

import contextlib
import warnings

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from cxrclf._estimators.fitted_state import decode_fitted, encode_fitted
from cxrclf._estimators.model_folder import load_folder, save_folder
from cxrclf._estimators.persistence import (
    decode_parameters,
    encode_parameters,
    net_state,
    restore_net,
)
from cxrclf._torch.device import resolve_device
from cxrclf._torch.threads import limited_threads
from cxrclf._training.initial_weights import InitialWeights
from cxrclf._utils.image_size import check_image_size
from cxrclf.exceptions import WeightsError


class SavedEstimator(BaseEstimator):
    """Base of estimators whose net travels as arrays.

    A net is rebuilt with the parameters it was made with, ``_made_with``, whatever
    ``set_params`` has changed since. A subclass implements ``_make_module(weights)``
    and ``_compose(module)``.
    """

    def __sklearn_is_fitted__(self):
        return hasattr(self, "net_")

    def save(self, folder):
        """Save the trained estimator as safetensors and JSON, without pickle.

        ``weights-<number>.safetensors`` holds the network's tensors; ``model.json``
        the parameters, what was learnt about the data, the preprocessing and the
        versions of the libraries. Not saved are the state of the optimizer and what
        belongs to this machine: ``cache_dir``, ``checkpoint_dir``, ``log_dir``, and
        ``weights`` that were files or tensors.

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
        module = self.net_.module_
        branches = getattr(module.backbone, "branches", [module.backbone])
        own = getattr(module.backbone, "normalization", module.normalization)
        normalized = own == "backbone"
        description = {
            "estimator": type(self).__name__,
            "params": encode_parameters(self._made_with),
            "fitted": encode_fitted(self),
            "preprocessing": {
                "image_size": list(self.image_size_),
                "keep_aspect_ratio": self._made_with["keep_aspect_ratio"],
                "pixels": "grey, scaled to [0, 1], repeated to 3 channels"
                if module.backbone.in_channels == 3
                else "scaled to [0, 1]",
                "normalization": [
                    {"network": b.name, "mean": list(b.mean), "std": list(b.std)}
                    for b in branches
                ]
                if normalized
                else None,
            },
        }
        save_folder(folder, module, description)

    @classmethod
    def load(cls, folder, *, device="auto"):
        """Load what :meth:`save` wrote.

        Parameters
        ----------
        folder : path-like
            The folder given to :meth:`save`.
        device : str or torch.device, default="auto"
            Where the network runs from now on, wherever it was trained.

        Returns
        -------
        estimator
            Fitted; training that goes on from it begins with a new optimizer. What
            :meth:`save` leaves out has its default: set ``cache_dir`` and the like
            for this machine.

        Raises
        ------
        WeightsError
            If the folder is not one of this estimator's, or damaged.
        OSError
            If a file cannot be read, PermissionError among them.
        """
        description, tensors = load_folder(folder)
        with _refused_content(folder, cls):
            estimator = cls._described(description)
            module = estimator._described_module(tensors)
        estimator.device = device
        estimator._made_with = estimator.get_params(deep=False)
        estimator.net_ = estimator._rebuilt(module)
        estimator.net_.module_.load_state_dict(tensors)
        return estimator

    @classmethod
    def _described(cls, description):
        """Make the estimator that a file describes, without its net."""
        if description["estimator"] != cls.__name__:
            raise ValueError(
                f"it was saved by {description['estimator']}. Load it with "
                f"{description['estimator']}.load."
            )
        estimator = cls(**decode_parameters(description["params"]))
        estimator._validate_params()
        if estimator.image_size is not None:
            check_image_size(estimator.image_size)
        if estimator.augmentation is not None:
            estimator.augmentation.check_params()
        vars(estimator).update(decode_fitted(description["fitted"]))
        return estimator

    def _described_module(self, tensors):
        """Make the network that a file describes, for tensors of its types."""
        with limited_threads(1), InitialWeights(0):  # replaced by the file's
            module = self._make_module(None)
        module.set_trainable(self.trainable)
        own = module.state_dict()
        if different := sorted(tensors.keys() ^ own.keys()):
            raise ValueError(
                f"{len(different)} tensors are missing or of another network, such as "
                f"{different[:3]}."
            )
        for name, tensor in tensors.items():
            # Their precision is that of the network on its device.
            floating = own[name].is_floating_point()
            if tensor.shape != own[name].shape or (
                tensor.is_floating_point() != floating
            ):
                raise ValueError(
                    f"{name} is {tensor.dtype} of shape {tuple(tensor.shape)} instead "
                    f"of {own[name].dtype} of shape {tuple(own[name].shape)}."
                )
        return module

    def __getstate__(self):
        state = super().__getstate__().copy()
        if "net_" in state:
            state["net_"] = net_state(state["net_"])
        return state

    def __setstate__(self, state):
        # joblib gives maps of the file, which are read-only and end with it.
        state = {
            name: np.array(value) if isinstance(value, np.memmap) else value
            for name, value in state.items()
        }
        super().__setstate__(state)
        if "net_" in state:
            self.net_ = restore_net(self._rebuilt(), state["net_"])

    def _rebuilt(self, module=None):
        """Make the net anew, of a module or with random weights."""
        maker = type(self)(**self._made_with)
        fitted = {k: v for k, v in vars(self).items() if k.endswith("_")}
        vars(maker).update(fitted)
        try:
            resolve_device(maker.device)
        except ValueError as error:
            warnings.warn(f"{error} The net is put on the CPU.", stacklevel=3)
            maker.device = "cpu"
        with limited_threads(1):
            if module is None:
                with InitialWeights(0):  # replaced by those of the net
                    module = maker._make_module(None)
            return maker._compose(module)


@contextlib.contextmanager
def _refused_content(folder, cls):
    """Raise errors that come from what is in a folder as WeightsError."""
    try:
        yield
    except (MemoryError, OSError, ImportError):
        raise  # of the machine
    except Exception as error:  # of many kinds, from timm and torch among them
        raise WeightsError(
            f"{folder} holds no model that {cls.__name__} can load: {str(error)[:500]}"
        ) from error
