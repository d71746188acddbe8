"""HEALNet: multimodal survival modelling of slides, omics and clinical data.

Nothing is imported here on purpose: importing one part must not load all others.
"""
