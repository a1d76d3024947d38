"""A tensor whose numbers lie on the CPU, and which says that it is on a GPU."""

import contextlib
import functools
import threading
from typing import NamedTuple

import torch
from torch.utils._python_dispatch import TorchDispatchMode

DEVICE = torch.device("cuda", 0)
CPU = torch.device("cpu")
_Generator = torch.Generator
_to = torch.Tensor.to
_aten = torch.ops.aten
# What waits for the device, because the CPU needs the numbers.
_WAITING = {
    _aten._local_scalar_dense.default: "a number is fetched (item, float, int, bool)",
    _aten.equal.default: "torch.equal brings its answer to the CPU",
    _aten.masked_select.default: "the size of what is selected goes to the CPU",
    _aten.nonzero.default: "the number of nonzero values goes to the CPU",
}
_COPIES = {_aten.copy_.default, _aten._to_copy.default}
_INDEXING = {
    _aten.index.Tensor,
    _aten.index_put.default,
    _aten.index_put_.default,
    _aten._index_put_impl_.default,
}


class State(threading.local):
    """What a thread is doing."""

    hot = None  # in which loop no one may wait for the device
    within = 0  # calls of torch that have a tensor of the device among their arguments
    cpu_autocast = False


state = State()


class Copy(NamedTuple):
    """A copy to pinned memory that is under way."""

    host: torch.Tensor
    values: torch.Tensor


class Queue:
    """The work that the device has not done: copies to pinned memory.

    Until somebody waits for them, the memory holds something else.
    """

    def __init__(self):
        self.copies = []
        self.lock = threading.Lock()

    def add(self, host, values):
        """Begin a copy."""
        with self.lock:
            self.copies.append(Copy(host, values.clone()))
        host.fill_(float("nan") if host.is_floating_point() else 99)

    def finish(self, copies):
        """Wait for some copies."""
        with self.lock:
            for copy in copies:
                if any(copy is other for other in self.copies):
                    copy.host.copy_(copy.values)
            self.copies = [c for c in self.copies if all(c is not o for o in copies)]


queue = Queue()


class Generator(torch.Generator):
    """A generator that says it is on the GPU."""

    device = DEVICE
    known = {}  # by address: torch hands a generator on as another object

    def __init__(self, device=None):
        self.known[self._cdata] = self

    @classmethod
    def is_one(cls, generator):
        """Return whether a generator is of the device."""
        return generator._cdata in cls.known


class Rng:
    """The generator of the device that is used where none is given."""

    lock = threading.RLock()
    default = Generator()

    @classmethod
    @contextlib.contextmanager
    def in_place_of_the_cpus(cls):
        """Let what draws from the CPU's default generator draw from the device's."""
        with cls.lock:
            cpu = torch.random.default_generator
            before = cpu.get_state()
            cpu.set_state(cls.default.get_state())
            try:
                yield
            finally:
                cls.default.set_state(cpu.get_state())
                cpu.set_state(before)


@contextlib.contextmanager
def nobody_waits(where):
    """Fail if the CPU waits for the device until the block ends."""
    before, state.hot = state.hot, where
    try:
        yield
    finally:
        state.hot = before


def wait(why):
    """Take note that the CPU waits for the device."""
    if state.hot is not None:
        raise RuntimeError(f"The CPU waits for the device in {state.hot}: {why}.")
    queue.finish(list(queue.copies))


class DeviceTensor(torch.Tensor):
    """A tensor of the pretended device.

    To C++ it is a tensor of the CPU without numbers: what would read them past
    ``__torch_dispatch__`` fails, and the autograd engine needs no device.
    """

    device = DEVICE
    is_cuda = True
    is_cpu = False

    @staticmethod
    def __new__(cls, held):
        """Wrap a tensor of the CPU."""
        tensor = torch.Tensor._make_wrapper_subclass(
            cls,
            held.size(),
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            layout=held.layout,
            device=CPU,
        )
        tensor.held = held
        return tensor

    def __init__(self, held):
        pass

    def __repr__(self):
        return f"DeviceTensor({tuple(self.shape)}, {self.dtype})"

    def get_device(self):
        return 0

    def numpy(self, *, force=False):
        if force:
            return self.detach().cpu().numpy()
        raise TypeError(
            "can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to "
            "copy the tensor to host memory first."
        )

    def __array__(self, *args, **kwargs):
        return self.numpy()

    def tolist(self):
        return self.cpu().tolist()

    def to(self, *args, **kwargs):
        return move(self, *args, **kwargs)

    def cpu(self, memory_format=torch.preserve_format):
        return move(self, CPU, memory_format=memory_format)

    def cuda(self, device=None, non_blocking=False, **kwargs):
        return move(self, device or DEVICE, non_blocking=non_blocking, **kwargs)

    def pin_memory(self, device=None):
        raise RuntimeError("cannot pin 'torch.cuda.FloatTensor': it is on the device")

    def is_pinned(self, device=None):
        return False

    def data_ptr(self):
        return self.held.data_ptr()

    def __deepcopy__(self, memo):
        copy = self.detach().clone().requires_grad_(self.requires_grad)
        copy._is_param = isinstance(self, torch.nn.Parameter)
        return memo.setdefault(id(self), copy)

    def __reduce_ex__(self, protocol):
        wait("a tensor is pickled")
        pickled_on_device.add(self.held.untyped_storage().data_ptr())
        return self.held.__reduce_ex__(protocol)

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func.__name__ == "__get__":
            with torch._C.DisableTorchFunctionSubclass():
                return func(*args, **kwargs)
        device = kwargs.pop("device", None)
        state.within += 1
        try:
            with torch._C.DisableTorchFunctionSubclass(), _InnerFactories():
                out = func(*args, **kwargs)
        finally:
            state.within -= 1
        return out if device is None else _mapped(lambda t: t.to(device), out)

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return run(func, args, kwargs or {})


pickled_on_device = set()  # storages, by address


class _InnerFactories(TorchDispatchMode):
    """Make on the device what torch itself makes on the way, as zeros of a gradient."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        tensors = [x for x in _leaves((args, kwargs)) if isinstance(x, torch.Tensor)]
        if any(isinstance(x, DeviceTensor) for x in tensors) or (
            not tensors and state.within and "device" in kwargs
        ):
            return run(func, args, kwargs)
        return func(*args, **kwargs)


def run(func, args, kwargs):
    """Do an operation of the device with the numbers on the CPU."""
    flat = list(_leaves((args, kwargs)))
    _check_devices(func, flat)
    if state.cpu_autocast and func not in _COPIES:
        raise RuntimeError(
            f"{func} runs on cuda:0 within torch.autocast('cpu'), which does nothing "
            "for it."
        )
    if func in _WAITING:
        wait(_WAITING[func])
    if func in _INDEXING and any(
        isinstance(x, torch.Tensor) and x.dtype in (torch.bool, torch.uint8)
        for x in _leaves(args[1])
    ):
        wait("the size of what a mask selects goes to the CPU")
    if func is _aten.copy_.default:
        return _copy(*args, **kwargs)
    held, held_kwargs = _mapped(_held, (args, kwargs))
    if "device" in held_kwargs:
        held_kwargs["device"] = CPU
    seeded = torch.Tag.nondeterministic_seeded in func.tags
    if seeded and not any(isinstance(x, _Generator) for x in flat):
        with Rng.in_place_of_the_cpus():
            out = func(*held, **held_kwargs)
    else:
        out = func(*held, **held_kwargs)
    return _wrapped(func, args, kwargs, out)


def _held(value):
    return value.held if isinstance(value, DeviceTensor) else value


def _wrapped(func, args, kwargs, out):
    """Return results as tensors of the device; what was written is the argument."""
    written = {}
    for k, name in _written(func):
        argument = args[k] if k < len(args) else kwargs.get(name)
        for tensor in _leaves(argument):
            if isinstance(tensor, DeviceTensor):
                written[id(tensor.held)] = tensor
                if tensor.shape != tensor.held.shape:
                    raise NotImplementedError(f"{func} changes a tensor's shape.")
    return _mapped(lambda tensor: _known(written, tensor), out)


def _known(written, held):
    known = written.get(id(held))
    return DeviceTensor(held) if known is None else known


@functools.cache
def _written(func):
    """Return number and name of the arguments that an operation writes to."""
    return [
        (k, argument.name)
        for k, argument in enumerate(func._schema.arguments)
        if argument.alias_info is not None and argument.alias_info.is_write
    ]


def _leaves(tree):
    """Iterate over what is in nested containers."""
    if isinstance(tree, (list, tuple, dict)):
        for value in tree.values() if isinstance(tree, dict) else tree:
            yield from _leaves(value)
    else:
        yield tree


def _mapped(function, tree):
    """Return nested containers with a function of each tensor in its place."""
    if isinstance(tree, torch.Tensor):
        return function(tree)
    if isinstance(tree, dict):
        return {name: _mapped(function, value) for name, value in tree.items()}
    if type(tree) in (list, tuple):
        return type(tree)([_mapped(function, value) for value in tree])
    return tree


def _check_devices(func, flat):
    strangers = [
        x
        for x in flat
        if isinstance(x, torch.Tensor) and not isinstance(x, DeviceTensor) and x.ndim
    ]
    if strangers and func not in _COPIES:
        raise RuntimeError(
            "Expected all tensors to be on the same device, but found at least two "
            f"devices, cuda:0 and cpu! ({func}, of {tuple(strangers[0].shape)})"
        )
    for generator in flat:
        if isinstance(generator, _Generator) and not Generator.is_one(generator):
            raise RuntimeError(
                f"Expected a 'cuda' device type for generator but found 'cpu' ({func})"
            )


def _copy(target, source, non_blocking=False):
    if isinstance(target, DeviceTensor):
        if not isinstance(source, DeviceTensor) and source.ndim:
            upload(source, non_blocking)
        target.held.copy_(_held(source))
    elif non_blocking and is_pinned(target):
        queue.add(target, source.held)
    else:
        wait("values are copied to the CPU")
        target.copy_(source.held)
    return target


def upload(source, non_blocking):
    """Take note that values are copied to the device."""
    if not (non_blocking and is_pinned(source)) and state.hot is not None:
        wait("values are copied to it blocking, or from memory that is not pinned")


def is_pinned(tensor):
    """Return whether a tensor is what ``pin_memory`` returned."""
    return getattr(tensor, "pretends_to_be_pinned", False)


def move(tensor, *args, copy=False, other=None, **kwargs):
    """Do what ``Tensor.to`` does."""
    others = [x for x in (other, *args) if isinstance(x, torch.Tensor)]
    if others:
        args = [x for x in args if not isinstance(x, torch.Tensor)]
        kwargs = {"device": others[0].device, "dtype": others[0].dtype, **kwargs}
        args = [kwargs.pop("device"), kwargs.pop("dtype"), *args]
    device, dtype, non_blocking, memory_format = torch._C._nn._parse_to(*args, **kwargs)
    settings = {"copy": copy}
    if dtype is not None:
        settings["dtype"] = dtype
    if memory_format is not None:
        settings["memory_format"] = memory_format
    device = tensor.device if device is None else checked(device)
    if device == tensor.device:
        with torch._C.DisableTorchFunctionSubclass():
            return _to(tensor, **settings)
    if "cuda" not in (device.type, tensor.device.type):
        return _to(tensor, device, non_blocking=non_blocking, **settings)
    if tensor.requires_grad and torch.is_grad_enabled():
        raise NotImplementedError("Gradients do not flow between devices here.")
    settings["copy"] = True
    if device.type == "cuda":
        if tensor.device.type != "cpu":
            raise NotImplementedError("Cannot copy out of a meta tensor; no data!")
        upload(tensor, non_blocking)
        return DeviceTensor(_to(tensor.detach(), **settings))
    values = _to(tensor.detach().held, device, **settings)
    if device.type == "cpu":
        if non_blocking:
            queue.add(values, values.clone())
        else:
            wait("values are copied to the CPU")
    return values


def checked(device):
    """Return the device that a name stands for, if it is there."""
    device = torch.device(device)
    if device.type != "cuda":
        return device
    if device.index not in (None, 0):
        raise RuntimeError("CUDA error: invalid device ordinal")
    return DEVICE
