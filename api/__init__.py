"""The thin HTTP side: takes texts in, hands work to the lanes, shows jobs and results. No model library in here."""
