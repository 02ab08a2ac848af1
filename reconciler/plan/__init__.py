"""The reviewed commitment: change sets, hazards, the plan file and its identity."""
