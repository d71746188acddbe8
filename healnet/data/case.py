"""One patient as the model meets them: slides already encoded, and rows of tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from healnet.data.feature_store import PatchFeatures
from healnet.exceptions import Notice

Row = Mapping[str, object]  # raw value by column; None or NaN for missing


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """What is known of one patient. Any part may be absent; absent is not zero.

    Attributes:
        case_id: Identifier, exactly as in the cohort.
        slides: Encoded slides; several slides of a patient are read as one bag.
        tables: Raw values by modality (``rna``, ``cnv``, ``mutation``, ``clinical``, ...).
        notices: What was noticed while reading.
    """

    case_id: str
    slides: tuple[PatchFeatures, ...] = ()
    tables: Mapping[str, Row] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
