"""What a job says, to be shared: the things to mend first, and reports for people."""
