"""The workbench: pages are in `pages/`, the science in `healnet/`."""
