"""The programs that are measured, ours first."""

from igwas.benchmark.engines.bolt import Bolt
from igwas.benchmark.engines.engine import Engine, Job
from igwas.benchmark.engines.ours import (
    Assoc,
    AssocDrop,
    AssocDropFull,
    AssocFull,
    AssocText,
)
from igwas.benchmark.engines.plink2 import Plink2Exact, Plink2Residualize
from igwas.benchmark.engines.regenie import Regenie
from igwas.benchmark.engines.scripts import NumpyScript, NumpyScriptWithoutP, TorchScript
from igwas.benchmark.engines.tensorqtl import TensorQtl

__all__ = ["ENGINES", "ENGINE_NAMES", "Assoc", "AssocText", "Engine", "Job"]

ENGINES: tuple[type[Engine], ...] = (
    Assoc,
    AssocFull,
    AssocDrop,
    AssocDropFull,
    NumpyScript,
    NumpyScriptWithoutP,
    TorchScript,
    Plink2Exact,
    Plink2Residualize,
    Regenie,
    TensorQtl,
    Bolt,
)
ENGINE_NAMES = tuple(engine.name for engine in ENGINES)
