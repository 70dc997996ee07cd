"""How good answers are: metrics with intervals, calibration, comparison of models, and reports of them."""
