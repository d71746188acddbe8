"""From a case to the arrays a model takes: scaled, ordered, checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from healnet.data.case import Case
from healnet.data.input_spec import SLIDE, InputSpec
from healnet.data.slide_bag import slide_bag
from healnet.data.token_arrays import TokenArrays
from healnet.exceptions import ModalityError, Notice, TableError
from healnet.omics.name_match import MatchReport
from healnet.omics.table_schema import EncodedRow, TableSchema
from healnet.omics.text_rows import shown


@dataclass(frozen=True, kw_only=True, eq=False)
class EncodedCase:
    """The tokens of one patient.

    Attributes:
        case_id: Identifier, exactly as in the cohort.
        tokens: By modality; a modality that is absent has no entry.
        match: How well each table fitted, by modality.
        notices: What a reader of any result must know.
    """

    case_id: str
    tokens: Mapping[str, TokenArrays]
    match: Mapping[str, MatchReport] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()


def encode_case(case: Case, spec: InputSpec) -> EncodedCase:
    """Return the tokens of a case as the model takes them.

    A table row without a single observed value counts as absent. What the model does not take
    is left out, with a notice.

    Raises:
        FeatureError: If the features are of another encoder, or cannot be placed.
        TableError: If a table does not fit the model's.
        ModalityError: ``MODEL-NO-INPUT`` if nothing is left for the model to read.
    """
    tokens: dict[str, TokenArrays] = {}
    match: dict[str, MatchReport] = {}
    notices = [*case.notices, *_unused(case, spec)]
    if case.slides and spec.slide is not None:
        tokens[SLIDE], said = slide_bag(case.slides, spec.slide)
        notices += said
    for name, schema in spec.tables.items():
        if name not in case.tables:
            continue
        values, is_observed, match[name] = _encode_row(case, schema)
        notices += match[name].notices
        if not is_observed.any():
            notices.append(_empty_row(name))
            continue
        missing = None if is_observed.all() else is_observed
        tokens[name] = TokenArrays(values=values[:, None], is_token=missing)
    if not tokens:
        raise _no_input(case, spec)
    return EncodedCase(
        case_id=case.case_id, tokens=tokens, match=match, notices=tuple(dict.fromkeys(notices))
    )


def _encode_row(case: Case, schema: TableSchema) -> EncodedRow:
    """Return the tokens of a table; a wrong cell is refused with table and row."""
    try:
        return schema.encode(case.tables[schema.modality])
    except TableError as error:
        if error.code != "TABLE-CELL":
            raise
        raise TableError(
            error.what,
            code=error.code,
            where=f"{schema.modality} table, row {shown(case.case_id)}, {error.where}",
            why=error.why,
            fix=error.fix,
        ) from error


def _given(case: Case) -> tuple[str, ...]:
    return ((SLIDE,) if case.slides else ()) + tuple(case.tables)


def _unused(case: Case, spec: InputSpec) -> tuple[Notice, ...]:
    return tuple(
        Notice(
            code="CASE-UNUSED",
            what=f"the model does not take {name}; it was not read",
            why=f"it was trained on {', '.join(spec.modalities)}",
        )
        for name in _given(case)
        if name not in spec.modalities
    )


def _empty_row(name: str) -> Notice:
    return Notice(
        code="OMICS-NO-VALUE",
        what=f"the {name} table holds no value for this patient that the model can read",
        where=f"{name} table",
        why=f"{name} counts as absent",
    )


def _no_input(case: Case, spec: InputSpec) -> ModalityError:
    given = ", ".join(_given(case)) or "nothing"
    return ModalityError(
        "there is nothing for the model to read",
        code="MODEL-NO-INPUT",
        where=case.case_id,
        why=f"the model takes {', '.join(spec.modalities)}; the case has {given}",
        fix="add a slide or a table that the model takes",
    )
