"""From a graph of operations to numbers: registers, kernels, threads over blocks of stock-days."""
