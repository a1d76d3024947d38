"""Tables, findings and sentences of a leakage report."""

import numpy as np

from cxrclf.audit._copy_sources import CopySources
from cxrclf.audit._finding import Finding
from cxrclf.audit._leaks import find_leaks, find_mixed, label_copies
from cxrclf.audit._report_table import ReportTable, format_estimate
from cxrclf.audit._summary_scores import summarize

_SHOWN = 3  # names in a sentence
_FEW = 10  # images of a class


class LeakageAudit:
    """Leaks of some splits, and contradictions of labels.

    Parameters
    ----------
    names : list of str
        Name of each row.
    y : ndarray of shape (n,)
        Class of each row.
    groups : ndarray of shape (n,) or None
        Patient of each row.
    duplicates : DuplicateReport, ndarray of shape (n,) or None
        Copies among the rows.
    splits : list of (train, test)
        Row numbers of each split.
    """

    def __init__(self, names, y, groups, duplicates, splits):
        self.names = names
        self.y = y
        self.groups = groups
        self.pairs = getattr(duplicates, "pairs", None)
        self.copies, self.exact = label_copies(duplicates, len(y))
        self.splits = splits
        self.leaks = [
            find_leaks(train, test, groups, self.copies, self.exact)
            for train, test in splits
        ]

    @property
    def affected(self):
        """Rows of the affected test samples, sorted."""
        rows = [leaks.test[leaks.affected] for leaks in self.leaks]
        return np.unique(np.concatenate(rows)) if rows else np.array([], int)

    def count(self):
        """Return a table with the number of affected test samples per split."""
        if not self.leaks:
            return None
        columns = {
            "split": range(1, len(self.leaks) + 1),
            "n_train": [leaks.n_train for leaks in self.leaks],
            "n_test": [len(leaks.test) for leaks in self.leaks],
        }
        if self.groups is not None:
            columns["same_patient"] = [int(k.same_patient.sum()) for k in self.leaks]
        if self.exact is not None:
            columns["exact_copy"] = [int(k.exact_copy.sum()) for k in self.leaks]
        if self.copies is not None:
            name = "copy" if self.exact is None else "near_copy"
            columns[name] = [int(k.near_copy.sum()) for k in self.leaks]
        columns["affected"] = [int(k.affected.sum()) for k in self.leaks]
        return ReportTable(columns, "Test images that depend on training images.")

    def list_patients(self):
        """Return a table of the patients on both sides of a split."""
        if self.groups is None or not self.leaks:
            return None
        columns = {"split": [], "patient": [], "n_train": [], "n_test": []}
        for number, ((train, test), leaks) in enumerate(
            zip(self.splits, self.leaks, strict=True), start=1
        ):
            shared, n_test = np.unique(
                self.groups[test][leaks.same_patient], return_counts=True
            )
            patients, n_train = np.unique(self.groups[train], return_counts=True)
            columns["split"] += [number] * len(shared)
            columns["patient"] += shared.tolist()
            columns["n_train"] += n_train[np.searchsorted(patients, shared)].tolist()
            columns["n_test"] += n_test.tolist()
        return ReportTable(columns, "Patients with training images and test images.")

    def list_copies(self):
        """Return a table of the test samples that are copies of training samples."""
        if self.pairs is None or not self.leaks:
            return None
        columns = {name: [] for name in ("split", "test", "train", "kind")}
        columns |= {"correlation": [], "test_class": [], "train_class": []}
        sources = CopySources(self.pairs, self.copies, self.exact)
        for number, ((train, _), leaks) in enumerate(
            zip(self.splits, self.leaks, strict=True), start=1
        ):
            test = leaks.test[leaks.exact_copy | leaks.near_copy]
            for row, found in zip(test, sources.find(train, test), strict=True):
                values = (
                    number,
                    self.names[row],
                    self.names[found.row],
                    found.kind,
                    found.correlation,
                    str(self.y[row]),
                    str(self.y[found.row]),
                )
                for column, value in zip(columns.values(), values, strict=True):
                    column.append(value)
        return ReportTable(
            columns,
            "Test images that are copies of training images, each with one of them. "
            'If the kind is "linked", both images are copies of a third image.',
        )

    def list_contradictions(self):
        """Return a table of copies and of patients with several classes."""
        columns = {"what": [], "name": [], "classes": [], "n_images": []}
        for what, labels in (("image", self.copies), ("patient", self.groups)):
            if labels is None:
                continue
            order = np.argsort(labels, kind="stable")
            for label in find_mixed(labels, self.y).tolist():
                start, stop = (
                    np.searchsorted(labels, label, side, sorter=order)
                    for side in ("left", "right")
                )
                rows = order[start:stop]
                name = _join(self.names[row] for row in rows)
                columns["what"].append(what)
                columns["name"].append(name if what == "image" else str(label))
                columns["classes"].append(_join(np.unique(self.y[rows]).tolist()))
                columns["n_images"].append(len(rows))
        caption = "Images under two labels, and patients in two classes."
        return ReportTable(columns, caption)

    def find(self):
        """Return the findings, the most important first."""
        findings = [*self._find_patients(), *self._find_copies()]
        if self.copies is not None:
            mixed = find_mixed(self.copies, self.y)
            if len(mixed):
                findings.append(_describe_mixed_images(self, mixed))
            if self.groups is not None:
                strangers = find_mixed(self.copies, self.groups)
                if len(strangers):
                    findings.append(_describe_strangers(self, strangers))
        if self.groups is not None:
            mixed = find_mixed(self.groups, self.y)
            if len(mixed):
                findings.append(
                    Finding(
                        "labels",
                        "patient_in_two_classes",
                        f"{_count(len(mixed), 'patient has', 'patients have')} images "
                        f"of several classes: {_shorten(mixed.tolist())}.",
                        len(mixed),
                    )
                )
        return findings

    def read(self):
        """Return the sentences that explain the report."""
        if not self.leaks:
            sentences = ["No split was given, so only the labels were checked."]
        else:
            n = sum(len(leaks.test) for leaks in self.leaks)
            k = sum(int(leaks.affected.sum()) for leaks in self.leaks)
            what = "split" if len(self.leaks) == 1 else f"{len(self.leaks)} splits"
            sentences = [
                f"In the {what}, {k} of {n} test images "
                f"depend{'s' if k == 1 else ''} on training images."
            ]
        if self.groups is None:
            sentences.append(
                "Patients are not known, so other images of the same patient cannot be "
                "found."
            )
        if self.copies is None:
            sentences.append("Copies were not searched for.")
        return sentences

    def compare_scores(self, predictions):
        """Return a table of the scores with and without the affected samples.

        Parameters
        ----------
        predictions : Predictions
            Predictions of the test samples of all splits.
        """
        mask = self._mark(predictions)
        y = predictions.y_true
        # Scores of several classes are compared on the same classes.
        kept = np.isin(y, y[~mask]) if not mask.all() else np.ones(len(y), bool)
        parts = {"all": kept, "without": ~mask, "affected": mask}
        lines = [
            {
                "test_images": name,
                "n": int(part.sum()),
                "n_classes": len(np.unique(y[part])),
            }
            | summarize(predictions.subset(part))
            for name, part in parts.items()
            if part.any()
        ]
        columns = {name: [line[name] for line in lines] for name in lines[0]}
        lost = np.unique(y[~kept]).tolist()
        caption = (
            "Scores of all test images, without the affected ones, and of these alone."
        )
        if lost:
            caption += (
                f" All images of {_join(lost)} are affected. The first row does not "
                "contain them."
            )
        return ReportTable(columns, caption)

    def read_scores(self, table, predictions):
        """Return the sentences about the scores with and without leakage."""
        y = predictions.y_true[~self._mark(predictions)]
        counts = zip(*np.unique(y, return_counts=True), strict=True)
        few = {label: int(k) for label, k in counts if k < _FEW}
        scores = dict(
            zip(table["test_images"], table["balanced_accuracy"], strict=True)
        )
        if "affected" not in scores:
            return ["No test image is affected, so the score needs no correction."]
        if "without" not in scores:
            return ["All test images are affected. No score without leakage exists."]
        sentences = [
            "The balanced accuracy is "
            f"{format_estimate(scores['all'])} on all test images, and "
            f"{format_estimate(scores['without'])} without the affected ones."
        ]
        if few:
            counts = ", ".join(f"{k} of {label}" for label, k in few.items())
            sentences.append(
                f"Without the affected images, few remain of some classes ({counts}), "
                "so the second score is uncertain."
            )
        return sentences

    def _mark(self, predictions):
        """Return whether each prediction is of an affected sample."""
        affected = {
            (split, row)
            for split, leaks in enumerate(self.leaks)
            for row in leaks.test[leaks.affected].tolist()
        }
        keys = zip(predictions.fold.tolist(), predictions.rows.tolist(), strict=True)
        return np.array([key in affected for key in keys], bool)

    def _find_patients(self):
        if self.groups is None:
            return
        rows = [k.test[k.same_patient] for k in self.leaks]
        k = sum(map(len, rows))
        if not k:
            return
        patients = np.unique(self.groups[np.concatenate(rows)]).tolist()
        who = (
            "a patient who also has training images"
            if len(patients) == 1
            else f"{len(patients)} patients who also have training images"
        )
        yield Finding(
            "leakage",
            "patient_on_both_sides",
            f"{self._part_of_test(k)} of {who}: {_shorten(patients)}.",
            k,
        )

    def _find_copies(self):
        if self.copies is None:
            return
        k = sum(int((leaks.exact_copy | leaks.near_copy).sum()) for leaks in self.leaks)
        if not k:
            return
        rows = np.concatenate(
            [leaks.test[leaks.exact_copy | leaks.near_copy] for leaks in self.leaks]
        )
        names = [self.names[row] for row in np.unique(rows)]
        yield Finding(
            "leakage",
            "copy_on_both_sides",
            f"{self._part_of_test(k)} {'a copy' if k == 1 else 'copies'} of training "
            f"images: {_shorten(names)}.",
            k,
        )

    def _part_of_test(self, k):
        n = sum(len(leaks.test) for leaks in self.leaks)
        share = f"({100 * k / n:.1f} %)"
        return f"{k} of {n} test images {share} {'is' if k == 1 else 'are'}"


def _describe_mixed_images(audit, mixed):
    rows = np.flatnonzero(audit.copies == mixed[0])
    example = " and ".join(
        f"{audit.names[row]} ({audit.y[row]})" for row in rows[:2].tolist()
    )
    return Finding(
        "labels",
        "image_under_two_labels",
        f"{_count(len(mixed), 'image has', 'images have')} copies under several "
        f"labels, for example {example}.",
        len(mixed),
    )


def _describe_strangers(audit, strangers):
    rows = np.flatnonzero(audit.copies == strangers[0])
    ids = np.unique(audit.groups[rows]).tolist()
    kept = audit.leaks and not any(
        (leaks.exact_copy | leaks.near_copy).any() for leaks in audit.leaks
    )
    remedy = (
        "These splits keep copies together, so nothing has to be changed here. For "
        "other splits, join"
        if kept
        else "Before a split, join"
    )
    return Finding(
        "duplicates",
        "image_of_two_patients",
        f"{_count(len(strangers), 'image has', 'images have')} copies under several "
        f"patient ids, for example under {ids[0]} and {ids[1]}. {remedy} the patients "
        "with cxrclf.audit.link_groups.",
        len(strangers),
    )


def _count(n, one, many):
    return f"{n} {one if n == 1 else many}"


def _join(values):
    return ", ".join(map(str, values))


def _shorten(values):
    more = f" and {len(values) - _SHOWN} more" if len(values) > _SHOWN else ""
    return _join(values[:_SHOWN]) + more
