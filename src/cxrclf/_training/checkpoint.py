"""Checkpoints: the state of a training after an epoch, in a file.

A checkpoint is an archive of ``torch.save``, followed by a digest of all bytes of the
archive. ``torch.load`` compares no checksums. It ignores the bytes after the archive.
"""

import copy
import errno
import hashlib
import os
from collections import defaultdict

import torch

from cxrclf._training.progress import Progress
from cxrclf._utils.files import open_regular, replace_file
from cxrclf.exceptions import WeightsError

_DIGEST_BYTES = hashlib.blake2b().digest_size
_CHUNK = 2**20  # bytes per read


def write_checkpoint(path, net, progress):
    """Write a checkpoint.

    Parameters
    ----------
    path : pathlib.Path
        File of the checkpoint. An earlier checkpoint is replaced in a single step.
    net : TrainingNet
    progress : Progress

    Raises
    ------
    OSError
        If the file cannot be written. An earlier checkpoint then remains.
    """
    state = {
        "module": net.module_.learned_state(),
        "optimizer": net.optimizer_.state_dict(),
        "progress": vars(progress),
    }
    with (
        replace_file(path, sweep=False, durable=True) as temporary,
        temporary.open("w+b") as file,
    ):
        try:
            torch.save(state, file)
        except RuntimeError as error:
            # After a failed or interrupted write, torch closes its archive, which fails
            # again. The cause is the first error.
            if isinstance(error.__context__, (OSError, KeyboardInterrupt)):
                raise error.__context__ from None
            raise
        file.write(_compute_digest(file, file.tell()))


def read_checkpoint(path, net, n_epochs):
    """Load a checkpoint into a net.

    Parameters
    ----------
    path : pathlib.Path
    net : TrainingNet
        The net. Its module and its optimizer are changed in place.
    n_epochs : int
        Number of epochs of the training.

    Returns
    -------
    Progress or None
        None if there is no checkpoint.

    Raises
    ------
    WeightsError
        If the checkpoint is damaged or belongs to another training.
    OSError
        If the checkpoint cannot be read.
    """
    try:
        with open_regular(path) as file:
            try:
                _check_digest(file)
                state = torch.load(file, map_location="cpu", weights_only=True)
                return _restore(state, net, n_epochs)
            except (MemoryError, OSError):
                raise
            except Exception as error:  # of many types, from pickle and zipfile
                raise _make_damaged_error(path) from error
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno != errno.EINVAL:  # open_regular: not a regular file
            raise
        raise _make_damaged_error(path) from error


def _make_damaged_error(path):
    return WeightsError(
        f"The checkpoint {path} is damaged. Delete it; the training then starts from "
        "its first epoch."
    )


def _check_digest(file):
    """Compare a file with the digest at its end."""
    size = os.fstat(file.fileno()).st_size - _DIGEST_BYTES
    if size < 0 or _compute_digest(file, size) != file.read():
        raise ValueError("the digest does not match")
    file.seek(0)


def _compute_digest(file, size):
    """Return the digest of the first `size` bytes, and seek to their end."""
    digest = hashlib.blake2b()
    file.seek(0)
    for start in range(0, size, _CHUNK):
        digest.update(file.read(min(_CHUNK, size - start)))
    return digest.digest()


def _restore(state, net, n_epochs):
    """Check a state, load it into the net, and return the progress."""
    if set(state) != {"module", "optimizer", "progress"}:
        raise ValueError(f"unknown content: {set(state)}")
    progress = _check_progress(state["progress"], n_epochs)
    learned = net.module_.learned_state()
    for part in (state["module"], progress.best_state or state["module"]):
        _check_tensors(part, learned)
    moments = state["optimizer"]["state"]
    _check_moments(moments, net.optimizer_)
    net.module_.load_learned_state(state["module"])
    # The parameter groups depend only on the parameters of the estimator, which are
    # the same. The groups of the net are used, so that the file's need no check.
    groups = net.optimizer_.state_dict()["param_groups"]
    net.optimizer_.load_state_dict({"state": moments, "param_groups": groups})
    return progress


def _check_progress(values, n_epochs):
    """Return the values of a checkpoint as a Progress, if they are possible."""
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


def _check_tensors(tensors, learned):
    """Check that tensors have the names, shapes and types of the trained part."""
    if set(tensors) != set(learned):
        raise ValueError("the tensors have other names than the trained part")
    for name, own in learned.items():
        if tensors[name].shape != own.shape or tensors[name].dtype != own.dtype:
            raise ValueError(f"{name} has another shape or type")


def _check_moments(moments, optimizer):
    """Check that the state of an optimizer has the moments that a step reads.

    torch accepts other moments, and fails in the next step, or not at all.
    """
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    expected = _find_moment_shapes(optimizer)
    for number, values in moments.items():
        if type(number) is not int or not 0 <= number < len(parameters):
            raise ValueError(f"no parameter has the number {number!r}")
        if set(values) != set(expected):
            raise ValueError(f"the state of the optimizer has {set(values)}")
        for name, shape in expected.items():
            expected_shape = parameters[number].shape if shape else shape
            if (
                values[name].shape != expected_shape
                or not values[name].is_floating_point()
            ):
                raise ValueError(f"{name} has another shape or type")


def _find_moment_shapes(optimizer):
    """Return the name and shape of each moment after a step on a vector.

    A moment has the shape of its parameter, or no dimension.
    """
    vector = torch.zeros(2, requires_grad=True)
    vector.grad = torch.zeros(2)
    # A copy without state takes the step, so that the optimizer itself is unchanged.
    twin = copy.copy(optimizer)
    twin.state = defaultdict(dict)
    twin.param_groups = [{**optimizer.param_groups[0], "params": [vector]}]
    twin.step()
    return {name: value.shape for name, value in twin.state[vector].items()}
