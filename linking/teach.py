"""Teaching by example pairs: which columns and which rule explain them."""

from collections.abc import Mapping

from bifrost.errors import InputError
from bifrost.links import LinkKind, LinkType
from bifrost.ports import LinkingData, TeachRequest
from linking.scoring import Adapted
from linking.workspace import Workspace

__all__ = ["explain_pairs"]


def explain_pairs(
    data: LinkingData, workspace: Workspace, request: TeachRequest, scorers: Mapping[LinkKind, Adapted]
) -> list[LinkType]:
    """Link types that explain the pairs, best first. Raises InputError when none does."""
    raise InputError("No column of these records explains the examples.")
