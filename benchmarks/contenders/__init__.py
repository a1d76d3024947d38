"""The contenders: one module each, as a competent user of the library writes it."""
