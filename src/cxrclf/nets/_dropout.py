"""Dropout that draws from a generator of the training's own."""

from timm.layers import DropPath
from torch import nn

from cxrclf._torch.generator import current_generator


class SeededDropout(nn.Dropout):
    """Dropout of single values that draws as ``drawing_from`` says."""

    def forward(self, x):
        """Set values to zero at random in training, and scale the others.

        Parameters
        ----------
        x : Tensor

        Returns
        -------
        Tensor of the shape of `x`
        """
        return _dropped(x, self.p, x.shape) if self.training else x


class SeededDropout2d(nn.Dropout2d):
    """Dropout of whole channels that draws as ``drawing_from`` says."""

    def forward(self, x):
        """Set channels to zero at random in training, and scale the others.

        Parameters
        ----------
        x : Tensor of shape (b, c, ...)

        Returns
        -------
        Tensor of the shape of `x`
        """
        shape = (*x.shape[:2], *(1 for _ in x.shape[2:]))
        return _dropped(x, self.p, shape) if self.training else x


class SeededDropPath(DropPath):
    """Dropout of whole samples that draws as ``drawing_from`` says."""

    def forward(self, x):
        """Set samples to zero at random in training.

        Parameters
        ----------
        x : Tensor of shape (b, ...)

        Returns
        -------
        Tensor of the shape of `x`
        """
        shape = (len(x), *(1 for _ in x.shape[1:]))
        if not self.training:
            return x
        return _dropped(x, self.drop_prob, shape, self.scale_by_keep)


_SEEDED = {
    nn.Dropout: SeededDropout,
    nn.Dropout2d: SeededDropout2d,
    DropPath: SeededDropPath,
}


def seed_dropout(model):
    """Let the dropout of a network draw as ``drawing_from`` says.

    Parameters
    ----------
    model : torch.nn.Module
        Changed in place.
    """
    for module in model.modules():
        # A subclass that differs by where it draws from: all attributes stay.
        module.__class__ = _SEEDED.get(type(module), type(module))


def _dropped(x, p, shape, scale=True):
    """Multiply by random zeros and ones of a shape."""
    if not p:
        return x
    kept = x.new_empty(shape).bernoulli_(1 - p, generator=current_generator())
    return x * (kept.div_(1 - p) if scale and p < 1 else kept)
