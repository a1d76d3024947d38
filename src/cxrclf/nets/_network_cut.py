"""A network cut in two where its trained part begins."""

import copy
import itertools
import math
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn


@dataclass(frozen=True)
class NetworkCut:
    """Where a network can be cut, by the names of its modules.

    Each part is the network itself with some modules replaced, in a copy of the modules
    that contain them. All others are the network's own, made use of by several threads
    at once and in the mode they are in; nothing is kept that could be outdated.

    Parameters
    ----------
    boundary : str
        The first module to be called whose parameters are trained.
    done : tuple of str
        The modules that have returned by then.
    """

    boundary: str
    done: tuple

    def frozen_part(self, network, images):
        """Compute what the boundary takes.

        Parameters
        ----------
        network : torch.nn.Module
        images : Tensor
            What the network takes.

        Returns
        -------
        Tensor
        """
        try:
            _with(network, {self.boundary: _Boundary()})(images)
        except _ReachedError as reached:
            return reached.value
        raise RuntimeError(f"The network has not come to its module {self.boundary!r}.")

    def trained_part(self, network, value):
        """Compute what the network makes of what the boundary takes.

        Parameters
        ----------
        network : torch.nn.Module
        value : Tensor
            What `frozen_part` returned.

        Returns
        -------
        object
            What the network returns.
        """
        return _with(network, dict.fromkeys(self.done, nn.Identity()))(value)


@dataclass(frozen=True)
class BranchCuts:
    """Where networks side by side can be cut: each where its own trained part begins.

    Parameters
    ----------
    cuts : tuple of NetworkCut
        Of each branch.
    shapes : tuple of (int, int, int)
        Channels, height and width of the map where each is cut.
    """

    cuts: tuple
    shapes: tuple

    def frozen_part(self, network, images):
        """Compute what the boundaries take, one map behind the other.

        Parameters
        ----------
        network : ConcatBackbone
        images : Tensor
            What the network takes.

        Returns
        -------
        Tensor of shape (b, n)
        """
        parts = zip(self.cuts, network.branches, network.pixels(images), strict=True)
        return torch.cat([s.frozen_part(b, p).flatten(1) for s, b, p in parts], 1)

    def trained_part(self, network, value):
        """Compute what the network makes of what the boundaries take.

        Parameters
        ----------
        network : ConcatBackbone
        value : Tensor of shape (b, n)
            What `frozen_part` returned.

        Returns
        -------
        Tensor of shape (b, num_features, h, w)
        """
        maps = []
        flat = value.split([math.prod(shape) for shape in self.shapes], 1)
        for cut, branch, part, shape in zip(
            self.cuts, network.branches, flat, self.shapes, strict=True
        ):
            part = part.unflatten(1, shape)
            part = part.contiguous(memory_format=torch.channels_last)
            maps.append(cut.trained_part(branch, part))
        return network.joined(maps)


def find_cuts(network, frozen, images):
    """Find out whether each of several networks side by side can be cut, and where.

    Parameters
    ----------
    network : ConcatBackbone
    frozen : collection of torch.nn.Module
        As in :func:`find_cut`.
    images : Tensor
        An example of what the network takes, on the CPU.

    Returns
    -------
    BranchCuts or None
        None if a branch cannot be cut, or has no frozen part.
    """
    cuts, shapes = [], []
    images = images.to(next(network.parameters()).device)
    for branch, pixels in zip(network.branches, network.pixels(images), strict=True):
        own = set(branch.modules()).intersection(frozen)
        cut = find_cut(branch, own, pixels.cpu()) if own else None
        if cut is None:
            return None
        with torch.no_grad():
            shapes.append(tuple(cut.frozen_part(branch, pixels).shape[1:]))
        cuts.append(cut)
    return BranchCuts(tuple(cuts), tuple(shapes))


def find_cut(network, frozen, images):
    """Find out whether a network can be cut where its trained part begins, and where.

    The network's code is not read. A copy of it computes the images, whole and in two
    parts, in inference mode.

    Parameters
    ----------
    network : torch.nn.Module
    frozen : collection of torch.nn.Module
        Those of its modules that are not trained; their parameters take no gradients.
    images : Tensor
        An example of what the network takes, on the CPU.

    Returns
    -------
    NetworkCut or None
        None if what comes before the trained part is more than one map, or takes part
        behind it in another way.
    """
    frozen = set(frozen)
    names = {name for name, module in network.named_modules() if module in frozen}
    probe = copy.deepcopy(network).eval().to(images.device)
    _disturb(probe)
    cut, expected = _traced(probe, names, images)
    if cut is None:
        return None
    try:
        with torch.no_grad():
            value = cut.frozen_part(probe, images)
            kept = value.clone()
            found = cut.trained_part(probe, value)
    except Exception:  # of any kind: another's code, on what it is not made for
        return None
    same = found.shape == expected.shape and torch.allclose(
        found, expected, rtol=1e-4, atol=1e-5 * float(expected.abs().max())
    )
    # A trained part that overwrites what it takes would spoil features that are kept.
    return cut if same and torch.equal(value, kept) else None


def _traced(probe, frozen, images):
    """Compute images, and note which modules are done when the trained part begins."""
    done, reached = [], []

    def note_done(name, module, args, result):
        if not reached:
            done.append(name)

    def note_reached(name, module, args, kwargs):
        if not reached:
            reached.append((name, (*args, *kwargs.values())))

    for name, module in probe.named_modules():
        module.register_forward_hook(partial(note_done, name))
    for name in _trained_subtrees(probe, frozen):
        probe.get_submodule(name).register_forward_pre_hook(
            partial(note_reached, name), with_kwargs=True
        )
    with torch.enable_grad():  # tells what the trained parameters have a part in
        result = probe(images)
    if not reached or not set(done) <= frozen:
        return None, result
    boundary, taken = reached[0]
    if len(taken) != 1 or not _is_map(taken[0]):
        return None, result
    outermost = dict.fromkeys(n for n in done if not _above(n) & set(done))
    return NetworkCut(boundary, tuple(outermost)), result.detach()


def _above(name):
    """Return the names of the modules that contain a module."""
    *above, _ = itertools.accumulate(name.split("."), "{}.{}".format)
    return set(above)


def _is_map(value):
    """Return whether a value is a map that no trained parameter has a part in."""
    return (
        isinstance(value, torch.Tensor) and value.ndim == 4 and not value.requires_grad
    )


def _trained_subtrees(module, frozen, prefix=""):
    """Iterate over the names of the largest modules with trained parameters only."""
    for name, child in module.named_children():
        path = prefix + name
        inside = {f"{path}.{n}" if n else path for n, _ in child.named_modules()}
        if frozen.isdisjoint(inside):
            if any(True for _ in child.parameters()):
                yield path
        else:
            yield from _trained_subtrees(child, frozen, f"{path}.")


def _disturb(probe):
    """Change scales and biases: at zero they would hide a branch of the network."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in probe.parameters():
            if parameter.ndim < 2:
                noise = torch.rand(parameter.shape, generator=generator)
                parameter += 0.1 * noise.to(parameter.dtype)


def _with(network, replaced):
    """Return a network with some modules replaced that shares the others."""
    copies = {"": _shallow(network)}
    for path, module in replaced.items():
        above, _, name = path.rpartition(".")
        _copied(copies, above)._modules[name] = module
    return copies[""]


def _copied(copies, path):
    """Return the copy of a module, made together with those of what contains it."""
    if path not in copies:
        above, _, name = path.rpartition(".")
        modules = _copied(copies, above)._modules
        copies[path] = modules[name] = _shallow(modules[name])
    return copies[path]


def _shallow(module):
    shallow = copy.copy(module)
    shallow._modules = dict(module._modules)
    return shallow


class _ReachedError(Exception):
    """The frozen part is done."""

    def __init__(self, value):
        super().__init__()
        self.value = value


class _Boundary(nn.Module):
    """Stands where the trained part begins, and ends the computation there."""

    def forward(self, value):
        raise _ReachedError(value)
