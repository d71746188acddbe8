"""Omic and clinical tables: reading, schemas and scaling."""

from healnet.omics.feature_spec import FeatureSpec as FeatureSpec
from healnet.omics.name_match import MatchReport as MatchReport
from healnet.omics.porpoise import PorpoiseTables as PorpoiseTables
from healnet.omics.porpoise import read_porpoise as read_porpoise
from healnet.omics.porpoise import split_modalities as split_modalities
from healnet.omics.table_bytes import TableLimits as TableLimits
from healnet.omics.table_schema import EncodedRow as EncodedRow
from healnet.omics.table_schema import TableSchema as TableSchema
from healnet.omics.wide_table import LoadedTable as LoadedTable
from healnet.omics.wide_table import load_table as load_table
from healnet.omics.wide_table import read_table as read_table
