"""Dropout with a random generator of its own per training."""

from timm.layers import DropPath
from torch import nn

from cxrclf._torch.generator import current_generator


class SeededDropout(nn.Dropout):
    """Dropout of single values, drawn from the generator of ``use_generator``."""

    def forward(self, x):
        """Set random values to zero in training, and scale the others.

        Parameters
        ----------
        x : Tensor
            Input of any shape.

        Returns
        -------
        Tensor of the shape of `x`
            In inference mode, `x` itself.
        """
        return _drop(x, self.p, x.shape) if self.training else x


class SeededDropout2d(nn.Dropout2d):
    """Dropout of whole channels, drawn from the generator of ``use_generator``."""

    def forward(self, x):
        """Set random channels to zero in training, and scale the others.

        Parameters
        ----------
        x : Tensor of shape (b, c, ...)
            Input with channels on the second axis.

        Returns
        -------
        Tensor of the shape of `x`
            In inference mode, `x` itself.
        """
        shape = (*x.shape[:2], *(1 for _ in x.shape[2:]))
        return _drop(x, self.p, shape) if self.training else x


class SeededDropPath(DropPath):
    """Dropout of whole samples, drawn from the generator of ``use_generator``."""

    def forward(self, x):
        """Set random samples to zero in training.

        Parameters
        ----------
        x : Tensor of shape (b, ...)
            Input with samples on the first axis.

        Returns
        -------
        Tensor of the shape of `x`
            In inference mode, `x` itself.
        """
        shape = (len(x), *(1 for _ in x.shape[1:]))
        if not self.training:
            return x
        return _drop(x, self.drop_prob, shape, self.scale_by_keep)


_SEEDED = {
    nn.Dropout: SeededDropout,
    nn.Dropout2d: SeededDropout2d,
    DropPath: SeededDropPath,
}


def seed_dropout(model):
    """Replace the dropout of a network by dropout with a generator of its own.

    The new layers draw from the generator of ``use_generator``.

    Parameters
    ----------
    model : torch.nn.Module
        Network, changed in place.
    """
    for module in model.modules():
        # Only the class changes. The subclass has the same attributes and differs only
        # in the generator that it draws from.
        module.__class__ = _SEEDED.get(type(module), type(module))


def _drop(x, p, shape, scale=True):
    """Multiply a tensor by random zeros and ones of a shape, and scale the ones."""
    if not p:
        return x
    kept = x.new_empty(shape).bernoulli_(1 - p, generator=current_generator())
    return x * (kept.div_(1 - p) if scale and p < 1 else kept)
