"""A trained model as a folder: ``model.json``, and the weights that it names."""

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
    explained_errors,
    new_file,
    open_regular,
    remove_abandoned,
    replaced_whole,
)
from cxrclf.exceptions import WeightsError

FORMAT = 2
# Parameters that belong to the machine of the training. They are neither saved nor
# taken from a file, and the digest is of the rest.
MACHINE_PARAMETERS = frozenset({"cache_dir", "callbacks", "checkpoint_dir", "log_dir"})
_DESCRIPTION = "model.json"
_WEIGHTS = re.compile(r"weights-[0-9a-f]{16}\.safetensors")
_WEIGHTS_OF_FORMAT_1 = "weights.safetensors"
_LARGEST_DESCRIPTION = 2**26  # bytes; one of thousands of epochs has less than 2**20
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
    """Write a module's tensors and a description of the estimator.

    The weights go to a file of a new name. Then the description, which names it,
    replaces the earlier one in a single step: at any moment the folder holds one whole
    model, the earlier or the new one. Files that no description names are removed.

    Parameters
    ----------
    folder : path-like
        Made when missing; an earlier model in it is replaced.
    module : torch.nn.Module
    description : dict
        JSON-able, with the parameters under ``"params"``, but for those of
        ``MACHINE_PARAMETERS``.

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
    with explained_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        remove_abandoned(folder)
        _remove_unnamed(folder, b"")
        earlier = _description_text(folder)
        try:
            # The name is new, and locked until the description is in its place: so
            # another save neither writes to this file nor removes it.
            with new_file(folder, "weights-", ".safetensors") as path:
                description["weights"] = _write_weights(module, path)
                description["blake2b"] = _description_digest(description)
                text = json.dumps(description, indent=2) + "\n"
                with replaced_whole(folder / _DESCRIPTION, durable=True) as temporary:
                    temporary.write_text(text, encoding="utf-8")
        finally:
            _remove_unnamed(folder, earlier)


def _without_machine(description):
    params = {
        name: value
        for name, value in description["params"].items()
        if name not in MACHINE_PARAMETERS
    }
    return {**description, "params": params}


def _write_weights(module, path):
    """Write a module's tensors, and return what tells their file from others."""
    digest, size = hashlib.blake2b(), 0
    with path.open("wb") as file:
        for part in _safetensors_parts(module.state_dict()):
            file.write(part)
            digest.update(part)
            size += len(part)
        file.flush()
        os.fsync(file.fileno())
    return {"file": path.name, "bytes": size, "blake2b": digest.hexdigest()}


def _safetensors_parts(state):
    """Yield the bytes of a safetensors file, part by part.

    safetensors' own functions copy all tensors, or write to a temporary file of a name
    of their own, which a kill leaves.
    """
    arrays = {
        name: tensor.detach().cpu().contiguous().numpy()
        for name, tensor in state.items()
    }
    # Large elements first, so that all lie at multiples of their size.
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
    text += b" " * (-len(text) % 8)
    yield len(text).to_bytes(8, "little") + text
    for name in names:
        array = arrays[name].reshape(-1)
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        yield memoryview(little.view(np.uint8))


def _description_digest(description):
    """Return the digest of a description, but for the digest in it."""
    rest = {key: value for key, value in description.items() if key != "blake2b"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode()).hexdigest()


def _description_text(folder):
    """Return the bytes of a description; none if it is missing."""
    try:
        with open_regular(folder / _DESCRIPTION) as file:
            return file.read(_LARGEST_DESCRIPTION + 1)
    except FileNotFoundError:
        return b""


def _remove_unnamed(folder, earlier):
    """Remove the weights of earlier and of killed saves.

    Parameters
    ----------
    folder : pathlib.Path
    earlier : bytes
        A description that this save has replaced: what it names nobody writes.
    """
    for name in os.listdir(folder):
        path, quoted = folder / name, json.dumps(name).encode()
        with suppress(OSError):
            if quoted in earlier and _is_weights(name):
                if quoted not in _description_text(folder):
                    path.unlink()
            elif _WEIGHTS.fullmatch(name):
                # First the lock, then the look: whoever has written the file has named
                # it by now, or never will.
                with abandoned(path) as is_abandoned:
                    if is_abandoned and quoted not in _description_text(folder):
                        path.unlink()


def _is_weights(name):
    return name == _WEIGHTS_OF_FORMAT_1 or _WEIGHTS.fullmatch(name) is not None


def load_folder(folder):
    """Read what :func:`save_folder` wrote, also while it is saved to again.

    Parameters
    ----------
    folder : path-like

    Returns
    -------
    description : dict
        With ``"estimator"``, ``"params"`` and ``"fitted"``, of any content.
    tensors : dict of str to Tensor
        On the CPU.

    Raises
    ------
    WeightsError
        If a file is missing, damaged, of a newer format, or not from the same save.
    OSError
        If a file cannot be read, PermissionError among them.
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
            if text == before:
                raise _missing(path) from error
            before = text
            continue  # another save may have replaced both
        if hashlib.blake2b(data).hexdigest() != weights["blake2b"]:
            raise WeightsError(
                f"{path} does not belong to {_DESCRIPTION}: it is damaged, or of "
                "another model. Save the model again."
            )
        try:
            return description, safetensors.torch.load(data)
        except Exception as error:  # of safetensors, and of torch for odd types
            raise WeightsError(f"{path} cannot be read: {error}.") from error
    raise WeightsError(f"{folder} is saved to all the time. Load it afterwards.")


def _read(path, largest):
    """Return a file's bytes, if it is a file and not larger than that."""
    try:
        with open_regular(path) as file:
            if largest is None or os.fstat(file.fileno()).st_size <= largest:
                return file.read()
    except (FileNotFoundError, NotADirectoryError) as error:
        if path.name == _DESCRIPTION:
            raise _missing(path) from error
        raise
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise WeightsError(f"{path} is not a file. Save the model again.") from error
    raise WeightsError(
        f"{path} is damaged: it has more than {largest:,} bytes. Save the model again."
    )


def _missing(path):
    return WeightsError(
        f"{path.parent} holds no saved model: {path.name} is missing. Give the folder "
        "that save() wrote."
    )


def _parsed(path, text):
    """Return a description of which the form and the digest are right."""
    try:
        description = json.loads(text.decode())
        saved_format = description["format"]
        if saved_format not in (1, FORMAT):
            raise WeightsError(
                f"{path} has format {saved_format}, and cxrclf {cxrclf.__version__} "
                f"reads formats up to {FORMAT}. Use the version of cxrclf that wrote "
                f"it: {description.get('versions', {}).get('cxrclf')}."
            )
        description = _without_machine(description)
        weights = description["weights"]
        if not (_is_weights(weights["file"]) and isinstance(weights["blake2b"], str)):
            raise ValueError(f"its weights are {weights}")
        if not isinstance(weights.get("bytes", 0), int):
            raise ValueError(f"its weights are {weights}")
        if saved_format > 1 and description["blake2b"] != _description_digest(
            description
        ):
            raise ValueError("its digest is another one")
    except WeightsError:
        raise
    except Exception as error:  # of many kinds, for the text may be anything
        raise WeightsError(
            f"{path} is damaged or not written by save(): {error!r:.500}. Save the "
            "model again."
        ) from error
    return description
