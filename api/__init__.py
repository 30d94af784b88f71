"""How Bifrost is served and run; the only wiring."""
