"""Work shared by many processes: each part of the journal has a lane, and so has each part of the hits."""
