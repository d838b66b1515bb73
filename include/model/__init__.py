"""Models: whatever trains ends as factors."""

from include.model.trainer import TrainedModels, Trainer, find_trainer

__all__ = ["TrainedModels", "Trainer", "find_trainer"]
