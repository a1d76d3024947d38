"""Report of a study as sections, and as one page for a browser."""

from cxrclf.audit import Report, write_page
from cxrclf.studies._checklists import checklists
from cxrclf.studies._model_card import model_card
from cxrclf.studies._report_audit import report_audit
from cxrclf.studies._report_data import report_data
from cxrclf.studies._report_network import report_network
from cxrclf.studies._report_networks import report_networks
from cxrclf.studies._report_overview import name_study, report_overview
from cxrclf.studies._report_protocol import report_protocol
from cxrclf.studies._study_scores import StudyScores


def study_report(results):
    """Return the report of a study as a list of sections.

    Parameters
    ----------
    results : StudyResults
        Results of a study.

    Returns
    -------
    list of Report
        Sections in the order of a page: what was run and the result, the audit, the
        data, the networks, the published scores, the differences between networks, time
        and size, each network, the protocol, the model card and the reporting
        guidelines. Figures are drawn when a page is written.

    See Also
    --------
    write_study_report : Write the sections as one page.
    save_tables : Write the tables of the sections as files.
    """
    scores = StudyScores(results)
    parts = [report_network(scores, network) for network in scores.order]
    each = Report(
        "Each network",
        None,
        reading=["The network with the best balanced accuracy is first."]
        if len(parts) > 1
        else [],
        parts=parts,
    )
    return [
        report_overview(scores),
        report_audit(scores),
        report_data(scores),
        *report_networks(scores),
        each,
        report_protocol(scores),
        model_card(scores),
        checklists(scores),
    ]


def write_study_report(results, path):
    """Write the report of a study as one page for a browser.

    The page is one file. It needs no other file and no network. It has pictures if
    Matplotlib is installed.

    Parameters
    ----------
    results : StudyResults
        Results of a study.
    path : path-like
        File to write, completely or not at all.

    Returns
    -------
    str
        The page as HTML.

    See Also
    --------
    study_report : Return the sections of the page.
    """
    return write_page(path, study_report(results), name_study(results.description))
