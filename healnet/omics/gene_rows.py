"""Telling a table that lies on its side, before any of its genes is taken for a patient."""

from collections.abc import Sequence

from healnet.omics.name_match import ENSEMBL
from healnet.omics.text_rows import genes_in_rows, shown

# Genes that nearly every table of genes has one of, and no patient is called after.
_WELL_KNOWN = frozenset({
    "ACTB", "ARID1A", "B2M", "BRAF", "BRCA1", "BRCA2", "CA9", "CCND1", "CD274", "CD8A",
    "CDKN2A", "CTNNB1", "EGFR", "ERBB2", "ESR1", "GAPDH", "HRAS", "IDH1", "KEAP1", "KIT",
    "KMT2D", "KRAS", "MDM2", "MKI67", "MYC", "NFE2L2", "NRAS", "PBRM1", "PDCD1", "PIK3CA",
    "PTEN", "RB1", "SMAD4", "STK11", "TERT", "TOP2A", "TP53", "VEGFA", "VHL",
})  # fmt: skip
_FEW = 2  # a single id may be an accident


def refuse_gene_rows(ids: Sequence[str], columns: Sequence[str], name: str) -> None:
    """Refuse a table whose rows are named like genes and whose columns are not.

    Args:
        ids: What stands in the column of the patient ids.
        columns: Names of the other columns.
        name: File name.

    Raises:
        TableError: ``TABLE-TRANSPOSED``.
    """
    genes = [one for one in ids if _is_gene(one)]
    if len(genes) < _FEW or any(map(_is_gene, columns)):
        return
    listed = ", ".join(map(shown, genes[:3]))
    raise genes_in_rows(f"the patient ids are names such as {listed}", name)


def _is_gene(name: str) -> bool:
    return name in _WELL_KNOWN or ENSEMBL.fullmatch(name) is not None
