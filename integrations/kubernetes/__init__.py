"""Kubernetes: manifests, and a writer of node labels."""
