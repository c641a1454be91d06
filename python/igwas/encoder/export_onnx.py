"""Checkpoints to one encoder.onnx, written only if ONNX Runtime agrees with torch."""

import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from igwas._version import __version__
from igwas.context import Context, cpu_context
from igwas.encoder.checkpoint import Checkpoint, digest_of, find_checkpoint, read_checkpoint
from igwas.encoder.describer import Describer, OneNetwork
from igwas.encoder.export_options import VIEWS, ExportOptions, ExportSummary
from igwas.encoder.extras import require
from igwas.encoder.onnx_graph import BATCH, compare, make_durable, write_graph
from igwas.encoder.principal_axes import Moments
from igwas.encoder.torch_device import torch_resources
from igwas.encoder.training_images import (
    TrainingImages,
    hashed_participants,
    read_slabs,
    read_training_images,
)
from igwas.errors import IgwasError, InputError, OptionError
from igwas.provenance import file_digest
from igwas.sole_writer import (
    refuse_existing,
    refuse_inputs,
    refuse_special,
    require_folder,
    sole_writer,
)
from igwas.whole_file import whole_file

_log = logging.getLogger("igwas")
Progress = Callable[[int, int], None]

FORMAT = "igwas encoder"
# Largest difference between ONNX Runtime and torch, as a share of the mean length of an embedding:
# float32 rounding through ten to fifty layers is a tenth of it.
TOLERANCE = 1e-5


def export_encoder(
    sources: Sequence[Path | str],
    output: Path | str,
    *,
    images: Path | str | None = None,
    options: ExportOptions | None = None,
    overwrite: bool = False,
    context: Context | None = None,
    progress: Progress | None = None,
) -> ExportSummary:
    """Export one network, or several side by side, as one ONNX file.

    The graph takes bytes as images.h5 stores them, uint8 (batch, height, width, 3), and gives
    float32 (batch, dimension). It holds resizing, mask, normalisation, test-time views and the
    principal axes, which are fitted on training images. Each network's description has unit length
    before they are joined.

    Parameters
    ----------
    sources : sequence of Path or str
        Folders of runs, or checkpoints; several make an ensemble.
    output : Path or str
    images : Path or str, optional
        images.h5 of the training; by default where it was then.
    options : ExportOptions, optional
    overwrite : bool
    context : Context, optional
        Threads.
    progress : callable(done, total), optional
        Over the training images.

    Returns
    -------
    ExportSummary

    Raises
    ------
    InputError
        If a checkpoint cannot be read, they are not of the same images and people, or the images
        are not those of the training.
    IgwasError
        If ONNX Runtime does not agree with torch; nothing is written then.
    OutputError
        If the output exists or cannot be written.
    OptionError
        If the context asks for a device: this runs on the CPU.
    """
    output, options = Path(output), options or ExportOptions()
    context = cpu_context(context, "the export of an encoder")
    if not sources:
        raise OptionError("no checkpoint is given; expected at least one. Give a run's folder.")
    for name in ("onnx", "onnxscript", "onnxruntime"):
        require(name)
    found = [find_checkpoint(Path(source), options.which + ".pt") for source in sources]
    checkpoints = [read_checkpoint(path) for path in found]
    _check_same(found, checkpoints)
    images_path = Path(images) if images is not None else Path(checkpoints[0].images_path)
    inputs = {f"network {index}": path for index, path in enumerate(found, 1)}
    refuse_special(output)
    require_folder(output)
    refuse_inputs(output, inputs | {"images": images_path})
    refuse_existing(output, overwrite=overwrite)
    stored = _images_of(images_path, checkpoints[0])
    with sole_writer(output), torch_resources(context):
        return _export(checkpoints, stored, output, options, progress)


def _export(
    checkpoints: list[Checkpoint],
    stored: TrainingImages,
    output: Path,
    options: ExportOptions,
    progress: Progress | None,
) -> ExportSummary:
    describer = Describer(
        [OneNetwork(checkpoint, VIEWS[options.n_views]) for checkpoint in checkpoints]
    ).eval()
    share = 1.0
    if options.dimensions:
        share = _fit_axes(describer, stored, checkpoints[0], options, progress)
    example = _spread(stored.rows, options.n_verified)
    with whole_file(output, can_resume=False) as partial:
        metadata = _metadata(checkpoints, describer, stored, options)
        write_graph(describer, stored.size_px, partial, metadata)
        difference, scale = compare(describer, stored.path, example, partial)
        allowed = TOLERANCE * scale
        if not difference <= allowed:
            raise IgwasError(
                f"ONNX Runtime and torch differ by {difference:.2g} on {len(example)} images; "
                f"expected at most {allowed:.2g}. {output} was not written: report this, with the "
                "versions that igwas-fast doctor prints."
            )
        make_durable(partial)
    names = json.loads(metadata["igwas_dimension_names"])
    return ExportSummary(
        output=output,
        description=metadata["igwas_description"],
        n_dimensions=len(names),
        variance_share=share,
        max_difference=difference,
        allowed=allowed,
        n_verified=len(example),
        weights_digest=metadata["igwas_weights_digest"],
        size_bytes=output.stat().st_size,
    )


def _check_same(paths: list[Path], checkpoints: list[Checkpoint]) -> None:
    """Refuse to join networks that saw other images, or others' test people."""
    first = checkpoints[0]
    for path, other in zip(paths[1:], checkpoints[1:], strict=True):
        if other.images_digest != first.images_digest:
            raise InputError(
                f"{path} was trained on other images than {paths[0]}; expected the same file. "
                "Train the networks of an ensemble on one images.h5."
            )
        if other.training_digest != first.training_digest:
            raise InputError(
                f"{path} was trained on other people or images than {paths[0]}; expected the same "
                "split and grades. Train the networks of an ensemble on one split."
            )


def _images_of(path: Path, checkpoint: Checkpoint) -> TrainingImages:
    if not path.exists():
        raise InputError(
            f"{path}, which the checkpoint was trained on, is not there; expected it, to compare "
            "ONNX Runtime with torch on real images. Give its place with --images."
        )
    if file_digest(path) != checkpoint.images_digest:
        raise InputError(
            f"{path} is not the file that the checkpoint was trained on (its digest differs); "
            "expected that file. Give it with --images."
        )
    return read_training_images(path, checkpoint.options.grades)


def _spread(rows: npt.NDArray[np.int64], n_most: int) -> npt.NDArray[np.int64]:
    """At most `n_most` rows, evenly over all of them."""
    if len(rows) <= n_most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, n_most).astype(np.int64)]


@torch.no_grad()
def _fit_axes(
    describer: Describer,
    stored: TrainingImages,
    checkpoint: Checkpoint,
    options: ExportOptions,
    progress: Progress | None,
) -> float:
    """Fit principal axes on the people for training, and store them in the graph."""
    positions = stored.of_people(frozenset(checkpoint.people["train"]))
    rows = _spread(stored.rows[positions], options.n_fitted)
    moments: Moments | None = None
    for start, slab in read_slabs(stored.path, rows, BATCH):
        joined = describer.join(torch.from_numpy(slab)).numpy()
        moments = moments or Moments(joined.shape[1])
        moments.add(joined)
        if progress is not None:
            progress(start + len(slab), len(rows))
    assert moments is not None
    found = moments.axes(options.dimensions, whiten=options.whiten)
    if found.axes.shape[1] < options.dimensions:
        _log.warning(
            "%d dimensions, not %d: the networks and %s training images give no more",
            found.axes.shape[1],
            options.dimensions,
            f"{len(rows):,}",
        )
    describer.set_axes(torch.from_numpy(found.centre).float(), torch.from_numpy(found.axes).float())
    return found.variance_share


def _metadata(
    checkpoints: list[Checkpoint],
    describer: Describer,
    stored: TrainingImages,
    options: ExportOptions,
) -> dict[str, str]:
    first = checkpoints[0]
    people = frozenset(first.people["train"]) | frozenset(first.people["validation"])
    size_px = stored.size_px
    with torch.no_grad():
        n_dimensions = describer(torch.zeros(1, size_px, size_px, 3, dtype=torch.uint8)).shape[1]
    return {
        "igwas_format": FORMAT,
        "igwas_version": __version__,
        "igwas_preprocessing_version": first.preprocessing_version,
        "igwas_image_size_px": str(size_px),
        "igwas_weights_digest": digest_of(describer.state_dict()),
        "igwas_training_digest": first.training_digest,
        "igwas_training_participants": json.dumps(hashed_participants(people)),
        "igwas_dimension_names": json.dumps([f"dim_{i:03d}" for i in range(n_dimensions)]),
        "igwas_description": describe_networks(checkpoints, options.n_views),
    }


def describe_networks(checkpoints: Sequence[Checkpoint], n_views: int) -> str:
    """One line: number and kind of networks, objective, views."""
    kinds = dict.fromkeys(
        f"{one.options.backbone} {one.options.objective} ({one.options.positives})"
        + (" standardised" if one.options.standardise else "")
        for one in checkpoints
    )
    count = f"{len(checkpoints)} networks: " if len(checkpoints) > 1 else ""
    views = "1 view" if n_views == 1 else f"mean of {n_views} views"
    return f"{count}{', '.join(kinds)}, {views}"
