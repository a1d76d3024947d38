"""The state of a training after an epoch, in a file.

The file is an archive of ``torch.save``, and a digest of all its bytes. ``torch.load``
compares no checksums, and ignores what follows the archive.
"""

import copy
import errno
import hashlib
import os
from collections import defaultdict

import torch

from cxrclf._training.progress import Progress
from cxrclf._utils.files import open_regular, replaced_whole
from cxrclf.exceptions import WeightsError

_DIGEST_BYTES = hashlib.blake2b().digest_size
_CHUNK = 2**20  # bytes that are read at once


def write_checkpoint(path, net, progress):
    """Write what a training needs to go on from here.

    Parameters
    ----------
    path : pathlib.Path
    net : AutocastNet
    progress : Progress

    Raises
    ------
    OSError
        If the file cannot be written; an earlier one is kept.
    """
    state = {
        "module": net.module_.learnt_state(),
        "optimizer": net.optimizer_.state_dict(),
        "progress": vars(progress),
    }
    with (
        replaced_whole(path, sweep=False, durable=True) as temporary,
        temporary.open("w+b") as file,
    ):
        try:
            torch.save(state, file)
        except RuntimeError as error:
            # torch closes its archive after a failed write, which fails again.
            if isinstance(error.__context__, OSError):
                raise error.__context__ from None
            raise
        file.write(_digest(file, file.tell()))


def read_checkpoint(path, net, n_epochs):
    """Put a net into the state of a checkpoint.

    Parameters
    ----------
    path : pathlib.Path
    net : AutocastNet
        Changed in place.
    n_epochs : int
        Number of epochs of the training.

    Returns
    -------
    Progress or None
        None if there is no checkpoint.

    Raises
    ------
    WeightsError
        If the checkpoint is damaged or not of this training.
    OSError
        If it cannot be read.
    """
    try:
        with open_regular(path) as file:
            try:
                _check_digest(file)
                state = torch.load(file, map_location="cpu", weights_only=True)
                return _restored(state, net, n_epochs)
            except (MemoryError, OSError):
                raise
            except Exception as error:  # of many kinds, from pickle and zipfile
                raise _damaged(path) from error
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise _damaged(path) from error


def _damaged(path):
    return WeightsError(
        f"The resume file {path} is damaged. Delete it; the training then starts from "
        "its first epoch."
    )


def _check_digest(file):
    """Compare a file with the digest at its end."""
    size = os.fstat(file.fileno()).st_size - _DIGEST_BYTES
    if size < 0 or _digest(file, size) != file.read():
        raise ValueError("the digest is another one")
    file.seek(0)


def _digest(file, size):
    """Return the digest of so many bytes from the start, and go to their end."""
    digest = hashlib.blake2b()
    file.seek(0)
    for start in range(0, size, _CHUNK):
        digest.update(file.read(min(_CHUNK, size - start)))
    return digest.digest()


def _restored(state, net, n_epochs):
    """Check a state, put the net into it, and return the progress."""
    if set(state) != {"module", "optimizer", "progress"}:
        raise ValueError(f"unknown content: {set(state)}")
    progress = _checked_progress(state["progress"], n_epochs)
    learnt = net.module_.learnt_state()
    for part in (state["module"], progress.best_state or state["module"]):
        _check_tensors(part, learnt)
    moments = state["optimizer"]["state"]
    _check_moments(moments, net.optimizer_)
    net.module_.load_learnt_state(state["module"])
    # The groups are decided by the parameters, which are the same.
    groups = net.optimizer_.state_dict()["param_groups"]
    net.optimizer_.load_state_dict({"state": moments, "param_groups": groups})
    return progress


def _checked_progress(values, n_epochs):
    progress, usual = Progress(**values), vars(Progress())
    for name, value in vars(progress).items():
        if type(value) is not type(usual[name]):
            raise ValueError(f"{name} is {value!r}")
    rows = progress.history
    if not 1 <= progress.done <= n_epochs or len(rows) != progress.done:
        raise ValueError(f"{progress.done} epochs are done, of which {len(rows)} known")
    if not -1 <= progress.best_epoch < progress.done or progress.waited < 0:
        raise ValueError(f"the best epoch is {progress.best_epoch}")
    for row in rows:
        if "epoch" not in row or not all(type(x) in (int, float) for x in row.values()):
            raise ValueError(f"the history has {row}")
    return progress


def _check_tensors(tensors, learnt):
    """Check that tensors are those of the trained part, in shape and type."""
    if set(tensors) != set(learnt):
        raise ValueError("other tensors than the trained ones")
    for name, own in learnt.items():
        if tensors[name].shape != own.shape or tensors[name].dtype != own.dtype:
            raise ValueError(f"{name} is of another shape or type")


def _check_moments(moments, optimizer):
    """Check that the state of an optimizer has what its steps will look for."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    expected = _moments_of_a_vector(optimizer)
    for number, values in moments.items():
        if type(number) is not int or not 0 <= number < len(parameters):
            raise ValueError(f"no parameter has the number {number!r}")
        if set(values) != set(expected):
            raise ValueError(f"the optimizer's state has {set(values)}")
        for name, shape in expected.items():
            right = parameters[number].shape if shape else shape
            if values[name].shape != right or not values[name].is_floating_point():
                raise ValueError(f"{name} is of another shape or type")


def _moments_of_a_vector(optimizer):
    """Return the shapes in an optimizer's state after a step on a vector."""
    vector = torch.zeros(2, requires_grad=True)
    vector.grad = torch.zeros(2)
    twin = copy.copy(optimizer)
    twin.state = defaultdict(dict)
    twin.param_groups = [{**optimizer.param_groups[0], "params": [vector]}]
    twin.step()
    return {name: value.shape for name, value in twin.state[vector].items()}
