"""Train and test the networks of a study."""

import tempfile
import time
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from sklearn.utils.validation import _num_samples

from cxrclf._utils.files import replace_file
from cxrclf._utils.groups import check_groups
from cxrclf._utils.labels import check_label_count, check_labels
from cxrclf._utils.optional import import_optional
from cxrclf.audit import find_duplicates
from cxrclf.images import ImageInput
from cxrclf.studies._audit_study import audit_study, read_reports, write_reports
from cxrclf.studies._check_backbones import check_backbones
from cxrclf.studies._choose_networks import choose_networks
from cxrclf.studies._describe_run import describe_run
from cxrclf.studies._fingerprint import (
    fingerprint_data,
    fingerprint_fit,
    fingerprint_steps,
)
from cxrclf.studies._fit_fold import MODEL, FitTask
from cxrclf.studies._fit_folder import fit_folder
from cxrclf.studies._fit_result import FitResult, read_fingerprint, write_json
from cxrclf.studies._image_names import name_images
from cxrclf.studies._open_folder import open_folder
from cxrclf.studies._plan_folds import plan_folds
from cxrclf.studies._study_data import StudyData
from cxrclf.studies._study_labels import choose_classes
from cxrclf.studies._study_progress import StudyProgress
from cxrclf.studies._study_results import StudyResults
from cxrclf.studies._try_fit import Failure, try_fit

_METHODS = ("gradcam", "gradcam++", "cam", "scorecam", "occlusion", "lime")


def run_study(
    study,
    X,
    y,
    groups,
    *,
    networks,
    faithful,
    scheme,
    label_map,
    segmenter,
    out,
    n_jobs,
    audit,
    explain,
    keep_models,
    verbose,
):
    """Train and test the networks of a study. See :meth:`Study.run`."""
    start, given = time.perf_counter(), X
    if keep_models and out is None:
        raise ValueError("keep_models=True needs a folder for the models. Pass out.")
    method = _check_method(explain)
    X, y, groups, names, scheme = _check_data(study, X, y, groups, label_map, scheme)
    estimators = choose_networks(study, networks, segmenter)
    data = StudyData(names, y, None if groups is None else groups.astype(str))
    digest = fingerprint_data(names, X, y, groups)
    description = describe_run(
        study, estimators, data, digest, scheme=scheme, faithful=faithful
    )
    folder = None if out is None else open_folder(out, X, description)
    if folder is not None:
        data.to_csv(folder / "data.csv")
    check_backbones(estimators)
    progress = StudyProgress(study.name, (), 0, verbose)
    if _num_samples(given) > len(data):
        n_left_out = _num_samples(given) - len(data)
        progress.print(f"{n_left_out} images of other classes are left out")
    if scheme is not None:
        progress.print(f"Class scheme: {scheme}")
    progress.print(f"Searching for copies among {len(data)} images")
    duplicates = _find_duplicates(X)
    folds = plan_folds(study, X, y, groups, duplicates)
    description["folds"] = len(folds)
    reports = ()
    if audit and duplicates is not None:
        reports = _audit(
            folder, progress, X, y, groups, folds, duplicates, n_jobs=n_jobs
        )
    X = _preprocess(study, X, folder, digest, progress)
    with tempfile.TemporaryDirectory() as shared:
        tasks = _make_tasks(
            study,
            estimators,
            folds,
            folder,
            digest,
            Path(shared),
            explain=method,
            keep_model=bool(keep_models),
        )
        complete = _load_complete(tasks)
        if folder is not None:  # with the networks of this run
            write_json(folder / "study.json", description)
        fits = _fit(study, tasks, complete, X, y, groups, n_jobs, verbose)
    description["seconds"] += time.perf_counter() - start
    if folder is not None:
        write_json(folder / "study.json", description)
        return StudyResults.load(folder)
    return StudyResults(description, data, fits, reports)


def _check_method(explain):
    """Return the method of the saliency maps, or None for no maps."""
    if explain is True:
        return "gradcam"
    if explain is False or explain is None:
        return None
    if explain not in _METHODS:
        raise ValueError(
            f"explain must be True, False or one of {_METHODS}, got {explain!r}."
        )
    if explain == "lime":
        import_optional("skimage", extra="inspection", purpose='explain="lime"')
    return explain


def _check_data(study, X, y, groups, label_map, scheme):
    images = ImageInput.from_X(X)
    y = check_labels(y, owner="study", warn=False)
    check_label_count("y", len(y), len(images))
    groups = check_groups(groups, len(y))
    labels, kept, scheme = choose_classes(study, y, label_map, scheme)
    names = name_images(X)
    if len(kept) < len(images):
        names = [names[row] for row in kept]
        images = ImageInput.from_X(images.take(kept))
        groups = None if groups is None else groups[kept]
    X = images.X
    if images.paths is None and isinstance(X, (list, tuple)):
        X = images.values  # one array, which processes share
    return X, labels, groups, names, scheme


def _find_duplicates(X):
    """Return the copies among images. Rows of numbers cannot be searched."""
    pixels = ImageInput.from_X(X).pixels
    if pixels is not None and min(pixels.shape[1:3]) < 8:
        return None
    return find_duplicates(X)


def _audit(folder, progress, X, y, groups, folds, duplicates, *, n_jobs):
    path = None if folder is None else folder / "audit.json"
    if path is not None and path.exists():
        reports = read_reports(path)
    else:
        progress.print("Auditing the folds")
        reports = audit_study(X, y, groups, folds, duplicates, n_jobs=n_jobs, verbose=0)
        if path is not None:
            write_reports(path, reports)
    for report in reports:
        for finding in report.findings:
            progress.print(str(finding))
    return reports


def _preprocess(study, X, folder, digest, progress):
    """Apply the preprocessing to all images, or read its result."""
    if study.preprocessing is None:
        return X
    key = f"{digest[:8]}-{fingerprint_steps(study.preprocessing)[:8]}"
    path = None if folder is None else folder / f"images-{key}.npy"
    if path is not None and path.exists():
        return np.load(path)
    progress.print(f"Preprocessing {len(ImageInput.from_X(X))} images")
    X = study.preprocessing.fit_transform(X)
    if path is not None:
        with replace_file(path) as temporary, open(temporary, "wb") as file:
            np.save(file, X)
    return X


def _make_tasks(study, estimators, folds, folder, digest, shared, **options):
    tasks = []
    for i, (name, estimator) in enumerate(estimators.items()):
        for number, fold in enumerate(folds, start=1):
            place = None if folder is None else fit_folder(folder, name, number)
            tasks.append(
                FitTask(
                    name,
                    number,
                    estimator,
                    fold,
                    place,
                    fingerprint_fit(estimator, fold, digest, study.preprocessing),
                    shared / f"{i}-{number}",
                    **options,
                )
            )
    return tasks


def _load_complete(tasks):
    """Return the outcomes of complete trainings by network and fold."""
    complete = {}
    for task in tasks:
        known = None if task.folder is None else read_fingerprint(task.folder)
        if known is None:
            continue
        if known != task.fingerprint:
            raise ValueError(
                f"{task.folder} has a training with other parameters, folds or data. "
                "Name another folder with out, or remove this one."
            )
        result = FitResult.load(task.folder)
        # Only networks of this library have parameters, and are saved.
        wanted = task.keep_model and "parameters" in result.details
        if not wanted or (task.folder / MODEL / "model.json").exists():
            complete[task.network, task.number] = result
    return complete


def _fit(study, tasks, complete, X, y, groups, n_jobs, verbose):
    """Return the outcomes of all trainings, in the order of the tasks."""
    fits, failures = dict(complete), []
    open_tasks = [task for task in tasks if (task.network, task.number) not in fits]
    with StudyProgress(study.name, open_tasks, len(fits), verbose) as progress:
        done = Parallel(n_jobs=n_jobs, return_as="generator_unordered")(
            delayed(try_fit)(task, X, y, groups) for task in open_tasks
        )
        for result in done:
            if isinstance(result, Failure):
                failures.append(result)
                progress.print(str(result))
            else:
                fits[result.network, result.fold] = result
                progress.add(result)
    if failures:
        _raise(failures, tasks)
    return [fits[task.network, task.number] for task in tasks]


def _raise(failures, tasks):
    """Raise one error for all failed trainings."""
    kept = "Pass out=... to save complete trainings."
    if tasks[0].folder is not None:
        kept = "Complete trainings are saved. The same call repeats only these."
    same = {}
    for failure in failures:
        same.setdefault(failure.error, []).append(failure.name)
    lines = "\n".join(
        f"- {'; '.join(of)} failed: {error}" for error, of in same.items()
    )
    error = RuntimeError(
        f"{len(failures)} of {len(tasks)} trainings failed. {kept}\n{lines}"
    )
    error.add_note(f"The first error was:\n{failures[0].traceback}")
    raise error
