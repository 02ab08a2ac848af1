"""Outcomes to documents: what each report says, in which order, whoever reads it in which form."""
