"""Cuts of a network between its frozen and its trained part."""

import copy
import itertools
import math
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn


@dataclass(frozen=True)
class NetworkCut:
    """Cut of a network between its frozen and its trained part.

    Each part is a copy of the network with some modules replaced. Only the modules that
    contain a replaced module are copied. All other modules are shared with the network
    and stay in their current mode. Therefore several threads can compute the parts at
    the same time, and no copy becomes outdated.

    Parameters
    ----------
    boundary : str
        Name of the module where the trained part begins. It is the first called module
        with trained parameters.
    done : tuple of str
        Names of the modules that have returned before the boundary is called.
    """

    boundary: str
    done: tuple

    def frozen_part(self, network, images):
        """Compute the input of the boundary.

        Parameters
        ----------
        network : torch.nn.Module
            Network that the cut was found for.
        images : Tensor
            Input of the network.

        Returns
        -------
        Tensor
            Input of the boundary.
        """
        try:
            _replace_modules(network, {self.boundary: _Boundary()})(images)
        except _ReachedError as reached:
            return reached.value
        raise RuntimeError(
            f"The network did not call its module {self.boundary!r}. Find a new cut "
            "after the network has changed."
        )

    def trained_part(self, network, value):
        """Compute the output of the network from the input of the boundary.

        Parameters
        ----------
        network : torch.nn.Module
            Network that the cut was found for.
        value : Tensor
            Output of `frozen_part`.

        Returns
        -------
        object
            Output of the network.
        """
        # The modules before the boundary return their input, so it gets `value`.
        return _replace_modules(network, dict.fromkeys(self.done, nn.Identity()))(value)


@dataclass(frozen=True)
class BranchCuts:
    """Cuts of several networks side by side, one cut per branch.

    Parameters
    ----------
    cuts : tuple of NetworkCut
        Cut of each branch.
    shapes : tuple of (int, int, int)
        Channels, height and width of the map at each cut.
    """

    cuts: tuple
    shapes: tuple

    def frozen_part(self, network, images):
        """Compute the inputs of the boundaries, flattened and concatenated.

        Parameters
        ----------
        network : ConcatBackbone
            Network that the cuts were found for.
        images : Tensor
            Input of the network.

        Returns
        -------
        Tensor of shape (b, n)
            Inputs of the boundaries.
        """
        parts = zip(self.cuts, network.branches, network.pixels(images), strict=True)
        return torch.cat([cut.frozen_part(b, p).flatten(1) for cut, b, p in parts], 1)

    def trained_part(self, network, value):
        """Compute the output of the network from the inputs of the boundaries.

        Parameters
        ----------
        network : ConcatBackbone
            Network that the cuts were found for.
        value : Tensor of shape (b, n)
            Output of `frozen_part`.

        Returns
        -------
        Tensor of shape (b, num_features, h, w)
            Output of the network.
        """
        maps = []
        flat = value.split([math.prod(shape) for shape in self.shapes], 1)
        for cut, branch, part, shape in zip(
            self.cuts, network.branches, flat, self.shapes, strict=True
        ):
            part = part.unflatten(1, shape)
            part = part.contiguous(memory_format=torch.channels_last)
            maps.append(cut.trained_part(branch, part))
        return network.join(maps)


def find_cuts(network, frozen, images):
    """Find a cut for each branch of a network.

    Parameters
    ----------
    network : ConcatBackbone
        Network with several branches.
    frozen : collection of torch.nn.Module
        Frozen modules of the network. Their parameters have no gradients.
    images : Tensor
        Example input of the network, on the CPU.

    Returns
    -------
    BranchCuts or None
        None if a branch cannot be cut or has no frozen part.
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
    """Find the cut of a network between its frozen and its trained part.

    The cut is found by experiment. A copy of the network in inference mode computes the
    images at once and in two parts. The cut is valid if the outputs agree.

    Parameters
    ----------
    network : torch.nn.Module
        Network to cut.
    frozen : collection of torch.nn.Module
        Frozen modules of the network. Their parameters have no gradients.
    images : Tensor
        Example input of the network, on the CPU.

    Returns
    -------
    NetworkCut or None
        None if the trained part needs more of the frozen part than a single map, for
        instance because of a skip connection.
    """
    frozen = set(frozen)
    names = {name for name, module in network.named_modules() if module in frozen}
    probe = copy.deepcopy(network).eval().to(images.device)
    _add_noise(probe)
    cut, expected = _trace_cut(probe, names, images)
    if cut is None:
        return None
    try:
        with torch.no_grad():
            value = cut.frozen_part(probe, images)
            original = value.clone()
            found = cut.trained_part(probe, value)
    except Exception:  # the code of a foreign network may fail in any way here
        return None
    same = found.shape == expected.shape and torch.allclose(
        found, expected, rtol=1e-4, atol=1e-5 * float(expected.abs().max())
    )
    # A trained part that overwrites its input would corrupt cached features.
    return cut if same and torch.equal(value, original) else None


def _trace_cut(probe, frozen, images):
    """Compute images, and return the cut at the first trained module and the output.

    The cut is None if the input of this module is not a single map of frozen modules.
    """
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
    with torch.enable_grad():  # requires_grad marks values that depend on training
        result = probe(images)
    if not reached or not set(done) <= frozen:
        return None, result
    boundary, inputs = reached[0]
    if len(inputs) != 1 or not _is_map(inputs[0]):
        return None, result
    # A module inside a module that is done needs no replacement of its own.
    outermost = dict.fromkeys(n for n in done if not _parent_names(n) & set(done))
    return NetworkCut(boundary, tuple(outermost)), result.detach()


def _parent_names(name):
    """Return the names of the modules that contain a module."""
    *above, _ = itertools.accumulate(name.split("."), "{}.{}".format)
    return set(above)


def _is_map(value):
    """Return whether a value is a map that depends on no trained parameter."""
    return (
        isinstance(value, torch.Tensor) and value.ndim == 4 and not value.requires_grad
    )


def _trained_subtrees(module, frozen, prefix=""):
    """Iterate over the names of the largest modules without frozen modules."""
    for name, child in module.named_children():
        path = prefix + name
        inside = {f"{path}.{n}" if n else path for n, _ in child.named_modules()}
        if frozen.isdisjoint(inside):
            if any(True for _ in child.parameters()):
                yield path
        else:
            yield from _trained_subtrees(child, frozen, f"{path}.")


def _add_noise(probe):
    """Add noise to scales and biases, because a zero would hide a branch."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in probe.parameters():
            if parameter.ndim < 2:
                noise = torch.rand(parameter.shape, generator=generator)
                parameter += 0.1 * noise.to(parameter.dtype)


def _replace_modules(network, replaced):
    """Return a copy of a network with some modules replaced and the others shared."""
    copies = {"": _copy_module(network)}
    for path, module in replaced.items():
        above, _, name = path.rpartition(".")
        _copy_with_parents(copies, above)._modules[name] = module
    return copies[""]


def _copy_with_parents(copies, path):
    """Return the copy of a module. Copy it and its parents if there is none yet."""
    if path not in copies:
        above, _, name = path.rpartition(".")
        modules = _copy_with_parents(copies, above)._modules
        copies[path] = modules[name] = _copy_module(modules[name])
    return copies[path]


def _copy_module(module):
    """Copy a module, with a dictionary of child modules of its own."""
    shallow = copy.copy(module)
    shallow._modules = dict(module._modules)
    return shallow


class _ReachedError(Exception):
    """Exception that ends a forward pass and carries the input of the boundary."""

    def __init__(self, value):
        super().__init__()
        self.value = value


class _Boundary(nn.Module):
    """Module that ends the forward pass where the trained part begins."""

    def forward(self, value):
        raise _ReachedError(value)
