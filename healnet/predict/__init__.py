"""The one door for a prediction: a model and a case in, a :class:`Prediction` out."""

from healnet.explain.prediction import FeatureAttribution as FeatureAttribution
from healnet.explain.prediction import InputHash as InputHash
from healnet.explain.prediction import PatchMap as PatchMap
from healnet.explain.prediction import Prediction as Prediction
from healnet.explain.prediction import SlideExplanation as SlideExplanation
from healnet.explain.prediction import SubsetRisk as SubsetRisk
from healnet.predict.evaluation import Evaluation as Evaluation
from healnet.predict.evaluation import evaluate_model as evaluate_model
from healnet.predict.files import write_prediction as write_prediction
from healnet.predict.prediction import predict_case as predict_case
