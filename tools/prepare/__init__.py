"""Making model directories; needs torch and the other conversion libraries, which the engine itself does not."""
