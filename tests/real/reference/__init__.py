"""An independent model of `headwater sync`: nothing here calls or reads Headwater."""
