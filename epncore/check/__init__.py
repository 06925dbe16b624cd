"""Asks a TAP service whether its EPN-TAP tables keep the standard, and tells what does not and what to do."""
