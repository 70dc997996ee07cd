"""Looks at all that a host of the service depends on, and says what to change: `sentiq-doctor`."""
