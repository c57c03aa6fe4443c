"""Internal coordinates: those asked for, or those usual for a molecule."""
