"""Cases and cohorts: what one patient has, and how patients become batches."""
