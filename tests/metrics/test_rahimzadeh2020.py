"""Published counts must give the published scores.

Where the paper is not consistent with itself is listed in ``data``: the entries that
are cut off instead of rounded in `rahimzadeh2020_scores.csv` (column `note`), the
size of the third fold in `rahimzadeh2020_counts.csv`.
"""

import csv
from collections import defaultdict
from pathlib import Path

import pytest

from cxrclf.metrics import fold_summary, table_from_counts

DATA = Path(__file__).parent / "data"
CLASSES = ["covid", "pneumonia", "normal"]
NETWORKS = ["Xception", "ResNet50V2", "Concatenated"]
FOLDS = ["1", "2", "3", "4", "5"]


def read_published(name):
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


@pytest.fixture(scope="module")
def published_tables():
    counts = defaultdict(dict)
    for line in read_published("rahimzadeh2020_counts.csv"):
        counts[line["fold"], line["network"]][line["class"]] = line
    return {
        key: table_from_counts(
            CLASSES,
            **{
                what: [int(of_class[name][what]) for name in CLASSES]
                for what in ("correct", "missed", "wrong")
            },
        )
        for key, of_class in counts.items()
    }


def test_every_network_and_fold_is_there(published_tables):
    assert set(published_tables) == {(f, n) for f in FOLDS for n in NETWORKS}


def test_size_of_the_test_sets(published_tables):
    # "only 31 cases of COVID-19 and 11271 cases from the other two classes" in every
    # fold: the counts of fold 3 hold 30.
    for (fold, _), table in published_tables.items():
        covid = 30 if fold == "3" else 31
        assert table["covid", "support"] == covid
        assert table["macro average", "support"] == covid + 11271


def test_counts_give_the_printed_scores(published_tables):
    summaries = {
        network: fold_summary([published_tables[fold, network] for fold in FOLDS])
        for network in NETWORKS
    }
    printed = read_published("rahimzadeh2020_scores.csv")
    assert len(printed) == 195
    cut_off = []
    for line in printed:
        fold, network = line["fold"], line["network"]
        if fold == "mean":
            scores, overall = summaries[network], summaries[network].overall
        else:
            scores = published_tables[fold, network]
            overall = scores.overall
        if line["class"] == "all":
            score = overall[line["score"]]
        else:
            score = scores[line["class"], line["score"]]
        value = score.mean if fold == "mean" else score
        hundredths = round(10_000 * value)
        if line["note"] == "cut off":
            cut_off.append(line)
            hundredths -= 1
        assert f"{hundredths / 100:.2f}" == line["printed"], line

    assert len(cut_off) == 54
    assert all(
        line["score"] in ("sensitivity", "precision") or line["class"] == "all"
        for line in cut_off
    )


def test_headline_scores(published_tables):
    # "99.50% [accuracy], and 80.53% sensitivity for the COVID-19 class, and an
    # overall accuracy equal to 91.4%": 80.54 and 91.41 when rounded.
    summary = fold_summary([published_tables[fold, "Concatenated"] for fold in FOLDS])
    assert summary["covid", "accuracy"].mean == pytest.approx(0.9950, abs=5e-5)
    assert summary["covid", "sensitivity"].mean == pytest.approx(0.80538, abs=5e-6)
    assert summary.overall["accuracy"].mean == pytest.approx(0.91407, abs=5e-6)
