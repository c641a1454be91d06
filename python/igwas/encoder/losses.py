"""Contrastive objectives, by their papers; the written-out loops are in tests/reference.

All are in float32, whatever the network computes in: a temperature of 0.2 makes exponents that
half precision does not resolve.
"""

import torch
from torch import Tensor
from torch.nn import functional

_CCA_RIDGE = 1e-3  # of the mean variance


def nt_xent(projections: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """Normalised temperature-scaled cross-entropy; rows of the same label are positives.

    With two rows a label it is SimCLR's loss. With more, each row's loss is the mean over its
    positives, each against all other rows (Khosla et al., eq. 2).

    Parameters
    ----------
    projections : float (rows, dimension)
    labels : int (rows,)
        Each label at least twice.
    temperature : float

    Returns
    -------
    float32 ()

    References
    ----------
    Chen et al. 2020, ICML (SimCLR), eq. 1; Khosla et al. 2020, NeurIPS, eq. 2.
    """
    unit = functional.normalize(projections.float(), dim=1)
    similarity = unit @ unit.T / temperature
    itself = torch.eye(len(unit), dtype=torch.bool, device=unit.device)
    similarity = similarity.masked_fill(itself, -torch.inf)
    log_share = similarity - torch.logsumexp(similarity, 1, keepdim=True)
    positive = (labels[:, None] == labels) & ~itself
    # Not a product with `positive`: -inf on the diagonal times 0 would be NaN.
    return -(log_share.masked_fill(~positive, 0).sum(1) / positive.sum(1)).mean()


def cosface(
    projections: Tensor, class_weights: Tensor, labels: Tensor, *, margin: float, scale: float
) -> Tensor:
    """Large-margin cosine loss: the true class must win by `margin` in cosine.

    Parameters
    ----------
    projections : float (rows, dimension)
    class_weights : float (classes, dimension)
        One direction a person.
    labels : int64 (rows,)
    margin, scale : float

    Returns
    -------
    float32 ()

    References
    ----------
    Wang et al. 2018, CVPR (CosFace), eq. 4.
    """
    cosine = (
        functional.normalize(projections.float(), dim=1)
        @ functional.normalize(class_weights.float(), dim=1).T
    )
    target = functional.one_hot(labels, len(class_weights))
    return functional.cross_entropy(scale * (cosine - margin * target), labels)


def vicreg(first: Tensor, second: Tensor) -> Tensor:
    """Variance, invariance and covariance, weighted 25, 25 and 1.

    Follows the paper's algorithm 1: the variance term is the sum of both views' (the authors' code
    halves it).

    Parameters
    ----------
    first, second : float (pairs, dimension)

    Returns
    -------
    float32 ()

    References
    ----------
    Bardes, Ponce & LeCun 2022, ICLR (VICReg), algorithm 1.
    """
    first, second = first.float(), second.float()
    invariance = functional.mse_loss(first, second)
    variance = torch.zeros((), device=first.device)
    covariance = torch.zeros((), device=first.device)
    for view in (first, second):
        centred = view - view.mean(0)
        variance = variance + functional.relu(1 - (view.var(0) + 1e-4).sqrt()).mean()
        products = centred.T @ centred / (len(view) - 1)
        off_diagonal = products.square().sum() - products.diagonal().square().sum()
        covariance = covariance + off_diagonal / view.shape[1]
    return 25 * invariance + 25 * variance + covariance


def barlow_twins(first: Tensor, second: Tensor, redundancy_weight: float = 5e-3) -> Tensor:
    """Cross-correlation of two views, pushed towards the identity.

    Parameters
    ----------
    first, second : float (pairs, dimension)
    redundancy_weight : float
        Lambda of the paper: weight of the off-diagonal.

    Returns
    -------
    float32 ()

    References
    ----------
    Zbontar et al. 2021, ICML (Barlow Twins), eq. 1 and 2.
    """
    units = [
        functional.normalize(view.float() - view.float().mean(0), dim=0) for view in (first, second)
    ]
    correlation = units[0].T @ units[1]
    diagonal = correlation.diagonal()
    off_diagonal = correlation.square().sum() - diagonal.square().sum()
    return (1 - diagonal).square().sum() + redundancy_weight * off_diagonal


def cca(first: Tensor, second: Tensor) -> Tensor:
    """Dimensions less the sum of the canonical correlations of both views, one map for both.

    With the covariance S of both views together and the cross-covariance C, made symmetric, the
    correlations are the eigenvalues of S^-1 C. Each counts alike, however little of the variance
    its direction has: what is faint but shared is learnt beside what is strong. S gets a thousandth
    of its mean diagonal added, so that a collapsed batch has gradients.

    Parameters
    ----------
    first, second : float (pairs, dimension)
        More pairs than dimensions.

    Returns
    -------
    float32 ()
        0 if every dimension is shared, `dimension` if none is.

    References
    ----------
    Andrew et al. 2013, ICML (Deep CCA); here with one network and one map for both views.
    """
    first, second = (view.float() - view.float().mean(0) for view in (first, second))
    covariance = (first.T @ first + second.T @ second) / (2 * len(first))
    crossed = first.T @ second / len(first)
    crossed = (crossed + crossed.T) / 2
    dimension = first.shape[1]
    floor = _CCA_RIDGE * covariance.diagonal().mean() + 1e-8
    ridge = floor * torch.eye(dimension, device=first.device)
    # Without a check: of numbers that are not finite the loss is NaN, which the training reports.
    root = torch.linalg.cholesky_ex(covariance + ridge).L
    half = torch.linalg.solve_triangular(root, crossed, upper=False)
    whitened = torch.linalg.solve_triangular(root, half.T, upper=False)
    return dimension - whitened.diagonal().sum()
