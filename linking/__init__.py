"""What belongs together: profiles, candidates, models, decisions."""
