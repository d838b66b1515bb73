"""Models: whatever trains ends as factors."""

from include.model.recommender import Recommender, Terms
from include.model.trainer import Trainer, find_trainer, needs_spark, recipe_of

__all__ = ["Recommender", "Terms", "Trainer", "find_trainer", "needs_spark", "recipe_of"]
