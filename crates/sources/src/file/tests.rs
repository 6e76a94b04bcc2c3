//! Bad input, and good input in all its forms.
