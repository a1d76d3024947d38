"""Model folders: ``model.json``, and the file of weights that it names."""

import errno
import hashlib
import json
import os
import re
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import numpy as np
import safetensors.torch

import cxrclf
from cxrclf._utils.files import (
    abandoned,
    explain_errors,
    new_file,
    open_regular,
    remove_abandoned,
    replace_file,
)
from cxrclf.exceptions import WeightsError

FORMAT = 2
# Parameters that belong to the machine of the training. They are neither saved nor
# loaded, and the digest of the description does not include them.
MACHINE_PARAMETERS = frozenset({"cache_dir", "callbacks", "checkpoint_dir", "log_dir"})
_DESCRIPTION = "model.json"
_WEIGHTS = re.compile(r"weights-[0-9a-f]{16}\.safetensors")
_WEIGHTS_OF_FORMAT_1 = "weights.safetensors"
_LARGEST_DESCRIPTION = 2**26  # bytes; thousands of epochs need less than 2**20
_TRIES = 100
_SAFETENSORS_TYPES = {
    "bool": "BOOL",
    "float32": "F32",
    "float64": "F64",
    "int32": "I32",
    "int64": "I64",
    "uint8": "U8",
}


def save_folder(folder, module, description):
    """Write the tensors of a module and a description of the estimator.

    The weights are written to a file with a new name. Then the description, which names
    that file, replaces the earlier description in a single step. So the folder has a
    whole model at any time, either the earlier or the new one. Files of weights that no
    description names are removed.

    Parameters
    ----------
    folder : path-like
        Folder of the model. It is made if it is missing. An earlier model in it is
        replaced.
    module : torch.nn.Module
    description : dict
        JSON values, with the parameters under ``"params"``. Parameters that belong to
        the machine (``MACHINE_PARAMETERS``) are left out already.

    Raises
    ------
    ValueError
        If the description cannot be written as JSON.
    OSError
        If a file cannot be written.
    """
    folder = Path(folder)
    names = ("cxrclf", "numpy", "scikit-learn", "skorch", "timm", "torch")
    description = {
        "format": FORMAT,
        **description,
        "versions": {name: version(name) for name in names},
    }
    try:
        json.dumps(description)  # before anything is written
    except TypeError as error:
        raise ValueError(
            f"The model cannot be saved to JSON: {error}. Use joblib.dump."
        ) from error
    with explain_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        remove_abandoned(folder)
        _remove_unnamed(folder, b"")
        earlier = _read_description(folder)
        try:
            # The name is new, and the file is locked until the description names it. So
            # another save neither writes to this file nor removes it.
            with new_file(folder, "weights-", ".safetensors") as path:
                description["weights"] = _write_weights(module, path)
                description["blake2b"] = _digest_description(description)
                text = json.dumps(description, indent=2) + "\n"
                with replace_file(folder / _DESCRIPTION, durable=True) as temporary:
                    temporary.write_text(text, encoding="utf-8")
        finally:
            _remove_unnamed(folder, earlier)


def _drop_machine_parameters(description):
    """Return a description without the parameters of the machine."""
    params = {
        name: value
        for name, value in description["params"].items()
        if name not in MACHINE_PARAMETERS
    }
    return {**description, "params": params}


def _write_weights(module, path):
    """Write the tensors of a module; return the name, size and digest of the file."""
    digest, size = hashlib.blake2b(), 0
    with path.open("wb") as file:
        for part in _yield_safetensors(module.state_dict()):
            file.write(part)
            digest.update(part)
            size += len(part)
        file.flush()
        os.fsync(file.fileno())
    return {"file": path.name, "bytes": size, "blake2b": digest.hexdigest()}


def _yield_safetensors(state):
    """Yield the bytes of a safetensors file in parts.

    One function of safetensors copies all tensors. The other writes to a temporary file
    with its own name, which remains after a kill.
    """
    arrays = {
        name: tensor.detach().cpu().contiguous().numpy()
        for name, tensor in state.items()
    }
    # Types with large elements first, so that each array starts at a multiple of the
    # size of its elements.
    names = sorted(arrays, key=lambda name: -arrays[name].itemsize)
    header, end = {}, 0
    for name in names:
        array, start = arrays[name], end
        end += array.nbytes
        header[name] = {
            "dtype": _SAFETENSORS_TYPES[array.dtype.name],
            "shape": array.shape,
            "data_offsets": (start, end),
        }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # the arrays start at a multiple of 8 bytes
    yield len(text).to_bytes(8, "little") + text
    for name in names:
        array = arrays[name].reshape(-1)
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        yield memoryview(little.view(np.uint8))


def _digest_description(description):
    """Return the digest of a description, without the digest in it."""
    rest = {key: value for key, value in description.items() if key != "blake2b"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode()).hexdigest()


def _read_description(folder):
    """Return the bytes of the description, or no bytes if it is missing."""
    try:
        with open_regular(folder / _DESCRIPTION) as file:
            return file.read(_LARGEST_DESCRIPTION + 1)
    except FileNotFoundError:
        return b""


def _remove_unnamed(folder, earlier):
    """Remove files of weights from earlier saves and from killed saves.

    Parameters
    ----------
    folder : pathlib.Path
    earlier : bytes
        Description that this save has replaced. No other save writes the file of
        weights that it names.
    """
    for name in os.listdir(folder):
        path, quoted = folder / name, json.dumps(name).encode()
        with suppress(OSError):
            if quoted in earlier and _is_weights(name):
                if quoted not in _read_description(folder):
                    path.unlink()
            elif _WEIGHTS.fullmatch(name):
                # The description is read after the file is locked. A free lock means
                # that the writer of the file has ended: it has named the file by now,
                # or it never will.
                with abandoned(path) as is_abandoned:
                    if is_abandoned and quoted not in _read_description(folder):
                        path.unlink()


def _is_weights(name):
    return name == _WEIGHTS_OF_FORMAT_1 or _WEIGHTS.fullmatch(name) is not None


def load_folder(folder):
    """Read a folder of :func:`save_folder`, also while another save replaces it.

    Parameters
    ----------
    folder : path-like

    Returns
    -------
    description : dict
        Description with ``"estimator"``, ``"params"`` and ``"fitted"``. Their content
        is not checked.
    tensors : dict of str to Tensor
        Tensors on the CPU.

    Raises
    ------
    WeightsError
        If a file is missing or damaged, has a newer format, or is from another save.
    OSError
        If a file cannot be read, for example PermissionError.
    """
    folder = Path(folder)
    before = None
    for _ in range(_TRIES):
        text = _read(folder / _DESCRIPTION, _LARGEST_DESCRIPTION)
        description = _parsed(folder / _DESCRIPTION, text)
        weights = description["weights"]
        path = folder / weights["file"]
        try:
            data = _read(path, weights.get("bytes"))
        except FileNotFoundError as error:
            if text == before:  # no other save: the weights are missing
                raise _make_missing_error(path) from error
            before = text
            continue  # another save may have replaced both
        if hashlib.blake2b(data).hexdigest() != weights["blake2b"]:
            raise WeightsError(
                f"{path} does not belong to {_DESCRIPTION}: it is damaged or belongs "
                "to another model. Save the model again."
            )
        try:
            return description, safetensors.torch.load(data)
        except Exception as error:  # from safetensors, and from torch for odd types
            raise WeightsError(f"{path} cannot be read: {error}.") from error
    raise WeightsError(
        f"{folder} is saved to all the time. Load it after the last save."
    )


def _read(path, largest):
    """Return the bytes of a regular file of at most `largest` bytes."""
    try:
        with open_regular(path) as file:
            if largest is None or os.fstat(file.fileno()).st_size <= largest:
                return file.read()
    except (FileNotFoundError, NotADirectoryError) as error:
        if path.name == _DESCRIPTION:
            raise _make_missing_error(path) from error
        raise
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise WeightsError(f"{path} is not a file. Save the model again.") from error
    raise WeightsError(
        f"{path} is damaged: it has more than {largest:,} bytes. Save the model again."
    )


def _make_missing_error(path):
    return WeightsError(
        f"{path.parent} holds no saved model: {path.name} is missing. Pass the folder "
        "of a saved model."
    )


def _parsed(path, text):
    """Parse a description, and check its form and its digest."""
    try:
        description = json.loads(text.decode())
        saved_format = description["format"]
        if saved_format not in (1, FORMAT):
            raise WeightsError(
                f"{path} has format {saved_format}, and cxrclf {cxrclf.__version__} "
                f"reads formats up to {FORMAT}. Use the version of cxrclf that wrote "
                f"it: {description.get('versions', {}).get('cxrclf')}."
            )
        description = _drop_machine_parameters(description)
        weights = description["weights"]
        if not (_is_weights(weights["file"]) and isinstance(weights["blake2b"], str)):
            raise ValueError(f"its weights are {weights}")
        if not isinstance(weights.get("bytes", 0), int):
            raise ValueError(f"its weights are {weights}")
        if saved_format > 1 and description["blake2b"] != _digest_description(
            description
        ):
            raise ValueError("its digest does not match")
    except WeightsError:
        raise
    except Exception as error:  # of many types, because the text may be anything
        raise WeightsError(
            f"{path} is damaged or not written by save(): {error!r:.500}. Save the "
            "model again."
        ) from error
    return description
