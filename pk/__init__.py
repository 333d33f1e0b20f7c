"""Cellular kinetics: pure functions of arrays and frames, no Dash, no database."""
