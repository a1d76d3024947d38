"""Results of a study."""

from pathlib import Path

from sklearn.metrics import confusion_matrix

from cxrclf.classification import CXRClassifier, DualBackboneConcat
from cxrclf.metrics import join_predictions
from cxrclf.studies._audit_study import read_reports, write_reports
from cxrclf.studies._compare_published import compare_published
from cxrclf.studies._describe_study import describe_changes
from cxrclf.studies._fit_fold import MODEL
from cxrclf.studies._fit_folder import fit_folder
from cxrclf.studies._fit_result import FitResult, read_json, write_json
from cxrclf.studies._study_data import StudyData
from cxrclf.studies._summarize_networks import summarize_networks

_CLASSIFIERS = {one.__name__: one for one in (CXRClassifier, DualBackboneConcat)}
_STUDY, _DATA, _AUDIT = "study.json", "data.csv", "audit.json"
_FITS = "fits/*/fold-*/fit.json"
# Keys of the description in which runs of the same study agree.
SAME = "name", "faithful", "scheme", "data", "cv", "validation"
# Keys of the description that this version reads.
_KEYS = {
    *("name", "title", "reference", "faithful", "scheme", "networks", "cv"),
    *("validation", "preprocessing", "protocol", "chosen", "leaks", "published"),
    *("data", "versions", "processor", "seconds"),
}


class StudyResults:
    """Predictions, histories and costs of the networks of a study.

    :meth:`Study.run` returns this object.

    Read more in the :ref:`User Guide <studies>`.

    Parameters
    ----------
    description : dict
        Plain values that describe the run: name, networks, number of folds, protocol,
        published scores, data, versions, processor and seconds.
    data : StudyData
        Names, classes and patients of the images.
    fits : sequence of FitResult
        Outcome of each network in each fold.
    audit : sequence of Report, default=()
        Reports of leakage and of shortcuts.

    Attributes
    ----------
    description, data, fits, audit
        Parameters of the same names. `fits` and `audit` are tuples.
    networks : list of str
        Names of the networks.
    classes : list of str
        Sorted classes.
    n_folds : int
        Number of folds, also if not all are complete yet.
    folder : pathlib.Path or None
        Folder from which the results were loaded.
    """

    def __init__(self, description, data, fits, audit=()):
        self.description = dict(description)
        self.data = data
        self.fits = tuple(fits)
        self.audit = tuple(audit)
        names = {fit.network for fit in self.fits}
        self.networks = [name for name in self.description["networks"] if name in names]
        self.classes = sorted(set(data.y.tolist()))
        found = max((fit.fold for fit in self.fits), default=0)
        self.n_folds = self.description.get("folds", found)
        self.folder = None
        self._tables = {}

    def __repr__(self):
        n = len(self.networks)
        return (
            f"<StudyResults of {self.description['name']!r}: {n} "
            f"network{'' if n == 1 else 's'}, {self.n_folds} folds, "
            f"{len(self.data)} images>"
        )

    def __str__(self):
        leaks = self.description["leaks"]
        parts = [self.description["title"]]
        if self.description["scheme"] is not None:
            parts.append(f"Class scheme: {self.description['scheme']}")
        if self.description.get("scaled"):
            parts.append(describe_changes(self.description["scaled"]))
        parts.append(str(self.summary()))
        parts += [str(finding) for report in self.audit for finding in report.findings]
        if leaks:
            parts.append("These scores are too good:")
            parts += [f"- {leak}" for leak in leaks]
        return "\n".join(parts)

    def predictions(self, network):
        """Return the predictions of a network for the test images of all folds.

        Parameters
        ----------
        network : str
            Name of the network.

        Returns
        -------
        Predictions
            Predictions in the order of the images. If test sets overlap, an image
            occurs several times.

        Raises
        ------
        KeyError
            If there is no such network.
        """
        return join_predictions([fit.predictions for fit in self._of(network)])

    def table(self, network):
        """Return the scores of a network over all folds together, with intervals.

        Parameters
        ----------
        network : str
            Name of the network.

        Returns
        -------
        ScoreTable
        """
        if network not in self._tables:
            self._tables[network] = self.predictions(network).table(intervals=True)
        return self._tables[network]

    def fold_summary(self, network):
        """Return mean and standard deviation of the scores of a network over folds.

        Parameters
        ----------
        network : str
            Name of the network.

        Returns
        -------
        FoldSummary
        """
        return self.predictions(network).fold_summary()

    def confusion_matrix(self, network):
        """Return the number of images per true class and predicted class.

        Parameters
        ----------
        network : str
            Name of the network.

        Returns
        -------
        ndarray of shape (n_classes, n_classes) of int
            True classes in rows, predicted classes in columns, both in the order of
            `classes`.
        """
        found = self.predictions(network)
        return confusion_matrix(found.y_true, found.y_pred, labels=self.classes)

    def histories(self, network):
        """Return the training histories of a network, one per fold.

        Parameters
        ----------
        network : str
            Name of the network.

        Returns
        -------
        list of dict
        """
        return [fit.history for fit in self._of(network)]

    def summary(self):
        """Return scores and costs, one row per network.

        Returns
        -------
        ReportTable
            Overall accuracy, and macro averages with intervals where there are any;
            numbers of parameters in millions; billions of floating-point operations
            per image; size of the saved model; time.
        """
        return summarize_networks(self)

    def compare(self):
        """Return the published scores beside the measured scores.

        Returns
        -------
        ReportTable
            One row per published score of a network. `difference` is "agrees" if the
            published score lies in the interval of the measured one, else "differs",
            "not measured" or "no interval".

        Raises
        ------
        ValueError
            If the study has no published scores.
        """
        return compare_published(self)

    def report(self, path):
        """Write a page for a browser: one file without other files or requests.

        Parameters
        ----------
        path : path-like
            File to write, completely or not at all.

        Returns
        -------
        str
            The page as HTML.
        """
        from cxrclf.studies._study_report import write_study_report  # needs jinja2

        return write_study_report(self, path)

    def load_classifier(self, network, fold=1):
        """Load the classifier of a training.

        Parameters
        ----------
        network : str
            Name of the network.
        fold : int, default=1
            Number of the fold, from 1.

        Returns
        -------
        CXRClassifier or DualBackboneConcat
            Fitted classifier, without the transformers of a pipeline and without the
            preprocessing of the study. Apply them to the images first.

        Raises
        ------
        FileNotFoundError
            If the run did not keep the models.
        KeyError
            If there is no such network or fold.
        """
        fits = {fit.fold: fit for fit in self._of(network)}
        if fold not in fits:
            raise KeyError(f"No fold {fold!r} of {network!r}. Folds: {sorted(fits)}.")
        model = fit_folder(self.folder or "", network, fold) / MODEL
        if self.folder is None or not model.exists():
            raise FileNotFoundError(
                "The classifiers are not saved. Run the study with out=... and "
                "keep_models=True, and load the results from this folder."
            )
        return _CLASSIFIERS[fits[fold].details["classifier"]].load(model)

    def save_tables(self, folder):
        """Write the tables of the report as CSV, Markdown and LaTeX files.

        The LaTeX tables need the package booktabs.

        Parameters
        ----------
        folder : path-like
            Folder, which is made if necessary.

        Returns
        -------
        list of Path
            Files, three for each table, such as ``networks-scores.csv``,
            ``networks-scores.md`` and ``networks-scores.tex``.
        """
        from cxrclf.studies._save_tables import save_tables
        from cxrclf.studies._study_report import study_report  # needs jinja2

        return save_tables(study_report(self), folder)

    def save(self, folder):
        """Write the results as plain files: CSV, JSON, and NumPy for the maps.

        Parameters
        ----------
        folder : path-like
            Folder, which is made if necessary.

        Raises
        ------
        ValueError
            If the folder has other files, results of another study or of other data, or
            trainings that are not part of these results.
        """
        folder = Path(folder)
        self._check_folder(folder)
        folders = {fit_folder(folder, fit.network, fit.fold): fit for fit in self.fits}
        others = sorted({path.parent for path in folder.glob(_FITS)} - folders.keys())
        if others:
            raise ValueError(
                f"{folder} has trainings of other results, such as {others[0]}. Name "
                "an empty or a new folder."
            )
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / _STUDY, self.description)
        self.data.to_csv(folder / _DATA)
        (folder / _AUDIT).unlink(missing_ok=True)  # of earlier results
        if self.audit:
            write_reports(folder / _AUDIT, self.audit)
        for place, fit in folders.items():
            fit.save(place)

    def _check_folder(self, folder):
        """Refuse a folder whose files would be replaced without being of this study."""
        if (folder / _STUDY).exists():
            old = self.read_description(folder)
            other = [key for key in SAME if old[key] != self.description[key]]
            if other:
                raise ValueError(
                    f"{folder} has results of another study: {', '.join(other)} "
                    "differ. Name an empty or a new folder."
                )
        elif folder.exists() and any(folder.iterdir()):
            raise ValueError(
                f"{folder} has other files. Name an empty or a new folder."
            )

    @classmethod
    def load(cls, folder):
        """Read results.

        Parameters
        ----------
        folder : path-like
            Folder of :meth:`save`, or of ``Study.run(out=...)``.

        Returns
        -------
        StudyResults
            Complete trainings only.

        Raises
        ------
        FileNotFoundError
            If the folder has no results.
        ValueError
            If a file is damaged.
        """
        folder = Path(folder)
        description = cls.read_description(folder)
        fits = [
            FitResult.load(path.parent)
            for name in description["networks"]
            for path in sorted(
                fit_folder(folder, name, 1).parent.glob("fold-*/fit.json"),
                key=lambda path: int(path.parent.name.removeprefix("fold-")),
            )
        ]
        audit = folder / _AUDIT
        results = cls(
            description,
            StudyData.from_csv(folder / _DATA),
            fits,
            read_reports(audit) if audit.exists() else (),
        )
        results.folder = folder
        return results

    @staticmethod
    def read_description(folder):
        """Read the description of a run.

        Parameters
        ----------
        folder : path-like
            Folder of results.

        Returns
        -------
        dict

        Raises
        ------
        FileNotFoundError
            If the folder has no results.
        ValueError
            If the file is damaged, or another version wrote it.
        """
        path = Path(folder) / _STUDY
        if not path.exists():
            raise FileNotFoundError(
                f"{folder} has no results of a study: {_STUDY} is missing. Pass the "
                "folder of Study.run(out=...) or StudyResults.save."
            )
        description = read_json(path)
        missing = sorted(_KEYS - description.keys())
        if missing:
            raise ValueError(
                f"{path} has no {missing}: another version of cxrclf wrote it. Read it "
                "with this version, or run the study again in another folder."
            )
        return description

    def _of(self, network):
        found = [fit for fit in self.fits if fit.network == network]
        if not found:
            raise KeyError(
                f"No results of {network!r}. The networks are {self.networks}."
            )
        return found
