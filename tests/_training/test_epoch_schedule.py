"""Rows of an epoch: phases, and batches drawn evenly over the classes."""

import numpy as np
import torch

from cxrclf import Augmentation
from cxrclf._training.batches import Batches
from cxrclf._training.data import TrainingData
from cxrclf._training.epoch_schedule import EpochSchedule, balanced_order
from cxrclf._training.pixels import InputFormat
from cxrclf._training.samples import PixelSamples
from cxrclf._training.targets import ClassTargets
from cxrclf.augmentation import Copies
from cxrclf.images import ArrayImages

CODES = np.repeat([0, 1, 2], [3, 17, 31])


def test_any_stretch_is_even_over_the_classes():
    for epoch in range(4):
        drawn = CODES[balanced_order(CODES, 0, epoch)]
        assert len(drawn) == len(CODES)
        for size in (3, 8, 10):
            for start in range(len(drawn) - size):
                counts = np.bincount(drawn[start : start + size], minlength=3)
                assert counts.max() - counts.min() <= 1


def test_no_sample_comes_again_before_all_of_its_class():
    drawn = np.concatenate([balanced_order(CODES, 0, epoch) for epoch in range(9)])
    for code in range(3):
        deck = np.flatnonzero(code == CODES)
        mine = drawn[CODES[drawn] == code]
        for start in range(0, len(mine) - len(deck), len(deck)):
            assert set(mine[start : start + len(deck)]) == set(deck)
        rounds = [mine[: len(deck)].tolist(), mine[len(deck) : 2 * len(deck)].tolist()]
        assert rounds[0] != rounds[1]


def test_the_order_is_decided_by_seed_and_epoch():
    order = balanced_order(CODES, 3, 5)
    np.testing.assert_array_equal(balanced_order(CODES, 3, 5), order)
    assert (balanced_order(CODES, 4, 5) != order).any()
    assert (balanced_order(CODES, 3, 6) != order).any()


def samples_of(phases=None, **settings):
    phases = phases or ((np.arange(51), np.ones(51)),)
    array = np.random.default_rng(0).integers(0, 256, (51, 8, 8), dtype=np.uint8)
    images = ArrayImages(array)
    schedule = EpochSchedule(phases, **settings)
    return PixelSamples(
        TrainingData(images, Copies(images), ClassTargets(CODES), schedule),
        InputFormat((8, 8), torch.device("cpu"), torch.float32),
        augmentation=Augmentation(rotation=90),
    )


def test_batches_are_even_and_repeats_have_views_of_their_own():
    data = samples_of(strata=CODES)
    data.begin_epoch(0)
    batches = Batches(data, 9, torch.device("cpu"), torch.float32, shuffle=True)
    views = []
    for inputs, (codes, _) in batches:
        assert codes.bincount(minlength=3).tolist() == [3, 3, 3] or len(codes) < 9
        views.extend(inputs["images"][codes == 0])
    assert len(views) == 17  # of three images
    assert len({view.numpy().tobytes() for view in views}) == 17


def test_phases_follow_each_other():
    first, second = np.arange(10), np.arange(20, 26)
    data = samples_of(
        phases=((first, np.full(10, 2.0)), (second, np.full(6, 3.0))),
        epochs=2,
        first_epoch=4,
    )
    seen = []
    for epoch in range(4, 8):
        data.begin_epoch(epoch)
        seen.append((data.rows.tolist(), set(data.weights)))
        truth = data.truth(np.arange(len(data)))
        np.testing.assert_array_equal(truth, CODES[data.rows])
    assert seen == [
        (first.tolist(), {2.0}),
        (first.tolist(), {2.0}),
        (second.tolist(), {3.0}),
        (second.tolist(), {3.0}),
    ]
    assert data.data.schedule.all_rows().tolist() == [*first, *second]


def test_each_phase_deals_its_own_decks():
    """A phase begins with whole decks, whatever the phases before drew."""
    codes = np.repeat([0, 1, 2], [5, 23, 40])
    parts = [np.r_[:5, 5 + k : 28 : 2, 28 + 13 * k : 41 + 13 * k] for k in range(3)]
    schedule = EpochSchedule(
        tuple((part, np.ones(len(part))) for part in parts),
        epochs=2,
        first_epoch=7,
        strata=codes,
    )
    starts = []
    for phase, part in enumerate(parts):
        drawn = np.concatenate(
            [schedule.rows_of(7 + 2 * phase + e)[0] for e in range(2)]
        )
        assert set(drawn) <= set(part)
        for code in range(3):
            deck = part[codes[part] == code]
            mine = drawn[codes[drawn] == code]
            whole = len(mine) // len(deck) * len(deck)
            assert whole
            counts = np.unique(mine[:whole], return_counts=True)[1]
            assert counts.tolist() == [whole // len(deck)] * len(deck)
        starts.append(drawn[codes[drawn] == 0][:5].tolist())
    assert len({tuple(start) for start in starts}) > 1


def test_a_deck_of_one_among_many_is_dealt_at_once():
    order = balanced_order(np.r_[0, np.ones(10_000, int)], 0, 3)
    assert np.bincount(order)[0] in (5000, 5001)
