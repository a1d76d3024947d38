"""Report of the copies in a data set."""

import numpy as np

from cxrclf._utils.splitting import link_rows
from cxrclf.audit._contact_sheet import draw_contact_sheet
from cxrclf.audit._describe_copies import EXACT
from cxrclf.audit._finding import Finding
from cxrclf.audit._report import Report
from cxrclf.audit._report_table import ReportTable

_N_SHOWN, _N_MEMBERS = 100, 8  # groups and images per group with stored pictures
_N_DRAWN = 12


class DuplicateReport(Report):
    """Copies in a data set.

    :func:`find_duplicates` returns this object.

    Attributes
    ----------
    pairs : ReportTable
        Pairs of copies, with the columns

        - `row_a`, `row_b`: rows of the two images, the smaller row first;
        - `image_a`, `image_b`: file names, or "row 0", "row 1", ... for arrays;
        - `kind`: ``"exact"`` for the same pixels. Other kinds are "flipped",
          "inverted", "rotated", "cropped", "rescaled" and "gray levels", joined by
          " + " if there are several changes. ``"re-encoded"`` has none of them;
        - `correlation`: correlation of the fine details in the common region, without
          the 5 % of the pixels that differ most. It is 1 for exact copies.

        An exact copy has one pair only, with the first image that has its pixels.
    groups : list of ndarray of int
        Rows of each group of copies. Images that are linked through other images are in
        one group. A group has two or more rows.
    labels : ndarray of shape (n,) of int
        Group of each row. Copies have equal labels, and an image without copies has a
        label of its own.
    findings : tuple of Finding
        Findings of the kind "duplicates" with the codes `exact_copies` and
        `near_copies`.
    tables : dict of str to ReportTable
        The tables "pairs" and "groups".

    Examples
    --------
    >>> from cxrclf.audit import find_duplicates
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> X = make_chest_radiographs(8, n_patients=8, random_state=0).images
    >>> X[6] = 255 - X[1]
    >>> report = find_duplicates(X)
    >>> report.groups
    [array([1, 6])]
    >>> print(report.findings[0])
    duplicates: 1 image is a changed copy of another image (pairs: 1 inverted).
    >>> report.labels
    array([0, 1, 2, 3, 4, 5, 1, 6])
    """

    def __init__(self, pairs, names, sizes, thumbnails, paths=None):
        """Collect the copies of a data set.

        Parameters
        ----------
        pairs : sequence of (int, int, str, float)
            Rows, kind and correlation of each pair.
        names : sequence of str
            Name of each image.
        sizes : ndarray of shape (n, 2)
            Height and width of each image, 0 if unknown.
        thumbnails : ndarray of shape (n, 128, 128) of uint8
            Small images.
        paths : ndarray of shape (n,) of object, default=None
            Paths of the images, if they are files.
        """
        self._paths = paths
        columns = list(zip(*pairs, strict=True)) or [(), (), (), ()]
        rows_a, rows_b, kinds, correlations = columns
        self.pairs = ReportTable(
            {
                "row_a": rows_a,
                "row_b": rows_b,
                "kind": kinds,
                "correlation": correlations,
                "image_a": [names[row] for row in rows_a],
                "image_b": [names[row] for row in rows_b],
            },
            "Pairs of copies, and the correlation of their pixels.",
        )
        self.labels = link_rows(rows_a, rows_b, len(names))
        order = np.argsort(self.labels, kind="stable")
        _, starts = np.unique(self.labels[order], return_index=True)
        groups = np.split(order, starts[1:])
        self.groups = [group for group in groups if len(group) > 1]
        shown = [row for group in self.groups[:_N_SHOWN] for row in group[:_N_MEMBERS]]
        self._pictures = {
            # A copy, because a view would keep the pictures of all images alive.
            int(row): (names[row], tuple(sizes[row]), thumbnails[row].copy())
            for row in shown
        }
        super().__init__(
            "Duplicates",
            _list_findings(kinds, self.groups),
            {"pairs": self.pairs, "groups": _list_groups(self.groups, names)},
            _read(len(names), self.groups),
        )

    def find_labels(self, images):
        """Return the labels of some of the images, or None.

        Parameters
        ----------
        images : ImageInput
            Images, in any order and number.

        Returns
        -------
        ndarray of shape (m,) of int, or None
            Labels, equal for copies. None if they are no files, or if files were not
            compared.
        """
        if self._paths is None or images.paths is None:
            return None
        labels = dict(zip(map(str, self._paths), self.labels, strict=True))
        found = [labels.get(str(path)) for path in images.paths]
        return None if None in found else np.array(found)

    def plot(self, y=None, *, max_groups=_N_DRAWN):
        """Draw the groups of copies side by side.

        Parameters
        ----------
        y : array-like of shape (n,), default=None
            Class of each image of the data set, for the titles.
        max_groups : int, default=12
            Largest number of groups in the figure, at most 100. The figure has at most
            8 images per group.

        Returns
        -------
        matplotlib.figure.Figure
            One row per group. Images that were searched at another aspect ratio have
            their own aspect ratio.

        Raises
        ------
        ValueError
            If there are no copies, or if `y` has another length than the data set.
        MissingDependencyError
            If Matplotlib is not installed.
        """
        if not self.groups:
            raise ValueError("There are no copies to draw.")
        if y is not None:
            y = np.asarray(y)
            if y.shape != self.labels.shape:
                raise ValueError(
                    f"y must have one class for each of the {len(self.labels)} images, "
                    f"got the shape {y.shape}."
                )
        kinds = {}
        for row_a, row_b, kind in zip(
            self.pairs["row_a"], self.pairs["row_b"], self.pairs["kind"], strict=True
        ):
            kinds.setdefault(row_b, (row_a, kind))
        return draw_contact_sheet(
            [group[:_N_MEMBERS] for group in self.groups[: min(max_groups, _N_SHOWN)]],
            self._pictures,
            kinds,
            y,
        )

    def _figures(self):
        if self.groups:
            n = len(self.groups)
            shown = f" The first {_N_DRAWN} of {n} groups." if n > _N_DRAWN else ""
            yield f"Groups of copies side by side.{shown}", self.plot()


def _list_groups(groups, names):
    """Return the table of the groups."""
    images = [", ".join(names[row] for row in group) for group in groups]
    columns = {"group": range(len(groups)), "n_images": map(len, groups)}
    return ReportTable(columns | {"images": images}, "Groups of copies.")


def _list_findings(kinds, groups):
    findings = []
    n_exact = kinds.count(EXACT)
    if n_exact:
        findings.append(
            Finding(
                "duplicates",
                "exact_copies",
                f"{n_exact} {'image has' if n_exact == 1 else 'images have'} the same "
                "pixels as another image.",
                n=n_exact,
            )
        )
    n_near = sum(len(group) - 1 for group in groups) - n_exact
    if n_near:
        names, counts = np.unique(
            [kind for kind in kinds if kind != EXACT], return_counts=True
        )
        order = np.argsort(-counts, kind="stable")
        described = ", ".join(f"{counts[k]} {names[k]}" for k in order)
        copies = (
            "1 image is a changed copy of another image"
            if n_near == 1
            else f"{n_near} images are changed copies of other images"
        )
        findings.append(
            Finding(
                "duplicates",
                "near_copies",
                f"{copies} (pairs: {described}).",
                n=n_near,
            )
        )
    return findings


def _read(n, groups):
    """Return the sentences that explain the report."""
    n_copies = sum(len(group) - 1 for group in groups)
    found = f"{n} images were compared. None of them is a copy of another image."
    if groups:
        n_groups = "1 group has" if len(groups) == 1 else f"{len(groups)} groups have"
        found = (
            f"{n} images were compared. {n_groups} {n_copies + len(groups)} images, so "
            f"that {n - n_copies} images remain without copies."
        )
    return (
        found,
        "The search finds the same pixels, and copies that were re-encoded, rescaled, "
        "changed in brightness, contrast or gamma, inverted, flipped left to right, "
        "rotated by up to 5 degrees or cropped by up to 10 % per side.",
        "It does not find other radiographs of the same patient. Only patient ids do.",
    )
