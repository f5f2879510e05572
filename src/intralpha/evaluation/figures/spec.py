"""FiguresSpec: which figures of a portfolio are shown, and how they are counted."""

import polars as pl

from intralpha.base import Kinded
from intralpha.evaluation.figures.course import Course


class FiguresSpec(Kinded):
    """Tables of figures beside those that every report has. A new kind is one new file."""

    homes = ("intralpha.evaluation.figures",)

    def tables(self, course: Course) -> dict[str, pl.DataFrame]:
        """Tables by their heading.

        Parameters
        ----------
        course : of the portfolio; it may have no benchmark

        Returns
        -------
        dict of DataFrame
            Fractions, not percent. Known with the last session.
        """
        raise NotImplementedError
