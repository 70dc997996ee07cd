"""Where each address of the API is answered: requests are translated, and answers written."""
