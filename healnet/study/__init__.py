"""The built-in study: synthetic patients whose truth is known."""

from healnet.study.assets import rebuild_assets as rebuild_assets
from healnet.study.build import Study as Study
from healnet.study.build import build_study as build_study
from healnet.study.build import oracle_concordance as oracle_concordance
