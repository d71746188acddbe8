"""Cases and cohorts: what one patient has, and how patients become batches."""

from healnet.data.case import Case as Case
from healnet.data.cohort import Cohort as Cohort
from healnet.data.cohort import Patient as Patient
from healnet.data.collate import collate as collate
from healnet.data.dataset import SurvivalBatch as SurvivalBatch
from healnet.data.dataset import SurvivalDataset as SurvivalDataset
from healnet.data.dataset import collate_labelled as collate_labelled
from healnet.data.dataset import encode_cohort as encode_cohort
from healnet.data.encoded_case import EncodedCase as EncodedCase
from healnet.data.encoded_case import encode_case as encode_case
from healnet.data.feature_store import PatchFeatures as PatchFeatures
from healnet.data.feature_store import read_features as read_features
from healnet.data.feature_store import write_features as write_features
from healnet.data.input_spec import InputSpec as InputSpec
from healnet.data.input_spec import SlideSpec as SlideSpec
from healnet.data.read_cohort import read_cohort as read_cohort
from healnet.data.splits import Fold as Fold
from healnet.data.splits import check_folds as check_folds
from healnet.data.splits import hold_out as hold_out
from healnet.data.splits import patient_folds as patient_folds
from healnet.data.splits import read_splits as read_splits
