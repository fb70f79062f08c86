"""Distances between sets of feature vectors [n, F]: Fréchet, and precision, recall, density, coverage."""

import torch

NEIGHBOURS = 5

Moments = tuple[torch.Tensor, torch.Tensor]  # mean [F] and covariance [F, F], float64


def frechet(first_nF: torch.Tensor, second_mF: torch.Tensor) -> float:
    """Between the normal distributions with these means and covariances (Heusel et al., 2017), in float64."""
    return distance(moments(first_nF), moments(second_mF))


def moments(x_nF: torch.Tensor) -> Moments:
    """The covariance is divided by n - 1."""
    x_nF = x_nF.double()
    return x_nF.mean(0), torch.cov(x_nF.T)


def distance(first: Moments, second: Moments) -> float:
    """Between the normal distributions."""
    (mean1, cov1), (mean2, cov2) = first, second
    value, vector = torch.linalg.eigh(cov1)
    root = (vector * value.clamp_min(0).sqrt()) @ vector.T
    cross = torch.linalg.eigvalsh(root @ cov2 @ root).clamp_min(0).sqrt().sum()
    return ((mean1 - mean2).square().sum() + cov1.trace() + cov2.trace() - 2 * cross).clamp_min(0).item()


def radii(x_nF: torch.Tensor, k: int) -> torch.Tensor:
    """[n]: how far each vector's k-th nearest other one is."""
    return torch.cdist(x_nF, x_nF).kthvalue(k + 1, dim=1).values


def manifold(real_nF: torch.Tensor, made_mF: torch.Tensor, k: int = NEIGHBOURS) -> dict[str, float]:
    """Precision and recall (Kynkaanniemi et al., 2019), density and coverage (Naeem et al., 2020)."""
    distance_nm = torch.cdist(real_nF, made_mF)
    in_real_nm = distance_nm < radii(real_nF, k)[:, None]
    in_made_nm = distance_nm < radii(made_mF, k)[None, :]
    return {
        "precision": in_real_nm.any(0).float().mean().item(),
        "recall": in_made_nm.any(1).float().mean().item(),
        "density": in_real_nm.float().sum().item() / (k * len(made_mF)),
        "coverage": in_real_nm.any(1).float().mean().item(),
    }
