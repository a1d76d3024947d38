"""Description of a study, which can be run."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field, fields
from numbers import Integral, Real
from types import MappingProxyType
from typing import Any

from sklearn.base import clone

from cxrclf.studies._describe_study import describe_study
from cxrclf.studies._networks import Networks
from cxrclf.studies._published_score import PublishedScore
from cxrclf.studies._run_study import run_study
from cxrclf.studies._scale_networks import scale_networks


@dataclass(frozen=True, eq=False, repr=False)
class Study:
    """Networks, folds and settings of a study.

    ``print(study)`` describes the study. :meth:`run` trains each network in each fold.
    A study cannot be changed: :meth:`scaled` returns a new one.

    Read more in the :ref:`User Guide <studies>`.

    Parameters
    ----------
    name : str
        Short name of the study.
    networks : mapping of str to classifier
        Unfitted classifiers by the names of the tables: a
        :class:`~cxrclf.CXRClassifier`, a :class:`~cxrclf.DualBackboneConcat`, a
        :class:`~cxrclf.sampling.PhasedClassifier`, a pipeline that ends in one of
        them, or another classifier of images. A pipeline is fitted step by step in
        each fold.
    cv : int or splitter, default=5
        Folds. A number n means n folds that keep patients and copies together:
        ``StratifiedPatientKFold(n, shuffle=True, random_state=0)``. A splitter has
        ``split(X, y, groups)``, which yields (train, test) or (train, test,
        validation) row numbers.
    title : str, default=""
        Title of the study.
    reference : str, default=""
        Publication of the study.
    classes : sequence of str, default=()
        Classes of the data. Without classes, all classes are used.
    schemes : mapping of str to mapping, default={}
        Class schemes by name. A scheme maps classes of the data to classes of the
        study. Images of other classes are left out.
    preprocessing : transformer or None, default=None
        Transformer that works on each image alone. It is applied to all images once,
        before the folds.
    validation : float in (0, 1), "test" or None, default=None
        Validation set of a training. A number is the fraction of the training patients
        that is held out, stratified by class. ``"test"`` uses the test images, which
        makes the scores too good. None means no validation set, unless the splitter
        yields one. The set is passed to ``fit`` as `X_val` and `y_val`.
    protocol : mapping of str to str, default={}
        Topics, such as "training", and what the publication states about them.
    chosen : sequence of str, default=()
        Choices that the publication does not state.
    changes : mapping of str to object, default={}
        Parameters that :meth:`scaled` has changed.
    leaks : sequence of str, default=()
        Reasons for which the scores of this study are too good.
    published : sequence of PublishedScore, default=()
        Scores of the publication.
    faithful : Study or None, default=None
        Variant of the study that follows the publication to the letter.

    Attributes
    ----------
    name, cv, title, reference, classes, schemes, preprocessing, validation, protocol, \
            chosen, changes, leaks, published, faithful
        Parameters of the same names. Sequences are tuples. Mappings are read-only.
    networks : mapping of str to classifier
        Networks by name. Each access returns a new unfitted clone.

    Raises
    ------
    TypeError
        If a network is no classifier, or if `cv` is neither a number nor a splitter.
    ValueError
        If there is no network, or another parameter is invalid.

    See Also
    --------
    load_study : Load a published study.
    StudyResults : Results of a run.

    Examples
    --------
    >>> from cxrclf import CXRClassifier
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> from cxrclf.studies import Study
    >>> study = Study(
    ...     "two-epochs",
    ...     {"small": CXRClassifier("test_resnet", weights=None, max_epochs=2)},
    ...     cv=2,
    ... )
    >>> data = make_chest_radiographs(24, image_size=32, random_state=0)
    >>> results = study.run(
    ...     data.images, data.target, data.groups, audit=False, verbose=0)
    >>> results
    <StudyResults of 'two-epochs': 1 network, 2 folds, 24 images>
    """

    name: str
    networks: Mapping[str, Any]
    cv: Any = 5
    _: KW_ONLY
    title: str = ""
    reference: str = ""
    classes: tuple[str, ...] = ()
    schemes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    preprocessing: Any = None
    validation: float | str | None = None
    protocol: Mapping[str, str] = field(default_factory=dict)
    chosen: tuple[str, ...] = ()
    changes: Mapping[str, Any] = field(default_factory=dict)
    leaks: tuple[str, ...] = ()
    published: tuple[PublishedScore, ...] = ()
    faithful: "Study | None" = None

    def __post_init__(self):
        _check_cv(self.cv)
        _check_validation(self.validation)
        if not isinstance(self.name, str) or not self.name:
            raise ValueError(f"The name of a study must be text, got {self.name!r}.")
        if self.preprocessing is not None:
            self._set("preprocessing", clone(self.preprocessing))
        self._set("networks", Networks(self.networks))
        for name in ("classes", "chosen", "leaks", "published"):
            value = getattr(self, name)
            if isinstance(value, str):
                raise TypeError(f"{name} must be a sequence of texts, got {value!r}.")
            self._set(name, tuple(value))
        self._set("published", tuple(PublishedScore(*one) for one in self.published))
        self._freeze()

    def _set(self, name, value):
        object.__setattr__(self, name, value)

    def _freeze(self):
        """Make the mappings read-only."""
        schemes = {name: _frozen(scheme) for name, scheme in self.schemes.items()}
        self._set("schemes", _frozen(schemes))
        self._set("protocol", _frozen(self.protocol))
        self._set("changes", _frozen(self.changes))

    def __getstate__(self):
        state = {name: getattr(self, name) for name in _field_names(self)}
        state["schemes"] = {name: dict(map_) for name, map_ in self.schemes.items()}
        for name in ("protocol", "changes"):  # read-only mappings cannot be pickled
            state[name] = dict(state[name])
        return state

    def __setstate__(self, state):
        for name, value in state.items():
            self._set(name, value)
        self._freeze()

    def __repr__(self):
        return f"<Study {self.name!r}: {', '.join(self.networks)}>"

    def __str__(self):
        return describe_study(self)

    def scaled(self, *, backbones=None, image_size=None, max_epochs=None, **params):
        """Return a smaller study, or one with other parameters.

        The folds, the order of the steps and all other settings remain. The variant
        `faithful` is scaled too.

        Parameters
        ----------
        backbones : sequence of str, default=None
            Names of backbones that replace the backbones of the networks, in the order
            in which they first appear. Networks that need more backbones are left out.
            The new names have the form "efficientnet_lite0 (for VGG16)".
        image_size : int or (int, int), default=None
            Height and width of the images in pixels, in each step that has this
            parameter.
        max_epochs : int, default=None
            Number of epochs, per phase if there are phases.
        **params : dict
            Values of other parameters, such as ``learning_rate`` or ``max_iter``. They
            are set in each step that has a parameter of this name.

        Returns
        -------
        Study

        Raises
        ------
        ValueError
            If no step has a parameter, or if no network remains.

        Examples
        --------
        >>> from cxrclf.studies import load_study
        >>> study = load_study("makris2020").scaled(
        ...     backbones=["tf_efficientnet_lite0"], image_size=96, max_epochs=2)
        >>> list(study.networks)
        ['efficientnet_lite0 (for VGG16)']
        >>> study.networks["efficientnet_lite0 (for VGG16)"].max_epochs
        2
        """
        if image_size is not None:
            params["image_size"] = image_size
        if max_epochs is not None:
            params["max_epochs"] = max_epochs
        networks, preprocessing, names = scale_networks(
            self.networks, self.preprocessing, backbones, params
        )
        changed = params if backbones is None else {"backbones": backbones, **params}
        changes = {
            "networks": networks,
            "preprocessing": preprocessing,
            "changes": {**self.changes, **changed},
        }
        changes["published"] = [
            score._replace(network=names[score.network])
            for score in self.published
            if score.network in names
        ]
        if self.faithful is not None:
            changes["faithful"] = self.faithful.scaled(backbones=backbones, **params)
        values = {name: getattr(self, name) for name in _field_names(self)}
        return Study(**(values | changes))

    def run(
        self,
        X,
        y,
        groups=None,
        *,
        networks=None,
        faithful=False,
        scheme=None,
        label_map=None,
        segmenter=None,
        out=None,
        n_jobs=None,
        audit=True,
        explain=True,
        keep_models=False,
        verbose=1,
    ):
        """Train and test each network in each fold.

        With a folder `out`, an interrupted run can be called again with the same
        parameters. It loads the complete trainings and continues with the others. A
        training itself continues after its last epoch.

        Parameters
        ----------
        X : array-like of length n
            Images in any form that the estimators accept.
        y : array-like of shape (n,)
            Class of each image.
        groups : array-like of shape (n,), default=None
            Patient id of each image. Without it, each image is a patient, and only
            copies remain together.
        networks : sequence of str, default=None
            Names of the networks to train. By default all of them.
        faithful : bool, default=False
            Whether to run the variant that follows the publication to the letter, with
            its leaks.
        scheme : str, default=None
            Name of the class scheme. By default the scheme with the most classes, among
            those for which y has images of each class.
        label_map : mapping, default=None
            Class of the study for each class in y, if y has other names. Images of
            other classes are left out.
        segmenter : UNetSegmenter, default=None
            Fitted segmenter for the steps :class:`~cxrclf.preprocessing.LungMasker`
            that have none. Without it, networks with such a step are left out, with a
            warning.
        out : path-like, default=None
            Folder for the results, as :meth:`StudyResults.load` reads them. By default
            the results are not written.
        n_jobs : int, default=None
            Number of trainings at the same time, as in joblib. A backend of
            :func:`joblib.parallel_config`, such as Dask, is used.
        audit : bool, default=True
            Whether to search the folds for leakage, and to score probes that cannot
            see a disease on the same folds.
        explain : bool or {"gradcam", "gradcam++", "cam", "scorecam", "occlusion", \
                "lime"}, default=True
            Method of the saliency maps of typical and of wrong test images, as in
            :func:`~cxrclf.inspection.saliency_maps`. True means ``"gradcam"``, and
            False no maps.
        keep_models : bool, default=False
            Whether to save the classifier of each training in `out`, for
            :meth:`StudyResults.load_classifier`.
        verbose : int, default=1
            Whether to show the progress: one line in a terminal, one line per training
            in a file.

        Returns
        -------
        StudyResults

        Raises
        ------
        ValueError
            If a parameter is invalid, if classes or patients are too few for the
            folds, or if `out` has the results of another study or of other data.
        RuntimeError
            If trainings failed. All others are complete before the error, which names
            each failed network and fold. With `out` they are not lost.

        Warns
        -----
        UserWarning
            If networks are left out.
        """
        study = self
        if faithful:
            if self.faithful is None:
                raise ValueError(f"Study {self.name!r} has no faithful variant.")
            study = self.faithful
        return run_study(
            study,
            X,
            y,
            groups,
            networks=networks,
            faithful=bool(faithful),
            scheme=scheme,
            label_map=label_map,
            segmenter=segmenter,
            out=out,
            n_jobs=n_jobs,
            audit=audit,
            explain=explain,
            keep_models=keep_models,
            verbose=verbose,
        )


def _field_names(study):
    return [one.name for one in fields(study)]


def _frozen(mapping):
    return MappingProxyType(dict(mapping))


def _check_cv(cv):
    if isinstance(cv, Integral) and not isinstance(cv, bool):
        if cv < 2:
            raise ValueError(f"cv must be 2 or more folds, got {cv}.")
    elif isinstance(cv, str) or not callable(getattr(cv, "split", None)):
        raise TypeError(
            f"cv must be a number of folds, or an object with split(X, y, groups), got "
            f"{cv!r}."
        )


def _check_validation(validation):
    fraction = isinstance(validation, Real) and 0 < validation < 1
    if not (validation is None or validation == "test" or fraction):
        raise ValueError(
            "validation must be a fraction between 0 and 1, 'test' or None, got "
            f"{validation!r}."
        )
