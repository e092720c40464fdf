"""The driver of NVIDIA GPUs, as it is asked."""
