"""Fits in threads and forked processes: the results of serial fits."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch
from joblib import parallel_config
from sklearn.base import clone
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    cross_val_predict,
    cross_validate,
)

from cxrclf import Augmentation

SETTINGS = {
    "frozen": {"trainable": "head", "feature_cache": None, "dropout": 0.4},
    "whole": {"trainable": "all", "dropout": 0.4},
    "views": {"trainable": "all", "augmentation": Augmentation(rotation=10, noise=0.1)},
    "path dropout": {"backbone": "fasternet_t1", "trainable": 1},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_fits_in_threads_are_those_in_turn(radiographs, small_classifier, name):
    X, y = radiographs.images, radiographs.target
    clf = small_classifier(n_threads=1, max_epochs=1)
    clf.set_params(**SETTINGS[name])
    expected = cross_val_predict(clf, X, y, cv=3, method="predict_proba")
    torch.manual_seed(1)
    before = torch.get_rng_state()
    with parallel_config(backend="threading", n_jobs=3):
        found = cross_val_predict(clf, X, y, cv=3, method="predict_proba")
    np.testing.assert_array_equal(found, expected)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("trainable", ["head", "all"])
def test_a_nested_search_in_workers_is_that_in_turn(
    radiographs, small_classifier, trainable
):
    X, y = radiographs.images, radiographs.target
    clf = small_classifier(
        trainable=trainable, dropout=0.4, n_threads=1, max_epochs=1, feature_cache=None
    )

    def search(n_jobs):
        # In a worker, joblib turns the inner level into threads.
        grid = GridSearchCV(
            clf,
            {"learning_rate": [1e-2, 1e-3, 1e-4]},
            cv=StratifiedKFold(2),
            scoring="neg_log_loss",
            n_jobs=n_jobs,
        )
        found = cross_validate(
            grid, X, y, cv=StratifiedKFold(2), n_jobs=n_jobs, return_estimator=True
        )["estimator"]
        return [grid.cv_results_["mean_test_score"] for grid in found]

    np.testing.assert_array_equal(search(2), search(1))


def test_dropout_is_drawn_and_repeatable(radiographs, small_classifier):
    X, y = radiographs.images, radiographs.target
    clf = small_classifier(n_threads=1, dropout=0.5, trainable="head")
    first = clf.fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(clone(clf).fit(X, y).predict_proba(X), first)
    without = clone(clf).set_params(dropout=0.0).fit(X, y).predict_proba(X)
    assert np.abs(without - first).max() > 1e-6


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
@pytest.mark.parametrize("n_threads", [1, 2, None])
def test_a_forked_process_predicts_and_trains(n_threads):
    code = textwrap.dedent(f"""
        import multiprocessing as mp
        import warnings
        import numpy as np
        import torch
        from sklearn.base import clone
        from cxrclf import CXRClassifier
        from cxrclf.preprocessing import TotalVariationDenoiser

        torch.set_num_threads(2)  # so that OpenMP has threads to lose
        X = np.random.default_rng(0).integers(0, 256, (24, 48, 48), dtype=np.uint8)
        y = np.arange(24) % 2

        def predict(clf):
            return clf.predict_proba(X)

        def predict_one(clf):
            return clf.predict_proba(X[:1])

        def fit(clf):
            return clone(clf).fit(X, y).predict_proba(X)

        def denoise(clf):
            return TotalVariationDenoiser(max_iter=5).transform(X)

        clf = CXRClassifier("test_resnet", weights=None, image_size=32, max_epochs=1,
                            trainable="all", random_state=0, device="cpu",
                            n_threads={n_threads}, feature_cache=None,
                            precision="float32")
        warnings.simplefilter("ignore")  # of a fork beside threads; of convergence
        clf.fit(X, y)
        torch.ones(10**6).exp()  # by both threads
        for work in (predict, predict_one, fit, denoise):
            with mp.get_context("fork").Pool(1) as pool:
                found = pool.apply_async(work, (clf,)).get(timeout=60)
                np.testing.assert_allclose(found, work(clf), atol=1e-4)
        assert torch.get_num_threads() == 2
    """)
    subprocess.run([sys.executable, "-c", code], check=True, timeout=240)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_a_process_forked_beside_a_working_thread_does_not_wait():
    """Locks that the thread holds at that moment have no holder in the child."""
    code = textwrap.dedent("""
        import os, signal, threading, time, warnings
        import numpy as np
        from cxrclf import CXRClassifier
        from cxrclf._training.allocator import keep_memory

        warnings.simplefilter("ignore")  # of a fork beside threads
        X = np.random.default_rng(0).integers(0, 256, (20, 32, 32), dtype=np.uint8)
        clf = CXRClassifier("test_resnet", weights=None, image_size=32, max_epochs=1,
                            random_state=0, device="cpu", n_threads=1)
        clf.fit(X, np.arange(20) % 2)
        expected = clf.predict_proba(X)
        stop = threading.Event()

        def work():
            while not stop.is_set():
                with keep_memory():
                    clf.predict_proba(X)

        thread = threading.Thread(target=work)
        thread.start()
        for i in range(20):
            time.sleep(0.003 * (i % 7))
            child = os.fork()
            if child == 0:
                signal.alarm(60)  # ends it with a signal
                with keep_memory():
                    right = (clf.predict_proba(X) == expected).all()
                os._exit(0 if right else 1)
            assert os.waitpid(child, 0)[1] == 0, i
        stop.set()
        thread.join()
    """)
    subprocess.run([sys.executable, "-c", code], check=True, timeout=240)
