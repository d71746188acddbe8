"""Training: recipe, folds, the loop, and the model folder that comes out of it."""

from healnet.train.recipe import Recipe as Recipe
from healnet.train.recipe import read_recipe as read_recipe
from healnet.train.training import train_model as train_model
