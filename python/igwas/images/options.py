"""How photographs are made into images.h5."""

from dataclasses import dataclass
from pathlib import Path

from igwas.errors import OptionError
from igwas.images.crop import check_size
from igwas.images.fundus import DEFAULT_SIZE_PX
from igwas.images.views import check_views


@dataclass(frozen=True, kw_only=True)
class ImagesOptions:
    """Options of `process_photographs`.

    Parameters
    ----------
    size_px : int
        Side of a crop, pixels.
    views : tuple of str
        Further views to store: `green`, `vessels`.
    vessel_network : Path, optional
        Segmentation network (.onnx) that draws `vessels` instead of the ridge filter; see
        `VesselNetwork`.
    resume : bool
        Go on with an interrupted run.
    overwrite : bool
        Replace the output.

    Raises
    ------
    OptionError
        If the size is out of range, a view is not known, or there is a network but no view of it.
    """

    size_px: int = DEFAULT_SIZE_PX
    views: tuple[str, ...] = ()
    vessel_network: Path | None = None
    resume: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        check_size(self.size_px)
        check_views(self.views)
        if self.vessel_network is not None and "vessels" not in self.views:
            raise OptionError(
                f"--vessel-network is {self.vessel_network} but --views has no vessels, which it "
                "would draw; expected --views vessels. Add it, or leave the network out."
            )
