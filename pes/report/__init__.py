"""One page about a run: everything that its folder holds, in one HTML file."""

from pes.report.page import report_page

__all__ = ["report_page"]
