"""The job store, which is the truth: jobs, chunks, results, lanes, and the Lua scripts that change them."""
