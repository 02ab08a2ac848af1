"""The command line: parse, call one flow, print one report, exit with a named code."""
