"""``report.pdf``: the report on paper, with the banner and the page number on every page."""

from collections.abc import Mapping
from typing import cast

from healnet.explain.charts import map_legend
from healnet.explain.pdf_charts import ChartDocument
from healnet.explain.pdf_document import HEIGHT, WIDTH, Number, latin, wrapped
from healnet.explain.prediction_files import PredictionFiles
from healnet.explain.report import survival_steps
from healnet.explain.report_facts import (
    LIMITS,
    SlidePictures,
    banner,
    estimate,
    feature_bars,
    headline,
    sentences,
    slide_pictures,
)
from healnet.explain.report_words import (
    SUBSETS,
    case_name,
    heading,
    origin,
    reference_chart,
    reference_words,
    risk_words,
    scope,
    spread_words,
)

_MARGIN, _BOTTOM, _TOP = 48.0, 60.0, HEIGHT - 70
_FULL = WIDTH - 2 * _MARGIN
_CHART_WIDTH, _TALLEST = 380.0, 300.0  # points; a tall slide must fit a page
_BOLD_WIDTH = 0.9 * _FULL  # the widths known are those of the lighter font
_RISES, _FALLS, _AMBER = (0.70, 0.35, 0.09), (0.13, 0.40, 0.67), (1.0, 0.96, 0.84)


def report_pdf(files: PredictionFiles) -> bytes:
    """Return the report as a PDF file."""
    report = _Report(files)
    report.write()
    return report.document.to_bytes()


class _Report:
    """Writes from top to bottom and begins a page where one is full."""

    def __init__(self, files: PredictionFiles) -> None:
        self.files = files
        self.name = case_name(files)
        self.document = ChartDocument(title=f"{self.name} - HEALNet report")
        self.y = 0.0
        self.is_escaped = False

    def write(self) -> None:
        """Write everything."""
        result = self.files.result
        self._begin_page()
        self._paragraph(heading(self.files), size=16, is_bold=True)
        self._paragraph(" ".join(f"{what}: {is_}." for what, is_ in origin(self.files)))
        if scope(self.files):
            self._paragraph(scope(self.files), is_bold=True)
        self._paragraph(headline(result, num_models=self.files.num_models), size=12)
        read = ", ".join(cast("list[str]", result["modalities_used"]))
        self._paragraph(
            f"Read by the model: {read}. The range is the spread between models, not a "
            "confidence interval."
        )
        self._paragraph(risk_words(self.files))
        self._warnings()
        self._curve()
        self._reference()
        self._subsets()
        for slide in slide_pictures(self.files):
            self._slide(slide)
        self._features()
        self._sources()

    def _begin_page(self) -> None:
        document = self.document
        document.new_page()
        document.rectangle(0, HEIGHT - 36, WIDTH, 36, colour=_AMBER)
        said = wrapped(latin(banner(self.files.result)), size=8, width=_BOLD_WIDTH)
        for place, line in enumerate(said[:2]):
            document.text(_MARGIN, HEIGHT - 15 - 12 * place, line, size=8, is_bold=True)
        number = f", page {document.num_pages}"
        name = wrapped(latin(self.name), size=8, width=_FULL - 60)[0]
        document.text(_MARGIN, 30, name + number, size=8)
        self.y = _TOP

    def _room(self, height: Number) -> None:
        if self.y - height < _BOTTOM:
            self._begin_page()

    def _paragraph(self, text: str, *, size: Number = 9, is_bold: bool = False) -> None:
        width = _BOLD_WIDTH if is_bold else _FULL
        for line in wrapped(self._plain(text), size=size, width=width):
            self._room(size * 1.4)
            self.y -= size * 1.4
            self.document.text(_MARGIN, self.y, line, size=size, is_bold=is_bold)
        self.y -= 4

    def _plain(self, text: str) -> str:
        plain = latin(text)
        self.is_escaped = self.is_escaped or plain != text
        return plain

    def _heading(self, text: str, *, room: Number = 60) -> None:
        self._room(room)
        self.y -= 10
        self._paragraph(text, size=12, is_bold=True)

    def _warnings(self) -> None:
        warnings = cast("list[dict[str, str]]", self.files.result["warnings"])
        if warnings:
            self._heading("Read this first")
        for one in warnings:
            self._paragraph(" ".join([*sentences(one), one["where"], f"[{one['code']}]"]))

    def _curve(self) -> None:
        points = cast("list[dict[str, float]]", self.files.result["survival"])
        self._heading("Predicted survival", room=190)
        left, low, wide, high = _MARGIN + 30, self.y - 140, _FULL - 60, 130.0
        horizon = points[-1]["time_months"]
        steps = [
            (left + wide * x / horizon, low + high * y)
            for x, y in survival_steps(points, name="survival")
        ]
        self.document.line([(left, low + high), (left, low), (left + wide, low)], width=0.5)
        self.document.line(steps, width=1.5)
        at = estimate(self.files.result)
        x, y = left + wide * at.time_months / horizon, low + high * at.survival
        self.document.rectangle(x - 3, y - 3, 6, 6, colour=_RISES)
        self.document.text(min(x + 6, left + wide - 130), y + 6, at.label, size=8)
        for share in (0, 50, 100):
            self.document.text(_MARGIN, low + high * share / 100 - 3, f"{share} %", size=8)
        self.document.text(left, low - 12, "0", size=8)
        self.document.text(left + wide - 60, low - 12, f"{horizon:.0f} months", size=8)
        self.y = low - 20
        self._curve_in_words(points)

    def _curve_in_words(self, points: list[dict[str, float]]) -> None:
        self._paragraph(
            "Steps: survival at the end of each time bin. Square: the estimate of the "
            "headline, with a constant hazard inside the bin.",
            size=8,
        )
        alive = (
            f"{point['time_months']:.1f} months: {100 * point['survival']:.0f} of 100 alive"
            for point in points
        )
        self._paragraph("; ".join(alive) + ".", size=8)

    def _reference(self) -> None:
        chart = reference_chart(self.files)
        if chart is None:
            return
        self._heading("Observed survival of the reference groups", room=330)
        self.y -= self.document.chart(chart, _MARGIN, self.y, width=_CHART_WIDTH)
        self._paragraph(reference_words(self.files), size=8)

    def _subsets(self) -> None:
        subsets = cast("list[dict[str, object]]", self.files.explanation["subsets"])
        if subsets:
            self._heading("Risk with some of the inputs only")
        for one in subsets:
            given = " + ".join(cast("list[str]", one["modalities"]))
            self._paragraph(
                f"{given}: percentile {one['risk_percentile']:.0f}, risk {one['risk']:.3f} "
                f"(models {one['low']:.3f} to {one['high']:.3f})"
            )
        if subsets:
            self._paragraph(SUBSETS, size=8)

    def _slide(self, slide: SlidePictures) -> None:
        column = (_FULL - 20) / 2
        share = slide.share_of(_TALLEST / column)
        width = column * share
        height = width * slide.attention.shape[0] / slide.attention.shape[1]
        self._heading(f"Slide {slide.name}", room=height + 150)
        self.y -= height
        left, right, under = _MARGIN, _MARGIN + column + 20, 0.0
        for x, pixels, legend in (
            (left, slide.attention, slide.attention_legend),
            (right, slide.attribution, slide.attribution_legend),
        ):
            self.document.picture(pixels, x, self.y, width=width)
            drawn = legend.svg(picture_width=share * map_legend.WIDTH)
            under = self.document.chart(drawn, x, self.y - 4, width=column)
        self.y -= under + 4
        self._paragraph(
            f"Left: where the model read from, darkest {slide.attention_top:.2f} x uniform, "
            f"{slide.patches} patches. {spread_words(slide.attention_share)} "
            f"Right: {slide.attribution_is}; orange raised it, blue lowered it, "
            f"strongest {slide.attribution_top:.2g} a patch."
        )

    def _features(self) -> None:
        bars = feature_bars(self.files.attributions)
        if bars:
            self._heading("What moved the risk")
        for bar in bars:
            self._room(13)
            self.y -= 13
            value = f" = {bar.value}" if bar.value else ""
            name = self._plain(f"{bar.modality} {bar.feature}{value}".strip())

            line = wrapped(name, size=8, width=260)[0]
            self.document.text(_MARGIN, self.y, line, size=8)
            self.document.text(_MARGIN + 270, self.y, f"{bar.attribution:+.4f}", size=8)
            colour = _RISES if bar.attribution > 0 else _FALLS
            length = max(150 * bar.share, 0.5)
            self.document.rectangle(_MARGIN + 330, self.y, length, 7, colour=colour)
        self.y -= 6

    def _sources(self) -> None:
        result = self.files.result
        model = cast("Mapping[str, str]", result["model"])
        inputs = cast("list[dict[str, str]]", result["inputs"])
        self._heading("What this was made from", room=110 + 16 * min(len(inputs), 20))
        self._paragraph(f"model {model['id']}: {model['sha256']}", size=8)
        for one in inputs:
            self._paragraph(f"{one['role']}: {one['sha256']}", size=8)
        for note in cast("list[str]", self.files.explanation["notes"]):
            self._paragraph(note, size=8)
        self._paragraph(LIMITS, size=8)
        if self.is_escaped:
            self._paragraph(
                "Characters that this file has no letters for are written as \\u and their "
                "Unicode number; the HTML report shows them.",
                size=8,
            )
