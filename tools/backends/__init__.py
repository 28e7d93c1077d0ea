"""Machines that can run the kernel, one module each, and the choice among them."""
