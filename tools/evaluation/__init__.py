"""sentiq-evaluate: how good a model is on labelled texts, and a calibration fitted to them."""
