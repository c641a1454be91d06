"""What an embedding run is asked for, and what it says it did."""

from dataclasses import dataclass
from pathlib import Path

from igwas.embeddings.test_time_views import check_views
from igwas.errors import OptionError
from igwas.images.grades import GRADES
from igwas.wording import counted


@dataclass(frozen=True, kw_only=True)
class EmbedOptions:
    """Options of `igwas-fast embed`; names and defaults are those of the command line.

    Parameters
    ----------
    batch_size : int, optional
        Photographs at a time; measured where it is not given.
    test_time : tuple of str
        Views whose vectors are averaged: `flip`, `rotate`.
    min_grade : str
        Photographs of a lower grade are left out: `keep`, `usable` or `reject`.
    fp16 : bool
        Half precision, if it gives the same vectors for photographs of the run.
    resume, overwrite : bool
        Go on with an interrupted run; replace the output.
    """

    batch_size: int | None = None
    test_time: tuple[str, ...] = ()
    min_grade: str = "usable"
    fp16: bool = False
    resume: bool = False
    overwrite: bool = False

    @property
    def precision(self) -> str:
        """What the encoder computes in."""
        return "float16" if self.fp16 else "float32"

    def __post_init__(self) -> None:
        check_views(self.test_time)
        if self.batch_size is not None and self.batch_size < 1:
            raise OptionError(
                f"--batch-size is {self.batch_size}; expected 1 or more. Leave it out to have it "
                "measured."
            )
        if self.min_grade not in GRADES:
            raise OptionError(
                f"--min-grade is {self.min_grade!r}; expected one of {', '.join(GRADES)}. "
                "Choose one."
            )


@dataclass(frozen=True)
class EmbedSummary:
    """What an embedding run did.

    Parameters
    ----------
    output : Path
    n_images, n_dimensions, n_participants : int
    n_left_out : int
        Photographs below the grade asked for.
    n_resumed : int
        Photographs that an interrupted run had described.
    provider, reason : str
        What ran, in ONNX Runtime's words, and why if it was not asked for by name.
    batch_size : int
    seconds : float
        From the first batch to the last.
    notes : tuple of str
        What became of photographs that were made into images first.
    """

    output: Path
    n_images: int
    n_dimensions: int
    n_participants: int
    n_left_out: int
    n_resumed: int
    provider: str
    reason: str
    batch_size: int
    seconds: float
    notes: tuple[str, ...] = ()

    def describe(self) -> list[str]:
        """Lines for the screen."""
        lines = [f"ran on {self.provider}" + (f", {self.reason}" if self.reason else "")]
        lines += self.notes
        if self.n_left_out:
            lines.append(f"{_photographs(self.n_left_out)} left out: below --min-grade")
        n_run = self.n_images - self.n_resumed
        if self.n_resumed:
            were = "was" if self.n_resumed == 1 else "were"
            lines.append(f"{_photographs(self.n_resumed)} {were} done before: resumed")
        if n_run:
            rate = n_run / max(self.seconds, 1e-9)
            lines.append(f"{rate:,.1f} photographs a second, {self.batch_size} at a time")
        lines.append(
            f"{self.output}: {_photographs(self.n_images)} of "
            f"{counted(self.n_participants, 'participant', 'participants')} x "
            f"{counted(self.n_dimensions, 'dimension', 'dimensions')}"
        )
        return lines


def _photographs(n: int) -> str:
    return counted(n, "photograph", "photographs")
