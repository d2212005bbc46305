"""Ready-made readers: fields of identity documents and receipts, and the dates, amounts and addresses of any text."""
