"""What a model takes: which encoder's features at which scale, and which table columns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from healnet.encoders.protocol import EncoderCard
from healnet.exceptions import ConfigError
from healnet.omics.table_schema import TableSchema

SLIDE = "slide"


@dataclass(frozen=True, kw_only=True)
class SlideSpec:
    """How the slides of the training patients were encoded.

    Attributes:
        encoder: Card of the encoder.
        mpp: Micrometres per pixel of a patch as the encoder saw it.
        patch_px: Side of a patch as the encoder saw it, pixels.
    """

    encoder: EncoderCard
    mpp: float
    patch_px: int

    def __post_init__(self) -> None:
        """Refuse sizes that are not positive."""
        if not self.mpp > 0 or self.patch_px < 1:
            raise ConfigError(
                f"slide input needs positive mpp and patch_px: {self.mpp}, {self.patch_px}"
            )

    @property
    def patch_um(self) -> float:
        """Side of a patch, micrometres."""
        return self.mpp * self.patch_px

    def to_dict(self) -> dict[str, object]:
        """Return the fields as JSON values."""
        return {
            "encoder": self.encoder.to_dict(),
            "mpp": self.mpp,
            "patch_px": self.patch_px,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> "SlideSpec":
        """Return the spec that :meth:`to_dict` wrote."""
        if set(values) != {"encoder", "mpp", "patch_px"}:
            raise ConfigError("a slide input needs encoder, mpp and patch_px, no more")
        return cls(
            encoder=EncoderCard.from_dict(cast("Mapping[str, object]", values["encoder"])),
            mpp=float(cast("float", values["mpp"])),
            patch_px=int(cast("int", values["patch_px"])),
        )


@dataclass(frozen=True, kw_only=True)
class InputSpec:
    """The modalities of a model, in the order it reads them: the slide, then the tables.

    Attributes:
        slide: None for a model without slides.
        tables: Schema by modality.
    """

    slide: SlideSpec | None = None
    tables: Mapping[str, TableSchema] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a model without input, and names that do not fit."""
        if not self.modalities:
            raise ConfigError("a model needs at least one modality")
        for name, schema in self.tables.items():
            if name == SLIDE or name != schema.modality:
                raise ConfigError(
                    f"the table schema of {schema.modality!r} stands under {name!r}"
                )

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of the modalities."""
        return (() if self.slide is None else (SLIDE,)) + tuple(self.tables)

    def to_dict(self) -> dict[str, object]:
        """Return the spec as JSON values."""
        return {
            "slide": None if self.slide is None else self.slide.to_dict(),
            "tables": [schema.to_dict() for schema in self.tables.values()],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> "InputSpec":
        """Return the spec that :meth:`to_dict` wrote."""
        if set(values) != {"slide", "tables"}:
            raise ConfigError("model inputs need slide and tables, no more")
        slide = cast("Mapping[str, object] | None", values["slide"])
        stored = cast("list[Mapping[str, object]]", values["tables"])
        schemas = [TableSchema.from_dict(schema) for schema in stored]
        return cls(
            slide=None if slide is None else SlideSpec.from_dict(slide),
            tables={schema.modality: schema for schema in schemas},
        )
