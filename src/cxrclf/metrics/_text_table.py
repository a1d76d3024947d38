"""Base class of tables that are shown as text, HTML, Markdown and LaTeX."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from cxrclf._utils.tables import as_html, as_latex, as_markdown, as_text


class TextTable(ABC):
    """Table that formats its cells as text.

    A subclass defines `_format_cells`, and `_format_footer` if it has lines below the
    table.
    """

    @abstractmethod
    def _format_cells(self) -> tuple[list[str], Sequence[list[str]]]:
        """Return the header and the lines of the table as text."""

    def _format_footer(self) -> list[str]:
        """Return the lines below the table."""
        return []

    def __str__(self) -> str:
        return "\n".join([as_text(*self._format_cells()), *self._format_footer()])

    def _repr_html_(self) -> str:
        return as_html(*self._format_cells(), self._format_footer())

    def to_markdown(self) -> str:
        """Return the printed table as Markdown.

        Returns
        -------
        str
            Table, and one paragraph for each line below it.
        """
        return as_markdown(*self._format_cells(), self._format_footer())

    def to_latex(self) -> str:
        """Return the printed table as LaTeX.

        Returns
        -------
        str
            ``tabular`` environment with the rules of the package booktabs. The lines
            below the table are part of it.
        """
        return as_latex(*self._format_cells(), self._format_footer())
