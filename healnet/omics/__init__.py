"""Omic and clinical tables: reading, schemas and scaling."""
