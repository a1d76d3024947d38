"""The contenders: one module each, written as an experienced user would write it."""
