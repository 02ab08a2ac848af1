"""Reports for a terminal or a log: plain lines, with colour only where the caller asks for it."""
