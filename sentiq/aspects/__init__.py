"""What of a text speaks of which aspect, and how that is judged. Plain Python, which any process can import.

- `sets`: aspects with their words, checked; as canonical JSON. `files`: as YAML, and the sets that come along.
- `mentions`: the clauses of a text that speak of an aspect. `clauses`: where a text is cut.
- `judging`: the probabilities of an aspect, from those of its clauses and of the whole text.
"""
