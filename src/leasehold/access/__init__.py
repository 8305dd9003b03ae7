"""Who is calling, and may they: one decision, with a reason."""
