"""Exports: a batch's lists as files for programs outside, such as e-mail tools and caches."""

from include.exports.export import Exported, export
from include.exports.files import FORMATS, Format

__all__ = ["FORMATS", "Exported", "Format", "export"]
