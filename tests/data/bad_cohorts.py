"""Cohort tables that must be refused: the bad-input catalogue (section E) as data.

Every door that takes a cohort can be driven with these: ``make(case, folder)`` writes the table
and, where there is one, the YAML file beside it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd


@dataclass(frozen=True, kw_only=True)
class BadCohort:
    """One entry of the catalogue.

    Attributes:
        number: In the catalogue.
        title: What is wrong.
        change: From a good cohort to the bad one; text is written as it stands.
        yaml: Content of the YAML file beside it; empty: none.
        code: Of the refusal.
        message: Regular expression found in the refusal.
    """

    number: str
    title: str
    change: Callable[[pd.DataFrame], pd.DataFrame | str]
    yaml: str = ""
    code: str
    message: str


def good_cohort(patients: int = 60) -> pd.DataFrame:
    """Return outcome, age and stage of patients with a signal in age."""
    generator = np.random.default_rng(0)
    age = generator.normal(60, 10, patients)
    died = generator.exponential(np.exp(-(age - 60) / 20)) * 24
    left = generator.exponential(40, patients)
    return pd.DataFrame(
        {
            "case_id": [f"PT-{i:04d}" for i in range(patients)],
            "time_months": np.minimum(died, left).round(2) + 0.01,
            "event": (died <= left).astype(int),
            "age": age.round(),
            "sex": np.where(generator.random(patients) < 0.5, "female", "male"),
            "stage": generator.choice(["I", "II", "III"], patients),
        }
    )


def make(case: BadCohort, folder: Path) -> Path:
    """Write the cohort of a case and return the path of the table."""
    path = folder / "cohort.csv"
    table = case.change(good_cohort())
    if isinstance(table, str):
        path.write_text(table)
    else:
        table.to_csv(path, index=False)
    if case.yaml:
        (folder / "cohort.yaml").write_text(case.yaml)
    return path


def put(row: int, column: str, cell: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Return a change of one cell."""

    def change(table: pd.DataFrame) -> pd.DataFrame:
        table = table.astype({column: object})
        table.loc[row, column] = cell
        return table

    return change


def _again(table: pd.DataFrame) -> pd.DataFrame:
    second = table.iloc[[0]].assign(age=99)
    return pd.concat([table, second])


BAD_COHORTS = [
    BadCohort(
        number="130",
        title="no outcome columns",
        change=lambda t: t.drop(columns="event"),
        code="COHORT-HEADER",
        message="no column event",
    ),
    BadCohort(
        number="130b",
        title="time under an unknown name",
        change=lambda t: t.rename(columns={"time_months": "follow_up"}),
        code="COHORT-HEADER",
        message="no column time_months",
    ),
    BadCohort(
        number="130c",
        title="two time columns",
        change=lambda t: t.assign(time_days=1.0),
        code="COHORT-HEADER",
        message="time_months and time_days are both there",
    ),
    BadCohort(
        number="131",
        title="header only",
        change=lambda t: t.head(0),
        code="COHORT-EMPTY",
        message="0 patients",
    ),
    BadCohort(
        number="136",
        title="time zero",
        change=put(0, "time_months", 0),
        code="COHORT-CELLS",
        message=r"row 2 \(PT-0000\), time: time 0 \(set zero_times",
    ),
    BadCohort(
        number="137",
        title="negative time",
        change=put(0, "time_months", -3),
        code="COHORT-CELLS",
        message=r"PT-0000\), time: time -3 is negative",
    ),
    BadCohort(
        number="138",
        title="missing time and event",
        change=lambda t: put(3, "event", "")(put(2, "time_months", "NA")(t)),
        code="COHORT-CELLS",
        message=r"2 cells.*PT-0002\), time: the time is missing; .*PT-0003\), event: missing",
    ),
    BadCohort(
        number="138b",
        title="infinite time",
        change=put(2, "time_months", "inf"),
        code="COHORT-CELLS",
        message=r"PT-0002\), time: 'inf' is not a time",
    ),
    BadCohort(
        number="139",
        title="event coded 1 and 2",
        change=lambda t: t.assign(event=t["event"] + 1),
        code="COHORT-EVENT-CODES",
        message="codes 1, 2: is 2 the event",
    ),
    BadCohort(
        number="140",
        title="event as text",
        change=lambda t: t.assign(event=t["event"].map({0: "Alive", 1: "Dead"})),
        code="COHORT-EVENT-TEXT",
        message=r"'alive' \(\d+\), 'dead' \(\d+\).*event_values",
    ),
    BadCohort(
        number="141",
        title="half of the events as text",
        change=put(5, "event", "dead"),
        code="COHORT-EVENT-TEXT",
        message=r"'dead' \(1\)",
    ),
    BadCohort(
        number="142",
        title="event 0.5",
        change=put(0, "event", 0.5),
        code="COHORT-CELLS",
        message=r"PT-0000\), event: '0.5'; 1 \(event\) or 0 \(censored\) expected",
    ),
    BadCohort(
        number="143",
        title="a competing-risk code",
        change=put(0, "event", 3),
        code="COHORT-EVENT-CODES",
        message="codes 0, 1, 3: which one is the event.*biases absolute risk",
    ),
    BadCohort(
        number="144",
        title="an event value that the YAML file does not list",
        change=lambda t: t.assign(event=t["event"].map({0: "Alive", 1: "Dead"})),
        yaml="event_values: {event: [Died], censored: [Alive]}",
        code="COHORT-CELLS",
        message="'Dead'; Died or Alive expected",
    ),
    BadCohort(
        number="145",
        title="dates instead of durations",
        change=lambda t: t.assign(time_months="2021-03-04"),
        code="COHORT-TIME-DATES",
        message="2021-03-04.*duration",
    ),
    BadCohort(
        number="146",
        title="times like 1e6",
        change=lambda t: t.assign(time_months=t["time_months"] * 1e6),
        code="COHORT-TIME-UNIT",
        message=r"median follow-up would be [\d,]+ years",
    ),
    BadCohort(
        number="146b",
        title="days taken for months",
        change=lambda t: t.assign(time_months=t["time_months"] * 30.4),
        code="COHORT-TIME-UNIT",
        message="time_unit: days",
    ),
    BadCohort(
        number="146c",
        title="days that end at 1400",
        change=lambda t: t.assign(time_months=(t["time_months"] * 30.4).clip(upper=1400)),
        code="COHORT-TIME-UNIT",
        message="really months.*time_unit: days in the YAML file.*column time_days",
    ),
    BadCohort(
        number="150",
        title="a patient twice with other data",
        change=_again,
        code="COHORT-CELLS",
        message=r"row 62 \(PT-0000\), case_id: other values than in row 2",
    ),
    BadCohort(
        number="152",
        title="a blank id among long ones",
        change=lambda t: put(59, "case_id", "")(
            t.assign(case_id=[str(12345678901234567000 + i) for i in range(60)])
        ),
        code="COHORT-CELLS",
        message="row 61 .*the id is blank",
    ),
    BadCohort(
        number="153",
        title="an id with a blank before it",
        change=put(7, "case_id", " PT-0007"),
        code="COHORT-CELLS",
        message="blanks around it",
    ),
    BadCohort(
        number="160",
        title="age 214",
        change=put(0, "age", 214),
        code="COHORT-CELLS",
        message=r"row 2 \(PT-0000\), age: '214'; 0 to 120 expected",
    ),
    BadCohort(
        number="160b",
        title="sex ?",
        change=put(1, "sex", "?"),
        code="COHORT-CELLS",
        message=r"PT-0001\), sex: '\?'; female or male expected",
    ),
    BadCohort(
        number="160c",
        title="text in a number column",
        change=lambda t: put(4, "psa", "high")(t.assign(psa=1.5)),
        code="COHORT-CELLS",
        message=r"PT-0004\), psa: 'high' is not a number",
    ),
    BadCohort(
        number="160d",
        title="all wrong cells at once",
        change=lambda t: put(1, "sex", "?")(put(2, "event", 0.5)(put(3, "time_months", -1)(t))),
        code="COHORT-CELLS",
        message="3 cells.*PT-0003.*PT-0002.*PT-0001",
    ),
    BadCohort(
        number="162",
        title="a row too long",
        change=lambda t: "case_id,time_months,event\na,1,1,9\nb,2,0,9\n",  # noqa: ARG005
        code="TABLE-ROW",
        message="4 fields where the header has 3",
    ),
    BadCohort(
        number="173",
        title="files that are not there",
        change=lambda t: t.assign(
            slides=[f"s{i}.svs;t{i}.svs" if i < 9 else "" for i in range(len(t))],
            features=["f.h5"] + [""] * (len(t) - 1),
        ),
        code="COHORT-FILES",
        message=r"19 files are not there: s0.svs \(PT-0000\), t0.svs .* and 9 more",
    ),
    BadCohort(
        number="S1",
        title="settings that are not YAML",
        change=lambda t: t,
        yaml="omics: [unclosed",
        code="COHORT-SETTINGS",
        message="cohort.yaml: not readable as YAML",
    ),
    BadCohort(
        number="S2",
        title="settings with an unknown name",
        change=lambda t: t,
        yaml="omix: {rna: rna.csv}",
        code="COHORT-SETTINGS",
        message="only these names are known.*omics",
    ),
    BadCohort(
        number="S3",
        title="settings that grow without limit",
        change=lambda t: t,
        yaml="units: &a {x: y}\nomics: {rna: *a}",
        code="COHORT-SETTINGS",
        message="aliases",
    ),
    BadCohort(
        number="S4",
        title="settings that run code",
        change=lambda t: t,
        yaml="endpoint: !!python/object/apply:os.system ['true']",
        code="COHORT-SETTINGS",
        message="not readable as YAML",
    ),
    BadCohort(
        number="S5",
        title="an unknown choice",
        change=lambda t: t,
        yaml="time_unit: weeks",
        code="COHORT-SETTINGS",
        message="time_unit is 'weeks'; known: months, days, years",
    ),
    BadCohort(
        number="S6",
        title="a value of the wrong form",
        change=lambda t: t,
        yaml="omics: 3",
        code="COHORT-SETTINGS",
        message="omics has the wrong form",
    ),
    BadCohort(
        number="S7",
        title="a clinical column that is not there",
        change=lambda t: t,
        yaml="clinical: [age, weight]",
        code="COHORT-HEADER",
        message="no clinical column weight",
    ),
    BadCohort(
        number="S8",
        title="an omic table that is not there",
        change=lambda t: t,
        yaml="omics: {rna: nowhere.csv}",
        code="TABLE-MISSING-FILE",
        message="nowhere.csv: there is no such file",
    ),
    BadCohort(
        number="S9",
        title="features of an unknown patient",
        change=lambda t: t,
        yaml="features: {PT-9999: [a.h5]}",
        code="COHORT-SETTINGS",
        message="1 unknown patients: PT-9999",
    ),
    BadCohort(
        number="S10",
        title="a name that stands twice",
        change=lambda t: t,
        yaml="units: {age: years}\nclinical: [age]\nunits: {age: days}",
        code="COHORT-SETTINGS",
        message="cohort.yaml: units stands there twice",
    ),
    BadCohort(
        number="S10b",
        title="a name that stands twice further in",
        change=lambda t: t,
        yaml="units: {age: years, age: days}",
        code="COHORT-SETTINGS",
        message="age stands there twice",
    ),
    BadCohort(
        number="S10c",
        title="a number of 5000 digits",
        change=lambda t: t,
        yaml="slide_mpp: " + "9" * 5000,
        code="COHORT-SETTINGS",
        message="cohort.yaml: not readable|a number has 5,000 digits",
    ),
    BadCohort(
        number="S11",
        title="yes for a number",
        change=lambda t: t,
        yaml="slide_mpp: yes",
        code="COHORT-SETTINGS",
        message="slide_mpp has the wrong form",
    ),
    BadCohort(
        number="S12",
        title="a code that is event and censored",
        change=lambda t: t,
        yaml="event_values: {event: [1], censored: [0, '1.0']}",
        code="COHORT-SETTINGS",
        message="event_values lists 1 as event and as censored",
    ),
]
