"""Pages of HTML: one style, tables, and plots as SVG, for the page in Airflow's UI and for the reports in the lake"""

from include.pages.plots import Curve, Plot
from include.pages.rendering import STYLE, make_environment

__all__ = ["STYLE", "Curve", "Plot", "make_environment"]
