"""What the chapters import: the contract of a ladder, adapters, proofs, data, runs, receipts, figures."""
