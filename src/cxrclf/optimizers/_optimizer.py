"""Optimizers by name, with their settings."""

from numbers import Real

import torch
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions

_CLASSES = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "nadam": torch.optim.NAdam,
    "sgd": torch.optim.SGD,
}
_NAMES = tuple(_CLASSES)


class Optimizer(BaseEstimator):
    """An optimizer and its settings.

    The parameter `optimizer` of the estimators accepts the name of an optimizer, or an
    object of this class to change other settings. A grid search can set its parameters,
    such as ``optimizer__weight_decay``. The learning rates are parameters of the
    estimators.

    Parameters
    ----------
    name : {"adam", "adamw", "nadam", "sgd"}, default="adam"
        Name of the optimizer. The names of torch, such as ``"AdamW"``, are accepted
        too. ``"nadam"`` is Nadam as in Keras 2, with the momentum schedule of Dozat and
        epsilon 1e-7.
    weight_decay : float, default=0.0
        Weight decay, 0 or more. This multiple of the weights is added to the gradient.
        AdamW decays the weights directly instead.
    decay_bias_and_norm : bool, default=False
        Whether weight decay also applies to biases and normalization parameters.
    momentum : float, default=0.9
        Momentum of ``"sgd"``, in [0, 1). The other optimizers ignore it.

    Attributes
    ----------
    names : tuple of str
        Names of all optimizers.

    Examples
    --------
    >>> from cxrclf import CXRClassifier
    >>> from cxrclf.optimizers import Optimizer
    >>> clf = CXRClassifier(optimizer=Optimizer("adamw", weight_decay=1e-2))
    >>> clf.set_params(optimizer__weight_decay=1e-4).optimizer
    Optimizer(name='adamw', weight_decay=0.0001)
    """

    names = _NAMES
    _parameter_constraints = {
        "name": [StrOptions({*_NAMES, *(c.__name__ for c in _CLASSES.values())})],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "decay_bias_and_norm": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        name="adam",
        *,
        weight_decay=0.0,
        decay_bias_and_norm=False,
        momentum=0.9,
    ):
        self.name = name
        self.weight_decay = weight_decay
        self.decay_bias_and_norm = decay_bias_and_norm
        self.momentum = momentum

    def check_params(self):
        """Check the parameters.

        Raises
        ------
        ValueError
            If a parameter is out of range.
        """
        self._validate_params()

    def make(self, module, *, learning_rate, body_learning_rate):
        """Make a torch optimizer for the trainable parameters of a network.

        Parameters
        ----------
        module : Network
            Network to train. Its frozen parameters are not passed to the optimizer.
        learning_rate : float
            Learning rate of the head.
        body_learning_rate : float
            Learning rate of the body.

        Returns
        -------
        torch.optim.Optimizer
            Optimizer. Each parameter group stores its learning rate as ``initial_lr``.
        """
        # Grid searches pass NumPy scalars. They are converted to plain floats because
        # checkpoints are loaded with plain types and tensors only.
        weight_decay, momentum = float(self.weight_decay), float(self.momentum)
        groups = []
        for parameters, rate in (
            (module.body_parameters(), float(body_learning_rate)),
            (module.head_parameters(), float(learning_rate)),
        ):
            trainable = [p for p in parameters if p.requires_grad]
            # Biases and normalization parameters are the parameters with one axis.
            for exempt in (False, True):
                chosen = [p for p in trainable if (p.ndim < 2) == exempt]
                decay = weight_decay if self.decay_bias_and_norm or not exempt else 0.0
                if chosen:
                    group = {"params": chosen, "lr": rate, "weight_decay": decay}
                    groups.append({**group, "initial_lr": rate})
        name = self.name.lower()
        if name == "sgd":
            return torch.optim.SGD(groups, momentum=momentum, fused=True)
        if name == "nadam":
            nadam = torch.optim.NAdam(groups, eps=1e-7, momentum_decay=0.004)
            nadam.register_load_state_dict_post_hook(_keep_products_on_cpu)
            return nadam
        return _CLASSES[name](groups, fused=True)


def _keep_products_on_cpu(nadam):
    """Move ``mu_product`` of NAdam back to the CPU after a state dict is loaded.

    NAdam converts it to a Python number in each optimizer step. torch loads it to the
    device of the parameters, where each step would wait for the device.
    """
    for state in nadam.state.values():
        state["mu_product"] = state["mu_product"].cpu()
