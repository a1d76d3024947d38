"""Pickling, saving and loading of estimators with a net."""

import warnings

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from cxrclf._torch._threads import limited_threads
from cxrclf.exceptions import WeightsError
from cxrclf.training._device import resolve_device
from cxrclf.training._initial_weights import InitialWeights
from cxrclf.training._persistence import (
    decode_parameters,
    encode_parameters,
    load_folder,
    net_state,
    restore_net,
    save_folder,
)


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

        ``weights.safetensors`` holds the network's tensors; ``model.json`` the
        parameters, what was learnt about the data, the preprocessing and the versions
        of the libraries. The state of the optimiser is not saved.

        Parameters
        ----------
        folder : path-like
            Made when missing; an earlier model in it is replaced.

        Raises
        ------
        ValueError
            If a parameter cannot be written as JSON.
        """
        check_is_fitted(self)
        module = self.net_.module_
        branches = getattr(module.backbone, "branches", [module.backbone])
        own = getattr(module.backbone, "normalization", module.normalization)
        normalized = own == "backbone"
        description = {
            "estimator": type(self).__name__,
            "params": encode_parameters(self._made_with),
            "fitted": self._fitted_state(),
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
            Fitted; training that goes on from it begins with a new optimiser.

        Raises
        ------
        WeightsError
            If the folder is not one of this estimator's, or damaged.
        """
        description, tensors = load_folder(folder)
        if description["estimator"] != cls.__name__:
            raise WeightsError(
                f"{folder} was saved by {description['estimator']}. Load it with "
                f"{description['estimator']}.load."
            )
        parameters = decode_parameters(description["params"])
        estimator = cls(**{**parameters, "device": device})
        estimator._made_with = estimator.get_params(deep=False)
        estimator._set_fitted_state(description["fitted"])
        estimator.net_ = estimator._rebuilt()
        estimator.net_.module_.load_state_dict(tensors)
        return estimator

    def _fitted_state(self):
        """Return what was learnt besides the net, as JSON-able values."""
        state = {
            "input_shape": self.input_shape_,
            "image_size": self.image_size_,
            "history": self.history_,
            "n_epochs": self.n_epochs_,
        }
        for name in ("banked_", "best_epoch_", "n_features_in_"):
            if hasattr(self, name):
                state[name.rstrip("_")] = getattr(self, name)
        if hasattr(self, "feature_names_in_"):
            state["feature_names_in"] = self.feature_names_in_.tolist()
        return state

    def _set_fitted_state(self, state):
        """Take over what :meth:`_fitted_state` returned."""
        for name, value in state.items():
            setattr(
                self, f"{name}_", tuple(value) if isinstance(value, list) else value
            )
        if hasattr(self, "feature_names_in_"):
            self.feature_names_in_ = np.array(self.feature_names_in_, dtype=object)

    def __getstate__(self):
        state = super().__getstate__().copy()
        if "net_" in state:
            state["net_"] = net_state(state["net_"])
        return state

    def __setstate__(self, state):
        super().__setstate__(state)
        if "net_" in state:
            self.net_ = restore_net(self._rebuilt(), state["net_"])

    def _rebuilt(self):
        """Make the net anew, with random weights."""
        maker = type(self)(**self._made_with)
        fitted = {k: v for k, v in vars(self).items() if k.endswith("_")}
        vars(maker).update(fitted)
        try:
            resolve_device(maker.device)
        except ValueError as error:
            warnings.warn(f"{error} The net is put on the CPU.", stacklevel=3)
            maker.device = "cpu"
        with limited_threads(1):
            with InitialWeights(0):  # replaced by those of the net
                module = maker._make_module(None)
            return maker._compose(module)
