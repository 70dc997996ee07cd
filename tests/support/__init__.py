"""What tests and benchmarks share: real parts started by their real commands, texts, jobs, and stand-ins."""
