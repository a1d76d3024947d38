"""A saved model's folder: whole at any moment, and nothing else is believed."""

import errno
import hashlib
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from cxrclf import Augmentation, CXRClassifier, DualBackboneConcat, UNetSegmenter
from cxrclf._estimators import model_folder
from cxrclf._utils import files
from cxrclf.exceptions import WeightsError

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX only")


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (8, 32, 32), dtype=np.uint8)


@pytest.fixture(scope="module")
def models(images):
    """Two models, of other classes and weights."""
    return [
        CXRClassifier(
            "test_resnet",
            weights=None,
            max_epochs=1,
            random_state=seed,
            augmentation=Augmentation(rotation=5),
            class_weight={labels[0]: 2.0},
        ).fit(images, labels * 4)
        for seed, labels in enumerate((["a", "b"], ["c", "d"]))
    ]


@pytest.fixture
def folder(models, tmp_path):
    models[0].save(tmp_path / "model")
    return tmp_path / "model"


def described(folder):
    return json.loads((folder / "model.json").read_text())


def weights_of(folder):
    return folder / described(folder)["weights"]["file"]


def seal(description):
    """Give a description the digest of its content."""
    rest = {key: value for key, value in description.items() if key != "blake2b"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return {**rest, "blake2b": hashlib.blake2b(text.encode()).hexdigest()}


def replace_weights(folder, content):
    """Put other bytes in the place of the weights, and let the description fit."""
    weights_of(folder).write_bytes(content)
    text = described(folder)
    text["weights"]["blake2b"] = hashlib.blake2b(content).hexdigest()
    text["weights"]["bytes"] = len(content)
    (folder / "model.json").write_text(json.dumps(seal(text)))


def assert_same_model(a, b):
    assert a.classes_.tolist() == b.classes_.tolist()
    states = [model.net_.module_.state_dict() for model in (a, b)]
    assert states[0].keys() == states[1].keys()
    assert all(states[0][name].equal(states[1][name]) for name in states[0])


# Whole at any moment ------------------------------------------------------------------

_KILLED_AT_EACH_STEP = """
import itertools, json, os, signal, sys
from pathlib import Path
import numpy as np
from cxrclf import CXRClassifier

folder = Path(sys.argv[1])
X = np.random.default_rng(0).integers(0, 256, (8, 32, 32), dtype=np.uint8)
old, new = (
    CXRClassifier("test_resnet", weights=None, max_epochs=1, random_state=seed,
                  n_threads=1, feature_cache=None).fit(X, labels * 4)
    for seed, labels in enumerate((["a", "b"], ["c", "d"]))
)
step = 0
os.fsync = lambda descriptor: None  # a kill loses nothing that was written

def kill_at(last):
    def hook(event, args):
        global step
        if event in ("open", "os.listdir", "os.mkdir", "os.remove", "os.rename") and (
            str(folder) in str(args)
        ):
            step += 1
            if step > last:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)

seen = []
for last in itertools.count():
    old.save(folder)
    assert len(os.listdir(folder)) == 2, os.listdir(folder)
    child = os.fork()
    if child == 0:
        kill_at(last)
        new.save(folder)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    found = CXRClassifier.load(folder)
    wanted = old if found.classes_.tolist() == ["a", "b"] else new
    state = wanted.net_.module_.state_dict()
    for name, tensor in found.net_.module_.state_dict().items():
        assert tensor.equal(state[name]), name
    seen.append("ab" if wanted is old else "cd")
    if status == 0:
        break
    assert os.WTERMSIG(status) == signal.SIGKILL
print(*seen)
"""


@posix
def test_a_save_killed_at_any_step_leaves_the_old_or_the_new_model(tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _KILLED_AT_EACH_STEP, tmp_path / "m"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = done.stdout.split()
    assert seen == sorted(seen)  # the old one up to a step, then the new one
    assert seen.count("ab") > 3
    assert seen.count("cd") > 3


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_save_that_fails_keeps_the_old_model(failing, models, folder, monkeypatch):
    def fail(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = sorted(folder.iterdir())
    with monkeypatch.context() as patch:
        patch.setattr(files.os, failing, fail)
        with pytest.raises(OSError, match="Free space on its disk") as caught:
            models[1].save(folder)
    assert caught.value.errno == errno.ENOSPC
    assert str(folder) in str(caught.value)
    assert sorted(folder.iterdir()) == before
    assert_same_model(CXRClassifier.load(folder), models[0])


@posix
def test_a_full_disk_is_named_and_nothing_is_left(models, folder, tmp_path):
    import resource

    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, limit[1]))
    try:
        for target in (folder, tmp_path / "new"):
            with pytest.raises(OSError, match="Free space on its disk") as caught:
                models[1].save(target)
            assert caught.value.errno == errno.EFBIG
            assert str(target) in str(caught.value)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert list((tmp_path / "new").iterdir()) == []
    assert_same_model(CXRClassifier.load(folder), models[0])


def test_an_interrupt_after_the_replacement_keeps_the_new_model(
    models, folder, monkeypatch
):
    replace = os.replace

    def interrupted(*args):
        replace(*args)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            models[1].save(folder)
    assert len(list(folder.iterdir())) == 2
    assert_same_model(CXRClassifier.load(folder), models[1])


@posix
@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_is_named_by_a_save(make, models, tmp_path):
    make(tmp_path / "model.json")
    text = r"Not a regular file\. It is in the way: remove .*model\.json'$"
    with pytest.raises(OSError, match=text):
        models[0].save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["model.json"]


def test_other_files_in_the_folder_stay(models, folder):
    for name in ("notes.txt", "weights.safetensors", "weights-1.safetensors"):
        (folder / name).write_text("precious")
    (folder / "weights-0123456789abcdef.safetensors").write_text("of a killed save")
    models[1].save(folder)
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [
            "model.json",
            "notes.txt",
            "weights-1.safetensors",
            "weights.safetensors",
            weights_of(folder).name,
        ]
    )


@posix
def test_weights_that_another_save_is_writing_stay(models, folder):
    with files.new_file(folder, "weights-", ".safetensors") as path:
        models[1].save(folder)
        assert path.exists()
    models[1].save(folder)
    assert not path.exists()


def test_a_load_during_a_save_finds_the_new_model(models, folder, monkeypatch):
    parse = model_folder._parsed

    def overtaken(path, text):
        monkeypatch.setattr(model_folder, "_parsed", parse)
        models[1].save(folder)
        return parse(path, text)

    monkeypatch.setattr(model_folder, "_parsed", overtaken)
    assert_same_model(CXRClassifier.load(folder), models[1])


def test_a_load_does_not_wait_for_ever(models, folder, monkeypatch):
    parse = model_folder._parsed

    def overtaken(path, text):
        models[1].save(folder)
        return parse(path, text)

    monkeypatch.setattr(model_folder, "_TRIES", 3)
    monkeypatch.setattr(model_folder, "_parsed", overtaken)
    with pytest.raises(WeightsError, match="saved to all the time"):
        CXRClassifier.load(folder)


def test_a_folder_of_the_first_format_is_loaded_and_replaced(models, folder):
    text = described(folder)
    weights_of(folder).rename(folder / "weights.safetensors")
    text["weights"] |= {"file": "weights.safetensors"}
    del text["weights"]["bytes"], text["blake2b"]
    text["params"]["cache_dir"] = "/of/the/trainer"
    (folder / "model.json").write_text(json.dumps({**text, "format": 1}))
    loaded = CXRClassifier.load(folder)
    assert_same_model(loaded, models[0])
    assert loaded.cache_dir is None
    models[1].save(folder)
    assert not (folder / "weights.safetensors").exists()
    assert_same_model(CXRClassifier.load(folder), models[1])


# Nothing else is believed -------------------------------------------------------------


def refused(folder, match=None):
    with pytest.raises(WeightsError, match=match):
        CXRClassifier.load(folder, device="cpu")


def test_a_folder_without_a_model_is_refused(folder, tmp_path):
    refused(tmp_path / "nowhere", r"model\.json is missing")
    refused(folder / "model.json", r"model\.json is missing")
    weights_of(folder).unlink()
    refused(folder, r"safetensors is missing")


@pytest.mark.parametrize("name", ["model.json", "weights"])
@pytest.mark.parametrize("kind", ["folder", "pipe", "dangling", "to a pipe", "loop"])
@posix
def test_what_is_no_file_is_refused(kind, name, folder, tmp_path):
    path = weights_of(folder) if name == "weights" else folder / name
    path.unlink()
    os.mkfifo(tmp_path / "pipe")
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        targets = {"dangling": "nowhere", "to a pipe": tmp_path / "pipe", "loop": path}
        path.symlink_to(targets[kind])
    with pytest.raises((WeightsError, OSError), match=path.name):
        CXRClassifier.load(folder)


def test_a_link_to_a_saved_file_is_followed(models, folder, tmp_path):
    for path in list(folder.iterdir()):
        path.rename(tmp_path / path.name)
        path.symlink_to(tmp_path / path.name)
    assert_same_model(CXRClassifier.load(folder), models[0])


@posix
@pytest.mark.skipif(
    sys.platform != "win32" and os.geteuid() == 0, reason="root may read everything"
)
def test_a_file_without_permission_is_named(folder):
    (folder / "model.json").chmod(0)
    with pytest.raises(PermissionError, match=r"model\.json"):
        CXRClassifier.load(folder)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{ half",
        b"\xff\xfe{}",
        b"null",
        b"[]",
        b'"text"',
        b"1" * 10_000,
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"format": 2}',
        b'{"format": null, "weights": 1}',
        b'{"format": 2, "params": [], "weights": {}}',
        b'{"format": 1, "params": {}, "weights": {"file": 1, "blake2b": ""}}',
        b'{"format": 1, "params": {}, "weights": {"file": "../m", "blake2b": ""}}',
        b'{"format": 1, "params": {}, "weights": {"file": "/etc/a", "blake2b": ""}}',
    ],
)
def test_a_description_of_any_content_is_refused(content, folder):
    (folder / "model.json").write_bytes(content)
    refused(folder)


def test_a_huge_description_is_refused_unread(folder):
    with (folder / "model.json").open("r+b") as file:
        file.truncate(2**40)
    refused(folder, "bytes")


def test_a_newer_format_is_refused(folder):
    (folder / "model.json").write_text(json.dumps({**described(folder), "format": 99}))
    refused(folder, "has format 99")


def test_another_estimator_is_refused_and_named(folder):
    for cls in (DualBackboneConcat, UNetSegmenter):
        with pytest.raises(WeightsError, match="saved by CXRClassifier"):
            cls.load(folder)


EDITS = {
    "no estimator": lambda d: d.pop("estimator"),
    "another estimator": lambda d: d.update(estimator=["UNetSegmenter"]),
    "no params": lambda d: d.pop("params"),
    "params of another type": lambda d: d.update(params=[1]),
    "no fitted": lambda d: d.pop("fitted"),
    "fitted of another type": lambda d: d.update(fitted=[1]),
    "unknown parameter": lambda d: d["params"].update(zzz=1),
    "a parameter that is no name": lambda d: d["params"].update({"a b": 1}),
    "parameter out of range": lambda d: d["params"].update(batch_size=-1),
    "parameter of another type": lambda d: d["params"].update(batch_size="x"),
    "parameter that is not a number": lambda d: d["params"].update(
        dropout=float("nan")
    ),
    "parameter that is a mapping": lambda d: d["params"].update(verbose={"a": 1}),
    "parameter that cannot be hashed": lambda d: d["params"].update(
        class_weight={"items": [[{"items": []}, 1]]}
    ),
    "deep parameter": lambda d: d["params"].update(class_weight=nested(200)),
    "too many stages": lambda d: d["params"].update(trainable=99),
    "image size": lambda d: d["params"].update(image_size=[1, 2, 3]),
    "other backbone": lambda d: d["params"].update(backbone="test_efficientnet"),
    "unknown backbone": lambda d: d["params"].update(backbone="zzz"),
    "other head": lambda d: d["params"].update(hidden_units=7),
    "unknown augmentation": lambda d: d["params"].update(
        augmentation={"Augmentation": {"zzz": 1}}
    ),
    "augmentation out of range": lambda d: d["params"].update(
        augmentation={"Augmentation": {"rotation": -1}}
    ),
    "augmentation that is none": lambda d: d["params"].update(
        augmentation={"Augmentation": 1}
    ),
    "no classes": lambda d: d["fitted"].pop("classes"),
    "more classes": lambda d: d["fitted"]["classes"].update(values=["a", "b", "c"]),
    "equal classes": lambda d: d["fitted"]["classes"].update(values=["a", "a"]),
    "one class": lambda d: d["fitted"]["classes"].update(values=["a"]),
    "classes of another type": lambda d: d["fitted"]["classes"].update(dtype="<i8"),
    "classes cut off": lambda d: d["fitted"].update(
        classes={"values": ["aa", "ab"], "dtype": "<U1"}
    ),
    "classes of a huge type": lambda d: d["fitted"]["classes"].update(
        dtype="<U999999999"
    ),
    "nested classes": lambda d: d["fitted"].update(
        classes={"values": [["a"], ["b"]], "dtype": "|O"}
    ),
    "no image size": lambda d: d["fitted"].pop("image_size"),
    "negative image size": lambda d: d["fitted"].update(image_size=[-1, 32]),
    "input shape": lambda d: d["fitted"].update(input_shape=[32]),
    "other channels": lambda d: d["fitted"].update(input_shape=[32, 32, 5]),
    "history": lambda d: d["fitted"].update(history={"epoch": "x"}),
    "epochs": lambda d: d["fitted"].update(n_epochs=1.5),
    "attribute of Python": lambda d: d["fitted"].update(__class_="x"),
    "the net": lambda d: d["fitted"].update(net="x"),
    "no weights": lambda d: d.pop("weights"),
    "weights elsewhere": lambda d: d["weights"].update(file="../weights.safetensors"),
    "weights of another size": lambda d: d["weights"].update(bytes=10),
    "weights of no size": lambda d: d["weights"].update(bytes="x"),
    "weights of no digest": lambda d: d["weights"].update(blake2b=None),
}


def nested(depth):
    return [nested(depth - 1)] if depth else []


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("name", EDITS)
def test_a_description_that_was_changed_is_refused(name, sealed, folder):
    text = described(folder)
    EDITS[name](text)
    text = seal(text) if sealed else text
    (folder / "model.json").write_text(json.dumps(text))
    refused(folder)


@pytest.mark.parametrize(
    "edit",
    [
        lambda d: d["fitted"]["classes"].update(values=["b", "a"]),
        lambda d: d["params"].update(learning_rate=0.5),
        lambda d: d["preprocessing"].update(normalization=None),
        lambda d: d["versions"].update(torch="1.0"),
        lambda d: d["fitted"]["history"]["train_loss"].append(0.0),
        lambda d: d.update(note="new"),
        lambda d: d.pop("blake2b"),
    ],
)
def test_the_digest_covers_the_whole_description(edit, folder):
    text = described(folder)
    edit(text)
    (folder / "model.json").write_text(json.dumps(text))
    refused(folder, "damaged or not written by save")


def test_a_description_may_be_formatted_in_another_way(models, folder):
    text = dict(reversed(described(folder).items()))
    (folder / "model.json").write_text(json.dumps(text, ensure_ascii=False))
    assert_same_model(CXRClassifier.load(folder), models[0])


@pytest.mark.parametrize("size", [0, 7, 100, -1])
@pytest.mark.parametrize("sealed", [False, True])
def test_weights_that_are_cut_off_are_refused(size, sealed, folder):
    content = weights_of(folder).read_bytes()[:size]
    if sealed:
        replace_weights(folder, content)
    else:
        weights_of(folder).write_bytes(content)
    refused(folder, "safetensors")


def change_first(tensors, change):
    name = next(name for name in tensors if name.endswith("conv1.weight"))
    return {**tensors, name: change(tensors[name])}


@pytest.mark.parametrize(
    "edit",
    [
        lambda t: dict(list(t.items())[1:]),
        lambda t: {**t, "new": next(iter(t.values())).clone()},
        lambda t: change_first(t, lambda tensor: tensor[:1].clone()),
        lambda t: change_first(t, lambda tensor: tensor.long()),
        lambda t: {},
    ],
)
def test_weights_of_another_network_are_refused(edit, folder):
    tensors = load_file(weights_of(folder))
    save_file(edit(tensors), folder / "other")
    content = (folder / "other").read_bytes()
    (folder / "other").unlink()
    replace_weights(folder, content)
    refused(folder, "holds no model that CXRClassifier can load")


@posix
def test_a_saved_model_may_be_read_by_others_as_other_files(folder):
    (folder / "usual").write_text("")
    assert len({stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}) == 1


def test_a_name_of_a_folder_may_be_relative(models, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    models[0].save(Path("a/model"))
    models[1].save("a/model")
    assert_same_model(CXRClassifier.load("a/model"), models[1])
