"""The command line: demo, encode, train, evaluate, predict, export, doctor."""

from healnet.cli.entry import main as main
