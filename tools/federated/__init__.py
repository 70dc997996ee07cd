"""The server of a federated tuning: averages what several sites have learned from texts that stay with them."""
