"""The model folder: write, read, verify."""

from healnet.bundle.folder import read_bundle as read_bundle
from healnet.bundle.folder import write_bundle as write_bundle
from healnet.bundle.model_bundle import Member as Member
from healnet.bundle.model_bundle import ModelBundle as ModelBundle
from healnet.bundle.reference import Reference as Reference
