"""Errors and warnings: what, where, why and how to fix it, in the same words everywhere.

Every refusal is a :class:`HealNetError`; every warning that travels with a result is a
:class:`Notice`. Both carry a stable ``code`` (for programs), and four short texts (for people).
``where`` names files, rows, columns, tiles or tensors, never folders or patients' data.
"""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A warning that stays with a result into every screen, file and report.

    Attributes:
        code: Stable name, e.g. ``SLIDE-UPSAMPLED``.
        what: What was found.
        where: File name, row, column, tile or tensor; empty if it concerns the whole case.
        why: What could go wrong because of it.
        fix: What the reader can do now.
    """

    code: str
    what: str
    where: str = ""
    why: str = ""
    fix: str = ""

    def to_dict(self) -> dict[str, str]:
        """Return the five texts under their names."""
        return asdict(self)


class HealNetError(Exception):
    """A refusal that a person can act on.

    Args:
        what: What was found, in plain words.
        code: Stable name; the class default if left out.
        where: File name, row, column, tile or tensor.
        why: What would go wrong.
        fix: What to do now.
    """

    default_code = "HEALNET"

    def __init__(
        self, what: str, *, code: str = "", where: str = "", why: str = "", fix: str = ""
    ) -> None:
        super().__init__(what)
        self.code = code or self.default_code
        self.what = what
        self.where = where
        self.why = why
        self.fix = fix

    def __str__(self) -> str:
        """Return the message on one line: code, where, what, why, fix."""
        place = f" {self.where}:" if self.where else ""
        parts = (self.what, self.why, self.fix)
        return f"[{self.code}]{place} " + " ".join(_sentence(part) for part in parts if part)

    def __reduce__(self) -> tuple[object, ...]:
        """Rebuild from the five texts, so that errors cross process borders whole."""
        return (_rebuild, (type(self), self.to_notice()))

    def to_notice(self) -> Notice:
        """Return the same texts as a :class:`Notice`."""
        return Notice(
            code=self.code, what=self.what, where=self.where, why=self.why, fix=self.fix
        )

    def to_dict(self) -> dict[str, str]:
        """Return the five texts under their names."""
        return self.to_notice().to_dict()


class ShapeError(HealNetError, ValueError):
    """A tensor or array of the wrong shape, or a bag without a single token."""

    default_code = "MODEL-SHAPE"


class ModalityError(HealNetError, ValueError):
    """An unknown modality, or a patient who has none at all."""

    default_code = "MODEL-MODALITY"


class ConfigError(HealNetError, ValueError):
    """A configuration that cannot work."""

    default_code = "CONFIG"


class SurvivalError(HealNetError, ValueError):
    """Times, events or risks from which the asked statistic does not exist."""

    default_code = "SURVIVAL"


class SlideError(HealNetError, ValueError):
    """A slide that cannot be opened, read or used."""

    default_code = "SLIDE"


class EncoderError(HealNetError, ValueError):
    """An unknown patch encoder, or one that cannot be built."""

    default_code = "ENCODER"


class FeatureError(HealNetError, ValueError):
    """A feature file that is damaged, unsafe, or made by another encoder."""

    default_code = "FEATURES"


class TableError(HealNetError, ValueError):
    """A table of omics or clinical values that cannot be used."""

    default_code = "TABLE"


class CohortError(HealNetError, ValueError):
    """A cohort table, split or outcome that cannot be used."""

    default_code = "COHORT"


class BundleError(HealNetError, ValueError):
    """A model folder that is incomplete, changed or unsafe."""

    default_code = "MODEL-FOLDER"


class TrainingError(HealNetError, RuntimeError):
    """A training run that cannot start or has broken down."""

    default_code = "TRAIN"


class JobError(HealNetError, RuntimeError):
    """A background job that cannot start, run or be found."""

    default_code = "JOB"


class Cancelled(HealNetError):  # noqa: N818  (it is an answer to a wish, not a fault)
    """The user asked to stop."""

    default_code = "CANCELLED"


def printable(text: str) -> str:
    """Return a text in which control characters and bytes that are no text are spelled out."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def _rebuild(kind: type[HealNetError], notice: Notice) -> HealNetError:
    return kind(
        notice.what, code=notice.code, where=notice.where, why=notice.why, fix=notice.fix
    )


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."
