"""Read a CSV table that comes with a public data set."""

import csv
import io

from cxrclf.datasets._layout import format_names


def read_csv_table(path, required, hint):
    """Read a table as a list of rows, with the names of columns made alike.

    The versions of a public table differ in the case of their column names, in blanks
    around names and values, and in the encoding of the file.

    Parameters
    ----------
    path : Path
        CSV file in UTF-8 or, if it is not valid UTF-8, in Latin-1.
    required : sequence of str
        Columns that the table must have, in lower case with underscores.
    hint : str
        Sentence about the expected data set and the remedy, for error messages.

    Returns
    -------
    list of dict of str to str
        Rows in the order of the file, without empty rows. Keys are the names of columns
        in lower case, with underscores instead of blanks. Values have no blanks at
        their ends. A missing value is ''.

    Raises
    ------
    ValueError
        If a required column is missing, or if there is no row.
    """
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    try:
        lines = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise ValueError(f"{str(path)!r} is no CSV table: {error}. {hint}") from error
    header = [_clean_name(name) for name in lines[0]] if lines else []
    lost = [name for name in required if name not in header]
    if lost:
        raise ValueError(
            f"{str(path)!r} has no column {format_names(lost)}. Its columns are: "
            f"{format_names(header, 30) or 'none'}. {hint}"
        )
    rows = [_make_row(header, line) for line in lines[1:] if any(map(str.strip, line))]
    if not rows:
        raise ValueError(f"{str(path)!r} has no rows below its header. {hint}")
    return rows


def _clean_name(name):
    return "_".join(name.casefold().split())


def _make_row(header, line):
    """Return a row as a dict. The first of several columns with one name counts."""
    row = dict.fromkeys(header, "")
    for name, value in reversed(list(zip(header, line, strict=False))):
        row[name] = value.strip()
    return row
