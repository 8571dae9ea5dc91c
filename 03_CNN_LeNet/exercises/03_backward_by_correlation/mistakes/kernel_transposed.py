"""The kernel's rows and columns have changed places. The transposed matrix of the linear layer is the matrix that
takes all pixels to all outputs, and its transpose is not the transpose of the little k x k kernel."""

CHANGES = [("[:, :, ::-1, ::-1]", ".swapaxes(2, 3)")]
