"""How right is it: the field's protocols."""
