"""What fails on a GPU fails on the pretended one, also where the library does it."""

import pickle
import threading

import numpy as np
import pytest
import torch
from torch import nn

from cxrclf import Augmentation, CXRClassifier
from cxrclf._training import batches, forward, net, run_record, trainer
from cxrclf.augmentation import _augmentation
from cxrclf.datasets import make_chest_radiographs
from cxrclf.exceptions import WeightsError
from pretend_cuda import DeviceTensor, guard_loops, nobody_waits, pretend


@pytest.fixture
def gpu(monkeypatch):
    pretend(monkeypatch)
    guard_loops(monkeypatch)
    return torch.device("cuda")


@pytest.fixture(scope="module")
def samples():
    data = make_chest_radiographs(12, image_size=32, random_state=0)
    return data.images, data.target


@pytest.fixture
def trained(gpu, samples, tmp_path):
    """Return a function that trains on the device."""

    def fit(**settings):
        clf = CXRClassifier(
            "test_resnet",
            weights=None,
            image_size=32,
            max_epochs=1,
            batch_size=4,
            random_state=0,
            cache_dir=tmp_path,
            device=gpu,
            **{"precision": "float32", "trainable": "all", **settings},
        )
        return clf.fit(*samples)

    return fit


def test_operations_have_the_results_of_the_cpu(gpu):
    x = torch.arange(6.0).reshape(2, 3)
    there = x.to(gpu)
    assert there.device == torch.device("cuda:0")
    assert there.is_cuda
    assert not there.is_cpu
    for on_gpu, on_cpu in [
        (there + 1, x + 1),
        (there[:, 1:].sum(0), x[:, 1:].sum(0)),
        (there @ there.T, x @ x.T),
        (nn.functional.one_hot(there.long()), nn.functional.one_hot(x.long())),
        (torch.zeros_like(there), torch.zeros_like(x)),
        (torch.full((2,), 3, device=gpu), torch.full((2,), 3)),
        (there.new_ones(3), x.new_ones(3)),
        (torch.empty_like(there).copy_(x), x),
        (there.clone().add_(there), x + x),
        (there.half(), x.half()),
    ]:
        assert isinstance(on_gpu, DeviceTensor)
        torch.testing.assert_close(on_gpu.cpu(), on_cpu, rtol=0, atol=0)


def test_what_is_asked_for_on_the_cpu_is_there(gpu):
    there = torch.ones(3, device=gpu)
    for tensor in [
        torch.zeros(3),
        torch.zeros(3, device="cpu"),
        torch.zeros_like(there, device="cpu"),
        there.new_zeros(3, device="cpu"),
        there.to("cpu"),
        there.cpu(),
        torch.tensor(there.tolist()),
    ]:
        assert type(tensor) is torch.Tensor
        assert tensor.device.type == "cpu"


def test_gradients_are_those_of_the_cpu(gpu):
    def make():
        torch.manual_seed(0)
        return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten())

    x = torch.rand(2, 1, 8, 8)
    on_cpu, on_gpu = make(), make().to(gpu)
    optimizer = torch.optim.Adam(on_gpu.parameters())
    for network, images in ((on_cpu, x), (on_gpu, x.to(gpu))):
        network(images).square().mean().backward()
    for here, there in zip(on_cpu.parameters(), on_gpu.parameters(), strict=True):
        assert isinstance(there, nn.Parameter)
        torch.testing.assert_close(there.grad.cpu(), here.grad)
    before = [p.detach().clone() for p in on_gpu.parameters()]
    optimizer.step()
    assert all(
        not torch.equal(a, b) for a, b in zip(before, on_gpu.parameters(), strict=True)
    )
    state = on_gpu.cpu().state_dict()
    assert all(type(tensor) is torch.Tensor for tensor in state.values())


def test_shared_parameters_stay_shared(gpu):
    net = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    net[1].weight = net[0].weight
    net.to(gpu)
    assert net[1].weight is net[0].weight


@pytest.mark.parametrize(
    ("mix", "message"),
    [
        (lambda x: x + torch.ones(3), "same device, .* cuda:0 and cpu"),
        (lambda x: torch.ones(3) * x, "same device"),
        (lambda x: torch.cat([x, torch.ones(3)]), "same device"),
        (lambda x: x[torch.arange(2)], "same device"),
        (lambda x: nn.Linear(3, 3)(x), "same device"),
        (lambda x: nn.functional.mse_loss(x, torch.ones(3)), "same device"),
        (lambda x: x.numpy(), "Use Tensor.cpu"),
        (np.asarray, "Use Tensor.cpu"),
        (lambda x: np.concatenate([x, x]), "Use Tensor.cpu"),
        (lambda x: x.bernoulli_(0.5, generator=torch.Generator()), "for generator"),
        (lambda x: x.normal_(generator=torch.Generator()), "for generator"),
        (
            lambda x: torch.rand(3, device="cuda", generator=torch.Generator()),
            "for generator",
        ),
        (lambda x: torch.rand(3, generator=torch.Generator("cuda")), "for generator"),
        (lambda x: x.pin_memory(), "cannot pin"),
        (lambda x: x.to("cuda:1"), "invalid device ordinal"),
        (lambda x: torch.empty(3, device="cuda:1"), "invalid device ordinal"),
    ],
)
def test_what_fails_on_a_gpu_fails(mix, message, gpu):
    with pytest.raises((RuntimeError, TypeError), match=message):
        mix(torch.ones(3, device=gpu))


def test_numbers_go_with_tensors_of_both(gpu):
    x = torch.ones(3, device=gpu)
    assert (x * torch.tensor(2.0) + 1).tolist() == [3, 3, 3]


def test_autocast(gpu):
    conv, x = nn.Conv2d(1, 2, 3).to(gpu), torch.ones(1, 1, 4, 4, device=gpu)
    with torch.autocast("cuda", dtype=torch.bfloat16):
        assert conv(x).dtype == torch.bfloat16
        with torch.autocast("cuda", enabled=False):
            assert conv(x).dtype == torch.float32
    with torch.autocast("cpu", enabled=False):
        assert conv(x).dtype == torch.float32
    with (
        torch.autocast("cpu", dtype=torch.bfloat16),
        pytest.raises(RuntimeError, match="autocast.'cpu'.*does nothing"),
    ):
        conv(x)


@pytest.mark.parametrize(
    "fetch",
    [
        float,
        bool,
        lambda x: x.item(),
        lambda x: x.tolist(),
        lambda x: x.cpu(),
        lambda x: x.to("cpu"),
        lambda x: x[None][x[None] > 0],
        lambda x: x.nonzero(),
        lambda x: torch.equal(x, x),
        lambda x: torch.ones(3).to("cuda"),
        lambda x: torch.ones(3).to("cuda", non_blocking=True),
        lambda x: torch.tensor([1.0], device="cuda"),
        lambda x: torch.cuda.synchronize(),
    ],
)
def test_nobody_waits(fetch, gpu):
    x = torch.ones((), device=gpu)
    fetch(x)
    with (
        nobody_waits("the loop"),
        pytest.raises(RuntimeError, match="waits for the device in the loop"),
    ):
        fetch(x)


def test_pinned_memory_keeps_nobody_waiting(gpu):
    with nobody_waits("the loop"):
        there = torch.ones(3).pin_memory().to(gpu, non_blocking=True)
        host = torch.empty(3, pin_memory=True)
        host.copy_(there, non_blocking=True)
        event = torch.cuda.Event()
        event.record()
    there.zero_()  # queued behind the copy
    assert not event.query()
    assert host.tolist() != [1, 1, 1]  # read too early
    event.synchronize()
    assert host.tolist() == [1, 1, 1]


def test_the_device_has_a_generator_of_its_own(gpu):
    before = torch.get_rng_state()
    torch.cuda.manual_seed(3)
    first = torch.rand(4, device=gpu), nn.functional.dropout(torch.ones(9).to(gpu))
    state = torch.cuda.get_rng_state()
    second = torch.rand(4, device=gpu)
    torch.cuda.set_rng_state(state)
    assert torch.equal(torch.rand(4, device=gpu), second)
    torch.cuda.manual_seed(3)
    assert torch.equal(torch.rand(4, device=gpu), first[0])
    assert torch.equal(nn.functional.dropout(torch.ones(9).to(gpu)), first[1])
    assert torch.equal(torch.get_rng_state(), before)
    own = torch.Generator(gpu).manual_seed(5)
    drawn = torch.empty(4, device=gpu).uniform_(generator=own)
    again = torch.rand(4, device=gpu, generator=own.manual_seed(5))
    assert own.device.type == "cuda"
    torch.testing.assert_close(drawn.cpu(), again.cpu())


def test_a_saved_tensor_needs_map_location(monkeypatch, tmp_path):
    with monkeypatch.context() as patch:
        pretend(patch)
        torch.save({"x": torch.arange(3, device="cuda")}, tmp_path / "x")
        loaded = torch.load(tmp_path / "x", map_location="cpu", weights_only=True)
    assert loaded["x"].tolist() == [0, 1, 2]
    if not torch.cuda.is_available():
        with pytest.raises(RuntimeError, match="on a CUDA device"):
            torch.load(tmp_path / "x", weights_only=True)


def test_memory_is_counted(gpu):
    before = torch.cuda.memory_allocated()
    kept = torch.zeros(256, device=gpu)
    view = kept[:128]
    assert torch.cuda.memory_allocated() == before + 1024
    del kept
    assert torch.cuda.memory_allocated() == before + 1024
    del view
    assert torch.cuda.memory_allocated() == before


def test_threads_pretend_as_well(gpu):
    found = []
    thread = threading.Thread(
        target=lambda: found.append(nn.Linear(2, 2).to(gpu)(torch.ones(1, 2).to(gpu)))
    )
    thread.start()
    thread.join()
    assert isinstance(found[0], DeviceTensor)


def test_a_pickle_outlives_the_device(samples, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        pretend(patch)
        clf = CXRClassifier(
            "test_resnet",
            weights=None,
            image_size=32,
            max_epochs=1,
            random_state=0,
            precision="float32",
            device="cuda",
            cache_dir=tmp_path,
        ).fit(*samples)
        expected = clf.predict_proba(samples[0])
        pickled = pickle.dumps(clf)
        clf.save(tmp_path / "model")
    if torch.cuda.is_available():
        pytest.skip("the machine has a CUDA device")
    with pytest.warns(UserWarning, match="device='cuda' is not available here"):
        loaded = pickle.loads(pickled)
    for each in (loaded, CXRClassifier.load(tmp_path / "model")):
        assert each.net_.device == torch.device("cpu")
        # Of other sizes of batches.
        np.testing.assert_allclose(each.predict_proba(samples[0]), expected, atol=1e-5)


# Faults planted in the library.


def test_a_target_left_on_the_cpu_is_found(trained, monkeypatch):
    trained()
    guarded = batches.Batches.__iter__
    for iterate, message in [
        # skorch copies it for the loss, in each batch; the score does not.
        (guarded, "a step of the training: values are copied"),
        (guarded.__wrapped__, "at least two devices"),
    ]:

        def with_fault(self, iterate=iterate):
            for inputs, (truth, weights) in iterate(self):
                yield inputs, (torch.zeros(len(truth), dtype=torch.int64), weights)

        monkeypatch.setattr(batches.Batches, "__iter__", with_fault)
        with pytest.raises(RuntimeError, match=message):
            trained()


def test_numpy_of_a_tensor_on_the_device_is_found(trained, samples, monkeypatch):
    clf = trained()
    clf.predict_proba(samples[0])
    monkeypatch.setattr(forward, "_leaving", lambda values: (values, None))
    with pytest.raises(TypeError, match="Use Tensor.cpu"):
        clf.predict_proba(samples[0])


def test_predictions_read_too_early_are_found(trained, samples, monkeypatch):
    clf = trained()
    expected = clf.predict_proba(samples[0])
    leaving = forward._leaving
    monkeypatch.setattr(forward, "_leaving", lambda values: (leaving(values)[0], None))
    assert np.isfinite(expected).all()
    with pytest.raises(ValueError, match="returns NaN or infinity"):
        clf.predict_proba(samples[0])


@pytest.mark.parametrize("trainable", ["head", "all"])
def test_a_generator_of_the_cpu_is_found(trainable, trained, monkeypatch):
    trained(dropout=0.5, trainable=trainable)
    use_generator = trainer.use_generator
    monkeypatch.setattr(
        trainer, "use_generator", lambda generator: use_generator(torch.Generator())
    )
    with pytest.raises(RuntimeError, match="'cuda' device type for generator"):
        trained(dropout=0.5, trainable=trainable)


def test_noise_of_the_cpu_is_found(trained, monkeypatch):
    trained(augmentation=Augmentation(noise=0.1))
    monkeypatch.setattr(
        _augmentation,
        "keyed_normals",
        lambda state, shape, device, dtype: torch.randn(len(state), *shape),
    )
    with pytest.raises(RuntimeError, match="at least two devices"):
        trained(augmentation=Augmentation(noise=0.1))


@pytest.mark.parametrize("trainable", ["head", "all"])
def test_a_loss_fetched_in_each_batch_is_found(trainable, trained, monkeypatch):
    def with_fault(self, iterator, training, prefix, step_fn, **fit_params):
        if iterator is not None:
            losses = [float(step_fn(b, **fit_params)["loss"]) for b in iterator]
            self.history.record(f"{prefix}_loss", np.mean(losses))

    trained(trainable=trainable)
    monkeypatch.setattr(net.TrainingNet, "run_single_epoch", with_fault)
    with pytest.raises(RuntimeError, match="a step of the training: a number is"):
        trained(trainable=trainable)


@pytest.mark.parametrize("trainable", ["head", "all"])
def test_the_wrong_autocast_is_found(trainable, trained, monkeypatch):
    settings = {"precision": "bfloat16", "trainable": trainable}
    trained(**settings)

    def with_fault(device, dtype):
        return torch.autocast("cpu", dtype=dtype, enabled=dtype is not None)

    monkeypatch.setattr(net, "autocast", with_fault)
    monkeypatch.setattr(forward, "autocast", with_fault)
    with pytest.raises(RuntimeError, match="autocast.'cpu'.*does nothing"):
        trained(**settings, feature_cache=None)


@pytest.mark.skipif(torch.cuda.is_available(), reason="loads where there is a GPU")
def test_a_checkpoint_without_map_location_is_found(trained, tmp_path, monkeypatch):
    trained(checkpoint_dir=tmp_path)
    load = torch.load

    def with_fault(path, map_location, **settings):
        return load(path, **settings)

    monkeypatch.setattr(run_record.torch, "load", with_fault)
    with pytest.raises(WeightsError, match="damaged"):
        trained(checkpoint_dir=tmp_path)
