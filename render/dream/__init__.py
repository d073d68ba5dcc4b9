"""A picture → its dream. Knows no film."""
