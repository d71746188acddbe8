"""Models: the card of each model: what it is for, what it was trained on, how good it is."""

from app.panels import model_card
from app.store.workspace import current_workspace

model_card.show(current_workspace())
