"""Autoscale: how many children a worker has, and how many workers a host has, as the load asks for."""
