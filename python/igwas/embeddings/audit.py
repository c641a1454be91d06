"""The report card: whether an embedding is fit for a GWAS."""

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from igwas.context import Context, cpu_context
from igwas.embeddings import agreement, spread
from igwas.embeddings.audit_files import AuditFiles, SheetSource
from igwas.embeddings.audit_report import (
    AuditNumbers,
    AuditReport,
    ColourComparison,
    People,
    Spread,
)
from igwas.embeddings.bootstrap import BootstrapOptions
from igwas.embeddings.colour import colour_histogram
from igwas.embeddings.embeddings_file import Embeddings, read_embeddings
from igwas.embeddings.explained import Explained, Variable, explain
from igwas.embeddings.eye_pairs import EyePairs, pair_eyes
from igwas.embeddings.retrieval import (
    Retrieval,
    colour_matched_retrieval,
    compare_retrieval,
    left_right_retrieval,
)
from igwas.embeddings.variables import (
    match_images,
    number_variable,
    variables_of_images,
    variables_of_table,
)
from igwas.embeddings.verdict import judge
from igwas.errors import InputError, OptionError
from igwas.images.images_file import ImagesFile, read_images
from igwas.provenance import root_attributes
from igwas.schema import EMBEDDINGS

_log = logging.getLogger("igwas")
_HASH_DIGITS = 16
# People whose images are regressed; 40,000 images tell shares of .001 apart.
MOST_EXPLAINED_PEOPLE = 20_000
_HISTOGRAMS_AT_A_TIME = 64


@dataclass(frozen=True, kw_only=True)
class AuditOptions:
    """Options of `igwas-fast audit`; names and defaults are those of the command line.

    Parameters
    ----------
    max_people : int
        People whose eyes are compared; of more a sample is drawn.
    seed : int
        Of the sample, the bootstrap and the folds.
    bootstrap : int
        Draws of each interval.
    sheet_queries : int
        Rows of a neighbour sheet.
    overwrite : bool
        Replace files that exist.
    """

    max_people: int = 5000
    seed: int = 0
    bootstrap: int = 2000
    sheet_queries: int = 8
    overwrite: bool = False

    def __post_init__(self) -> None:
        for name in ("max_people", "bootstrap", "sheet_queries"):
            if getattr(self, name) < 1:
                raise OptionError(
                    f"--{name.replace('_', '-')} is {getattr(self, name)}; expected 1 or more. "
                    "Leave it out for the default."
                )


def run_audit(
    embeddings: Path | str,
    *,
    images: Path | str | None = None,
    metadata: Path | str | None = None,
    json_path: Path | str | None = None,
    figures: Path | str | None = None,
    options: AuditOptions | None = None,
    context: Context | None = None,
) -> AuditReport:
    """Measure an embedding and judge it.

    Parameters
    ----------
    embeddings : Path
        embeddings.h5.
    images : Path, optional
        The images.h5 that was embedded: for colour, camera and neighbour sheets.
    metadata : Path, optional
        Table with image_id or participant_id: further columns that may explain dimensions.
    json_path : Path, optional
        Where to write the numbers.
    figures : Path, optional
        Folder for the figures, made if it is not there.
    options : AuditOptions, optional
    context : Context, optional
        Threads of the linear algebra.

    Returns
    -------
    AuditReport

    Raises
    ------
    InputError
        If a file cannot be used, or two do not belong together.
    OutputError
        If a file to be written exists.
    OptionError
        If the context asks for a device: this runs on the CPU.
    """
    options, context = options or AuditOptions(), cpu_context(context, "the audit")
    inputs = {"embeddings": Path(embeddings)}
    inputs |= {"images": Path(images)} if images is not None else {}
    inputs |= {"metadata": Path(metadata)} if metadata is not None else {}
    files = AuditFiles(json_path, figures, overwrite=options.overwrite)
    files.check(inputs, has_images=images is not None)
    with threadpool_limits(context.n_threads):
        audit = _Audit(read_embeddings(embeddings), options)
        if metadata is not None:
            audit.variables += variables_of_table(Path(metadata), audit.embeddings)
        if images is None:
            report = audit.report(inputs)
            return files.write(report)
        with read_images(images) as opened:
            audit.use_images(opened)
            report = audit.report(inputs)
            return files.write(report, audit.sheets(opened))


class _Audit:
    """The measurements, in the order in which they need each other."""

    def __init__(self, embeddings: Embeddings, options: AuditOptions) -> None:
        self.embeddings = embeddings
        self.options = options
        self.is_usable = np.asarray(np.isfinite(embeddings.vectors).all(axis=1), dtype=bool)
        if not self.is_usable.any():
            raise InputError(
                f"{embeddings.path}: none of {len(self.is_usable):,} images has a finite vector; "
                "expected some. Embed the images again."
            )
        both = pair_eyes(embeddings.columns, self.is_usable)
        unseen, self._n_trained_on = _without_trained(both, embeddings.training_participants)
        self.pairs = unseen.sample(options.max_people, options.seed)
        self._n_with_both_eyes, self._n_unseen = len(both), len(unseen)
        self.left = embeddings.vectors[self.pairs.left].astype(np.float64)
        self.right = embeddings.vectors[self.pairs.right].astype(np.float64)
        self._bootstrap = BootstrapOptions(n_draws=options.bootstrap, seed=options.seed)
        self.retrieval: Retrieval | None = None
        if len(self.pairs):
            self.retrieval = left_right_retrieval(self.left, self.right, bootstrap=self._bootstrap)
        self.colour: ColourComparison | None = None
        self.image_rows: npt.NDArray[np.int64] | None = None
        self.variables: list[Variable] = []
        if np.isfinite(embeddings.columns.quality).any():
            self.variables.append(number_variable("quality", embeddings.columns.quality))

    def use_images(self, images: ImagesFile) -> None:
        """Add what needs the photographs or their measures."""
        rows = self.image_rows = match_images(self.embeddings, images)
        self.variables += variables_of_images(images, rows)
        if self.retrieval is None:
            return
        left, right = (
            _histograms(images, rows[side]) for side in (self.pairs.left, self.pairs.right)
        )
        histogram = left_right_retrieval(left, right, bootstrap=self._bootstrap)
        self.colour = ColourComparison(
            histogram,
            compare_retrieval(self.retrieval, histogram, bootstrap=self._bootstrap),
            colour_matched_retrieval(self.left, self.right, left, right, bootstrap=self._bootstrap),
        )

    def report(self, inputs: dict[str, Path]) -> AuditReport:
        """Everything that is left, and the verdict."""
        numbers = self._numbers()
        provenance = root_attributes(EMBEDDINGS, inputs=inputs, options=vars(self.options))
        provenance = {key: provenance[key] for key in ("igwas_version", "command", "created",
                                                       "inputs", "options")}  # fmt: skip
        for name in ("model_digest", "weights_digest"):
            provenance[name] = str(self.embeddings.attributes.get(name, ""))
        return AuditReport(numbers, judge(numbers), provenance)

    def _numbers(self) -> AuditNumbers:
        embeddings = self.embeddings
        ratings = np.stack([self.left, self.right], axis=1)
        return AuditNumbers(
            path=embeddings.path,
            dimension_names=embeddings.dimension_names,
            people=People(
                n_images=len(embeddings.columns),
                n_participants=len(set(embeddings.columns.participant_id)),
                n_without_vector=int((~self.is_usable).sum()),
                n_with_both_eyes=self._n_with_both_eyes,
                n_trained_on=self._n_trained_on,
                n_compared=len(self.pairs),
                n_same_visit=int(self.pairs.is_same_visit.sum()),
                is_sampled=len(self.pairs) < self._n_unseen,
            ),
            retrieval=self.retrieval,
            colour=self.colour,
            one_way=agreement.one_way(ratings),
            absolute=agreement.absolute_agreement(ratings),
            spread=self._spread(),
            explained=tuple(self._explained()),
        )

    def _spread(self) -> Spread:
        of_covariance = spread.covariance(self.embeddings.vectors[self.is_usable])
        shares = spread.spectrum(of_covariance)
        dead = spread.dead_dimensions(of_covariance)
        return Spread(
            spread.effective_rank(shares), shares,
            tuple(self.embeddings.dimension_names[at] for at in dead),
            spread.uniformity(self.left), spread.alignment(self.left, self.right),
        )  # fmt: skip

    def _explained(self) -> list[Explained]:
        used = self.is_usable & self._is_drawn()
        vectors = self.embeddings.vectors[used]
        people = list(self.embeddings.columns.participant_id[used])
        return [
            explain(
                vectors, people, Variable(one.name, one.design[used], one.kind),
                seed=self.options.seed,
            )
            for one in self.variables
        ]  # fmt: skip

    def _is_drawn(self) -> npt.NDArray[np.bool_]:
        """Images of the people that regressions are made on: float64 copies of all would not do."""
        people, owner = np.unique(
            self.embeddings.columns.participant_id.astype(str), return_inverse=True
        )
        if len(people) <= MOST_EXPLAINED_PEOPLE:
            return np.ones(len(owner), dtype=bool)
        rng = np.random.default_rng(self.options.seed)
        is_drawn = np.zeros(len(people), dtype=bool)
        is_drawn[rng.choice(len(people), MOST_EXPLAINED_PEOPLE, replace=False)] = True
        return np.asarray(is_drawn[owner])

    def sheets(self, images: ImagesFile) -> SheetSource | None:
        """What the neighbour sheets are drawn from; None if nobody is compared."""
        if self.retrieval is None or len(self.pairs) < 2 or self.image_rows is None:
            return None
        pairs = np.concatenate([self.pairs.left, self.pairs.right])
        return SheetSource(
            images, self.image_rows[pairs], self.embeddings.columns.image_id[pairs],
            self.left, self.right, self.retrieval.ranks, self.options.sheet_queries,
            self.options.seed,
        )  # fmt: skip


def _without_trained(
    pairs: EyePairs, trained_on: frozenset[str] | None
) -> tuple[EyePairs, int | None]:
    """People the encoder has not seen, and how many it has; None where the file does not say."""
    if trained_on is None:
        return pairs, None
    seen = {p for p in pairs.participant_id if hashed_participant(p) in trained_on}
    return pairs.without(seen), len(seen)


def hashed_participant(participant_id: str) -> str:
    """How an encoder names a person it was trained on: 16 hex digits of the SHA-256 of the id."""
    return hashlib.sha256(participant_id.encode()).hexdigest()[:_HASH_DIGITS]


def _histograms(images: ImagesFile, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Colour histograms, read in slabs so that the photographs are never all in memory."""
    found = []
    for start in range(0, len(rows), _HISTOGRAMS_AT_A_TIME):
        slab = rows[start : start + _HISTOGRAMS_AT_A_TIME]
        found.append(colour_histogram(np.concatenate([images.read(r, r + 1) for r in slab])))
    return np.concatenate(found)
