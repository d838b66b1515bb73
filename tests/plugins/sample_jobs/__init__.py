"""Jobs that do in a moment what real ones do in minutes: succeed, fail, decide, hang."""
