"""Read a public COVID-19 collection: a table metadata.csv and a folder images."""

from collections import Counter

from cxrclf._utils.checks import check_int
from cxrclf._utils.counts import format_count
from cxrclf.datasets._covid_rows import prepare_rows
from cxrclf.datasets._csv_table import read_csv_table
from cxrclf.datasets._image_bunch import make_image_bunch
from cxrclf.datasets._layout import find_root
from cxrclf.datasets._left_out import format_path
from cxrclf.datasets._listed_images import check_missing, list_images

_READERS = {
    "covid-chestxray-dataset": "load_covid_chestxray",
    "Figure1-COVID-chestxray-dataset": "load_figure1_covid",
    "Actualmed-COVID-chestxray-dataset": "load_actualmed_covid",
}


class CovidCollection:
    """Table and images of a collection.

    Parameters
    ----------
    folder : path-like
        Parameter `folder` of a loader.
    name : str
        Name of the repository, which is the name of its folder.
    columns : sequence of str
        Columns that the table must have, see `read_csv_table`.

    Attributes
    ----------
    root : Path
        Folder of the collection.
    rows : list of dict
        Rows of the table, from `read_csv_table`.
    """

    def __init__(self, folder, name, columns):
        self.hint = _make_hint(name)
        self.root = find_root(
            folder, _is_root, f"{name}, which holds metadata.csv and images"
        )
        self._table = self.root / "metadata.csv"
        self.rows = read_csv_table(self._table, columns, self.hint)

    def list_images(self, views="all", level=None, missing="raise", *, bare=False):
        """Find the images of the rows.

        Parameters
        ----------
        views, level : object
            Parameters of `prepare_rows`.
        missing, bare : object
            Parameters of `list_images`.

        Returns
        -------
        ListedImages

        Raises
        ------
        ValueError
            If no image is left.
        """
        prepare_rows(self.rows, views, level)
        listed = list_images(self.root / "images", self.rows, missing, bare=bare)
        if not listed.rows:
            counts = ", ".join(
                f"{len(paths)} {why!r}" for why, paths in listed.left_out.items()
            )
            raise ValueError(
                f"No row of {str(self._table)!r} names an image to list. Images left "
                f"out by reason: {counts or 'none'}. Choose other views, or check that "
                "the table belongs to these images."
            )
        return listed

    def make_bunch(self, title, listed, fields, pandas):
        """Return the Bunch of a loader.

        Parameters
        ----------
        title : str
            Name of the collection for its description.
        listed : ListedImages
            Images.
        fields : dict of str to array of shape (n,)
            Fields from `make_fields`.
        pandas : module or None
            Parameter of `make_image_bunch`.
        """
        target, groups = fields["target"].tolist(), fields["groups"].tolist()
        counts = ", ".join(f"{key!r} {n}" for key, n in sorted(Counter(target).items()))
        description = (
            f"{title}: {format_count(len(target), 'radiograph')} of "
            f"{format_count(len(set(groups)), 'patient')} in "
            f"{format_path(self.root)}. Images per class: {counts}."
        )
        return make_image_bunch(
            listed.paths, fields, description, listed.left_out, pandas
        )


def check_parameters(level, missing):
    """Raise a ValueError unless the parameters of a loader are valid.

    Parameters
    ----------
    level : int or None
        Parameter `level` of a loader.
    missing : str
        Parameter `missing` of a loader.
    """
    check_missing(missing)
    if level is not None:
        check_int(level, "level", 1)


def _make_hint(name):
    """Return a sentence about the expected set and the loaders of the other sets."""
    others = [reader for key, reader in _READERS.items() if key != name]
    return (
        f"{_READERS[name]} reads metadata.csv of {name}. {others[0]} and {others[1]} "
        "read the tables of these sets."
    )


def _is_root(folder):
    return (folder / "metadata.csv").is_file()
