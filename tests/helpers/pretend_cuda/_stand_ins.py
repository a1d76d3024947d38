"""Stand-ins for what torch asks of a GPU besides operations on tensors."""

import contextlib
import functools
import gc
import importlib
import inspect
import threading

import torch
from torch.utils._device import _device_constructors

from pretend_cuda._tensor import (
    DEVICE,
    DeviceTensor,
    Generator,
    Rng,
    checked,
    is_pinned,
    move,
    pickled_on_device,
    queue,
    state,
    upload,
    wait,
)

_FROM_DATA = ("as_tensor", "asarray", "new_tensor", "tensor")
_LIKES = ("empty", "full", "ones", "rand", "randint", "randn", "zeros")
_autocast = torch.autocast
_Generator = torch.Generator


def pretend(monkeypatch):
    """Let torch have a GPU until the test ends.

    Parameters
    ----------
    monkeypatch : pytest.MonkeyPatch
    """
    constructors = _device_constructors()  # kept by torch: ask before they change
    for name in dir(torch):
        function = getattr(torch, name)
        like = name.endswith("_like") and name.removesuffix("_like") in _LIKES
        if inspect.isbuiltin(function) and (like or function in constructors):
            monkeypatch.setattr(torch, name, _factory(function))
    for name in ("new_empty", "new_full", "new_ones", "new_tensor", "new_zeros"):
        method = _factory(getattr(torch.Tensor, name))
        monkeypatch.setattr(torch.Tensor, name, method)
    monkeypatch.setattr(torch.Tensor, "to", move)
    monkeypatch.setattr(torch.Tensor, "cuda", _cuda)
    monkeypatch.setattr(torch.Tensor, "pin_memory", _pin_memory)
    monkeypatch.setattr(torch.Tensor, "is_pinned", is_pinned)
    monkeypatch.setattr(torch, "Generator", _generator)
    monkeypatch.setattr(torch, "autocast", Autocast)
    monkeypatch.setattr(torch.nn.Module, "_apply", _swapping(torch.nn.Module._apply))
    monkeypatch.setattr(torch.serialization, "location_tag", _location_tag)
    monkeypatch.setattr(
        importlib.import_module("torch.optim.optimizer"),
        "_foreach_supported_types",
        [torch.Tensor, torch.nn.Parameter, DeviceTensor],
    )
    for name, value in _CUDA.items():
        monkeypatch.setattr(torch.cuda, name, value)
    # Not all are in torch 2.6.
    for name, value in _ACCELERATOR.items():
        monkeypatch.setattr(torch.accelerator, name, value, raising=False)
    state.hot = None
    queue.copies.clear()
    pickled_on_device.clear()
    Rng.default.manual_seed(0)


def _factory(function):
    """Make on the device what is asked for there, and on the CPU the rest."""

    @functools.wraps(function)
    def make(*args, device=None, pin_memory=False, generator=None, **kwargs):
        this = args[0] if args and isinstance(args[0], torch.Tensor) else None
        if generator is not None:
            kwargs["generator"] = generator
        if device is None and (this is None or not isinstance(this, DeviceTensor)):
            of_device = False
        elif device is None:
            return function(*args, **kwargs)
        else:
            device = checked(device)
            of_device = device.type == "cuda"
        if generator is not None and Generator.is_one(generator) != of_device:
            raise RuntimeError(
                f"Expected a {'cuda' if of_device else 'cpu'!r} device type for "
                f"generator but found {generator.device.type!r}"
            )
        args = [x.held if isinstance(x, DeviceTensor) else x for x in args]
        within, state.within = state.within, 0
        try:
            if not of_device:
                device = {} if device is None else {"device": device}
                made = function(*args, **device, **kwargs)
                return _pin_memory(made) if pin_memory else made
            with contextlib.ExitStack() as stack:
                if generator is None and "rand" in function.__name__:
                    stack.enter_context(Rng.in_place_of_the_cpus())
                if function.__name__ in _FROM_DATA:
                    upload(args[0], False)
                requires_grad = kwargs.pop("requires_grad", False)
                made = DeviceTensor(function(*args, **kwargs))
        finally:
            state.within = within
        return made.requires_grad_(requires_grad)

    return make


def _cuda(tensor, device=None, non_blocking=False, **kwargs):
    return move(tensor, device or DEVICE, non_blocking=non_blocking, **kwargs)


def _pin_memory(tensor, device=None):
    pinned = tensor.clone()
    pinned.pretends_to_be_pinned = True
    return pinned


def _generator(device="cpu"):
    return Generator() if checked(device).type == "cuda" else _Generator(device)


class Autocast(_autocast):
    """``torch.autocast``, with the CPU's for that of the device."""

    def __init__(self, device_type, dtype=None, enabled=True, cache_enabled=None):
        self.of_cpu = device_type == "cpu" and enabled
        if device_type == "cuda":
            dtype = dtype or torch.float16
        super().__init__("cpu", dtype, enabled, cache_enabled)

    def __enter__(self):
        self.before = state.cpu_autocast
        state.cpu_autocast = self.of_cpu
        return super().__enter__()

    def __exit__(self, *error):
        state.cpu_autocast = self.before
        return super().__exit__(*error)


def _swapping(apply):
    """Let ``Module.to`` change parameters in place, as on a GPU."""

    lock = threading.RLock()

    @functools.wraps(apply)
    def swapping(self, *args, **kwargs):
        with lock:
            before = torch.__future__.get_swap_module_params_on_conversion()
            torch.__future__.set_swap_module_params_on_conversion(True)
            try:
                return apply(self, *args, **kwargs)
            finally:
                torch.__future__.set_swap_module_params_on_conversion(before)

    return swapping


def _location_tag(storage):
    """Return where a storage is, for ``torch.save``."""
    on_device = storage.data_ptr() in pickled_on_device
    return "cuda:0" if on_device else "cpu"


class Event:
    """A mark behind the copies that have begun."""

    def __init__(self, *args, **kwargs):
        self.copies = []

    def record(self, stream=None):
        self.copies = list(queue.copies)

    def synchronize(self):
        if state.hot is not None:
            wait("an event is waited for")
        queue.finish(self.copies)

    def query(self):
        return not any(copy is c for copy in self.copies for c in queue.copies)

    def elapsed_time(self, end):
        return 0.0


class Stream:
    """The one stream of the device."""

    device = DEVICE

    def __init__(self, *args, **kwargs):
        pass

    def is_capturing(self):
        return False

    def synchronize(self):
        wait("a stream is waited for")

    def wait_stream(self, stream):
        pass

    def wait_event(self, event):
        pass

    def record_event(self, event=None):
        event = event or Event()
        event.record()
        return event


def _allocated(device=None):
    held = (t.held for t in gc.get_objects() if type(t) is DeviceTensor)
    storages = (tensor.untyped_storage() for tensor in held)
    return sum({s.data_ptr(): s.nbytes() for s in storages}.values())


def _get_rng_state(device="cuda"):
    return Rng.default.get_state()


def _set_rng_state(new_state, device="cuda"):
    Rng.default.set_state(new_state)


def _manual_seed(seed):
    Rng.default.manual_seed(int(seed))


_CUDA = {
    "Event": Event,
    "Stream": Stream,
    "current_device": lambda: 0,
    "current_stream": lambda device=None: Stream(),
    "default_stream": lambda device=None: Stream(),
    "device": lambda device: contextlib.nullcontext(),
    "device_count": lambda: 1,
    "empty_cache": lambda: None,
    "get_device_capability": lambda device=None: (9, 0),
    "get_device_name": lambda device=None: "Pretended GPU",
    "get_rng_state": _get_rng_state,
    "is_available": lambda: True,
    "is_bf16_supported": lambda including_emulation=True: True,
    "is_current_stream_capturing": lambda: False,
    "is_initialized": lambda: True,
    "manual_seed": _manual_seed,
    "manual_seed_all": _manual_seed,
    "max_memory_allocated": _allocated,
    "mem_get_info": lambda device=None: (2**36, 2**36),
    "memory_allocated": _allocated,
    "reset_peak_memory_stats": lambda device=None: None,
    "set_rng_state": _set_rng_state,
    "stream": lambda stream: contextlib.nullcontext(),
    "synchronize": lambda device=None: wait("the device is waited for"),
}
_ACCELERATOR = {
    "current_accelerator": lambda check_available=False: torch.device("cuda"),
    "current_device_index": lambda: 0,
    "current_stream": lambda device=None: Stream(),
    "device_count": lambda: 1,
    "is_available": lambda: True,
    "synchronize": lambda device=None: wait("the device is waited for"),
}
